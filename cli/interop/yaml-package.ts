import { Composer, Lexer, LineCounter, Parser } from 'yaml'
import type { CST, Document, DocumentOptions, ParseOptions, SchemaOptions } from 'yaml'

// Loaded by `import()` when there is a file to read. The package itself is CommonJS: bundled, an `import()` of it would
// find no name but `default`.

type Options = DocumentOptions & ParseOptions & SchemaOptions

/**
 * The documents of a text; errors stand in them.
 * @returns undefined when it nests deeper than `depth`. That is seen before it is read: the reader recurses, and a regular
 * expression compiled at the end of the stack ends the process.
 */
export function parseDocuments(
  text: string,
  options: Options,
  depth: number,
  lines: LineCounter = new LineCounter(),
): Document.Parsed[] | undefined {
  const parser = new Parser(lines.addNewLine)
  const tokens: CST.Token[] = []
  lines.addNewLine(0)
  for (const lexeme of new Lexer().lex(text)) {
    for (const token of parser.next(lexeme)) tokens.push(token)
    // A level is at most two of what is being built.
    if (parser.stack.length > 2 * depth) return undefined
  }
  for (const token of parser.end()) tokens.push(token)
  const composer = new Composer({
    merge: false,
    logLevel: 'silent',
    prettyErrors: false,
    ...options,
  })
  return [...composer.compose(tokens, false, text.length)]
}
