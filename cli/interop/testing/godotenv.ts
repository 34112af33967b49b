// godotenv 1.5.1's reader, written anew from its rules.

const SPACE = '\t\v\f\r \u0085\u00a0'
const WHITE = `${SPACE}\n`

/** What it reads from a text, or from bytes as latin1 characters. @throws Error where it does */
export function godotenv(file: string): Map<string, string> {
  const found = new Map<string, string>()
  let rest = file.replaceAll('\r\n', '\n')
  for (;;) {
    rest = statementStart(rest)
    if (rest === '') return found
    const [name, behind] = keyName(rest)
    const [value, left] = varValue(behind, found)
    found.set(name, value)
    rest = left
  }
}

function statementStart(text: string): string {
  let at = 0
  for (;;) {
    while (at < text.length && WHITE.includes(text[at] ?? '')) at++
    if (text[at] !== '#') return text.slice(at)
    while (at < text.length && text[at] !== '\n') at++
  }
}

function keyName(text: string): [string, string] {
  let from = text
  if (/^export[\t\v\f\r \u0085\u00a0]/.test(text)) from = trimLeft(text.slice('export'.length))
  for (let at = 0; at < from.length; at++) {
    const char = from[at] ?? ''
    if (SPACE.includes(char)) continue
    if (char === '=' || char === ':') {
      // Go's unicode.IsSpace: U+0085 is one, which JavaScript's \s doesn't know.
      const name = from.slice(0, at).replace(/[\s\u0085]+$/, '')
      return [name, trimLeft(from.slice(at + 1))]
    }
    if (char !== '_' && char !== '.' && !/[\p{L}\p{N}]/u.test(char))
      throw new Error(`name: ${char}`)
  }
  return ['', trimLeft(from)]
}

function trimLeft(text: string): string {
  let at = 0
  while (at < text.length && SPACE.includes(text[at] ?? '')) at++
  return text.slice(at)
}

function varValue(text: string, all: ReadonlyMap<string, string>): [string, string] {
  const quote = text[0]
  if (quote !== '"' && quote !== "'") return unquoted(text, all)
  for (let at = 1; at < text.length; at++) {
    if (text[at] !== quote || text[at - 1] === '\\') continue
    let inner = text.slice(0, at)
    while (inner.endsWith(quote)) inner = inner.slice(0, -1)
    while (inner.startsWith(quote)) inner = inner.slice(1)
    return [quote === '"' ? expand(escapes(inner), all) : inner, text.slice(at + 1)]
  }
  throw new Error('unterminated')
}

function unquoted(text: string, all: ReadonlyMap<string, string>): [string, string] {
  const end = /[\n\r]/.exec(text)?.index ?? text.length
  const line = text.slice(0, end)
  let cut = line.length
  for (let at = line.length - 1; at > 0; at--) {
    if (line[at] !== '#' || !SPACE.includes(line[at - 1] ?? '')) continue
    cut = at
    break
  }
  const value = trimLeft(line.slice(0, cut)).replace(/[\t\v\f\r \u0085\u00a0]+$/, '')
  return [expand(value, all), text.slice(end)]
}

function escapes(text: string): string {
  const once = text.replace(/\\([^\n])/g, (whole, char: string) =>
    char === 'n' ? '\n' : char === 'r' ? '\r' : whole,
  )
  return once.replace(/\\([^$])/g, '$1')
}

function expand(text: string, all: ReadonlyMap<string, string>): string {
  return text.replace(
    /(\\)?(\$)(\()?\{?([A-Z0-9_]+)?\}?/g,
    (whole: string, escaped: string | undefined, _sign, _open, name: string | undefined) => {
      if (escaped !== undefined) return whole.slice(1)
      return name === undefined ? whole : (all.get(name) ?? '')
    },
  )
}
