import { CofferError } from '../../../shared/errors.js'

// Earthly's `.secret` as builds have read it: by godotenv 1.5.1's rules. Refused is what these rules would lose without a
// word: `$NAME` of a name that the file doesn't set (in `$2a$10$…`, say), quotes that they cut off a value's ends, what
// follows a closing quote in its line.

type Assignment = { readonly name: string; readonly value: string }
type Reader = { readonly text: string; at: number; readonly found: Map<string, string> }

/** What its reader takes for a blank within a line. */
const BLANK = '[\\t\\v\\f\\r \\u0085\\u00a0]'
const IS_BLANK = new RegExp(BLANK)
const STATEMENT = new RegExp(
  `(?:export${BLANK}+|(?!export${BLANK}))([A-Za-z0-9_.]+)${BLANK}*[=:]${BLANK}*`,
  'y',
)

/**
 * The assignments of a `.secret`, in order.
 * @throws CofferError `format` with the line's number (never its text), the reason naming the mistake
 */
export function parseSecretFile(text: string): Assignment[] {
  const reader: Reader = { text: text.replaceAll('\r\n', '\n'), at: 0, found: new Map() }
  while (skipToStatement(reader)) {
    STATEMENT.lastIndex = reader.at
    const [whole, name] = STATEMENT.exec(reader.text) ?? []
    if (whole === undefined || name === undefined) {
      throw mistake(reader, 'no-assignment', 'is no NAME=value that Earthly would read', NAMES_ONLY)
    }
    if (reader.found.has(name)) throw mistake(reader, 'duplicate', 'sets a name again')
    reader.at += whole.length
    reader.found.set(name, readValue(reader))
  }
  return Array.from(reader.found, ([name, value]) => ({ name, value }))
}

const NAMES_ONLY =
  'names there hold letters, digits, _ and .; a list of names, as earthly secret ls printed it, holds no values'

function mistake(
  { text, at }: Pick<Reader, 'text' | 'at'>,
  reason: string,
  what: string,
  next = 'correct it; nothing was stored',
): CofferError {
  const line = text.slice(0, at).split('\n').length
  return new CofferError('format', `line ${line}: ${what}`, { reason, next })
}

/** Goes over blanks, line ends and comments; false at the end. */
function skipToStatement(reader: Reader): boolean {
  if (reader.at === 0 && reader.text.startsWith('\ufeff')) {
    // A blank to people, a part of the first name there.
    throw mistake(reader, 'byte-order-mark', 'begins with a byte order mark')
  }
  const gap = /\p{White_Space}*(#[^\n]*)?/uy
  for (let comment: string | undefined = '#'; comment !== undefined;) {
    gap.lastIndex = reader.at
    const [whole = '', found] = gap.exec(reader.text) ?? []
    reader.at += whole.length
    comment = found
  }
  return reader.at < reader.text.length
}

function readValue(reader: Reader): string {
  const quote = reader.text.charAt(reader.at)
  return quote === '"' || quote === "'" ? readQuoted(reader, quote) : readPlain(reader)
}

function readPlain(reader: Reader): string {
  const { text, at } = reader
  const end = text.indexOf('\n', at)
  const line = text.slice(at, end === -1 ? text.length : end)
  if (line.includes('\r')) throw mistake(reader, 'control', 'has a bare carriage return')
  // Where several could begin a comment it is the last: what stands before it is in doubt.
  const [comment, ...more] = Array.from(line.matchAll(new RegExp(`${BLANK}#`, 'g')))
  if (more.length > 0) throw mistake(reader, 'comment', 'has two places where a comment may begin')
  const value = line.slice(0, comment?.index ?? line.length)
  const expanded = expand(reader, withoutEnd(value))
  reader.at = at + line.length
  return expanded
}

/** Without the blanks at its end; those before it are passed over. By hand: a regular expression tries at each of many. */
function withoutEnd(text: string): string {
  let end = text.length
  while (end > 0 && IS_BLANK.test(text.charAt(end - 1))) end--
  return text.slice(0, end)
}

function readQuoted(reader: Reader, quote: string): string {
  const { text, at } = reader
  let end = text.indexOf(quote, at + 1)
  while (end !== -1 && text.charAt(end - 1) === '\\') end = text.indexOf(quote, end + 1)
  if (end === -1) throw mistake(reader, 'unclosed', 'opens a quote that nothing closes')
  const inner = text.slice(at + 1, end)
  if (inner.startsWith(quote) || inner.endsWith(quote)) {
    throw mistake(reader, 'quote', 'has a quote at an end of its value, which Earthly cuts off')
  }
  const value = quote === '"' ? expand(reader, unescape(inner)) : inner
  const rest = new RegExp(`${BLANK}*(?:#[^\\n]*)?(?:\\n|$)`, 'y')
  rest.lastIndex = end + 1
  const behind = rest.exec(text)?.[0]
  if (behind === undefined) {
    throw mistake(reader, 'after-quote', 'goes on after the closing quote')
  }
  reader.at = end + 1 + behind.length
  return value
}

/** In double quotes: first \n and \r, then a backslash before anything but `$` goes. */
function unescape(text: string): string {
  const ends = text.replace(/\\([^\n])/gu, (whole, char: string) =>
    char === 'n' ? '\n' : char === 'r' ? '\r' : whole,
  )
  return ends.replace(/\\([^$])/gu, '$1')
}

function expand(reader: Reader, text: string): string {
  return text.replace(
    /(\\)?\$\(?\{?([A-Z0-9_]+)?\}?/g,
    (whole: string, escaped: string | undefined, name: string | undefined) => {
      if (escaped !== undefined) return whole.slice(1)
      if (name === undefined) return whole
      const value = reader.found.get(name)
      if (value !== undefined) return value
      const next = 'write \\$ in double quotes, or the value in single quotes'
      throw mistake(reader, 'expansion', 'has a $ with a name that the file sets nowhere', next)
    },
  )
}
