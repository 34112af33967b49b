import { Composer, Lexer, Parser } from 'yaml'
import type { CST, Document } from 'yaml'

// Loaded by `import()` when there is a file to read. The package itself is CommonJS: bundled, an `import()` of it would
// find no name but `default`.

/** Of what is being built at once: a level is at most two. */
const STACK = 32

/**
 * The documents of a text of plain YAML, none for an empty one; errors stand in them.
 * @returns undefined when it nests deeper than anything that coffer reads. That is seen before it is read: the reader
 * recurses, and a regular expression compiled at the end of the stack ends the process.
 */
export function parseDocuments(text: string): Document[] | undefined {
  const parser = new Parser()
  const tokens: CST.Token[] = []
  for (const lexeme of new Lexer().lex(text)) {
    for (const token of parser.next(lexeme)) tokens.push(token)
    if (parser.stack.length > STACK) return undefined
  }
  for (const token of parser.end()) tokens.push(token)
  const composer = new Composer({
    schema: 'core',
    uniqueKeys: true,
    merge: false,
    logLevel: 'silent',
    prettyErrors: false,
  })
  return [...composer.compose(tokens, true, text.length)]
}
