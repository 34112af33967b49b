// A command's text as words: quotes and backslashes as a shell reads them, `$(…)` within one word.

/** The words of a logical line's text. Never throws: a quote that isn't closed ends with the text. */
export function wordsOf(text: string): string[] {
  const words: string[] = []
  let word: string | undefined
  for (const piece of piecesOf(text)) {
    if (!/^\s$/.test(piece)) {
      word = (word ?? '') + pieceValue(piece)
      continue
    }
    if (word !== undefined) words.push(word)
    word = undefined
  }
  if (word !== undefined) words.push(word)
  return words
}

/** The text cut into quoted and substituted parts, escapes, and single characters. */
export function* piecesOf(text: string): Generator<string> {
  for (let at = 0; at < text.length;) {
    const end = pieceEnd(text, at)
    yield text.slice(at, end)
    at = end
  }
}

function pieceEnd(text: string, at: number): number {
  const char = text.charAt(at)
  if (char === '\\') return Math.min(at + 2, text.length)
  if (char === "'") return closing(text.indexOf("'", at + 1), text)
  if (char === '"') return closing(closingQuote(text, at + 1), text)
  if (text.startsWith('$(', at)) return closing(closingParenthesis(text, at + 1), text)
  return at + 1
}

function closing(index: number, text: string): number {
  return index < 0 ? text.length : index + 1
}

function closingQuote(text: string, from: number): number {
  for (let at = from; at < text.length; at++) {
    if (text[at] === '\\') at++
    else if (text[at] === '"') return at
  }
  return -1
}

function closingParenthesis(text: string, from: number): number {
  let depth = 0
  for (let at = from; at < text.length; at++) {
    if (text[at] === '(') depth++
    if (text[at] === ')' && --depth === 0) return at
  }
  return -1
}

function pieceValue(part: string): string {
  if (part.startsWith('\\')) return part.slice(1)
  if (part.startsWith("'")) return part.replace(/^'([^']*)'?$/, '$1')
  if (!part.startsWith('"')) return part
  return part
    .replace(/^"/, '')
    .replace(/"$/, '')
    .replace(/\\(["\\])/g, '$1')
}

/** One flag of a command, or none: `--name`, `--name=value`. */
export type Flag = { readonly name: string; readonly value: string | undefined }

/**
 * The flags at a command's beginning, and the words behind them.
 * @param takes the flags that take the next word as their value where they have none of their own
 */
export function splitFlags(
  words: readonly string[],
  takes: ReadonlySet<string>,
): { readonly flags: readonly Flag[]; readonly rest: readonly string[] } {
  const flags: Flag[] = []
  let at = 0
  for (; at < words.length; at++) {
    const [, name, , value] = /^--([a-z][a-z-]*)(=([^]*))?$/.exec(words[at] ?? '') ?? []
    if (name === undefined) break
    if (value !== undefined || !takes.has(name)) flags.push({ name, value })
    else flags.push({ name, value: words[++at] ?? '' })
  }
  return { flags, rest: words.slice(words[at] === '--' ? at + 1 : at) }
}
