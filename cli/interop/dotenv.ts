import { CofferError } from '../../shared/errors.js'

// .env files, read strictly: what two dotenv readers would read differently is refused, never guessed at.
//   NAME=plain            as it stands, up to the end of the line or ` #`; blanks around it don't count
//   NAME='as it stands'   nothing is an escape; may span lines
//   NAME="with escapes"   \n \r \t \\ \" \$ and no others; may span lines
// ${NAME} and $(command), which some readers expand, are refused outside single quotes; a bare $ is a dollar sign.
// `export ` may stand before a name, `#` begins a comment at the start of a line or after a blank.

export type Assignment = { readonly name: string; readonly value: string }

type Reader = { readonly text: string; at: number; line: number; readonly rooted: boolean }

const ESCAPES: { readonly [char: string]: string } = {
  n: '\n',
  r: '\r',
  t: '\t',
  '\\': '\\',
  '"': '"',
  $: '$',
}

/**
 * The assignments of a .env file, in order. CRLF counts as LF between assignments and within quotes.
 * @param rooted whether a name may begin with `/`
 * @throws CofferError `format` with the line's number (never its text), the reason naming the mistake
 */
export function parseDotenv(text: string, rooted = false): Assignment[] {
  const normal = text.startsWith('\ufeff') ? text.slice(1) : text
  const reader: Reader = { text: normal.replaceAll('\r\n', '\n'), at: 0, line: 1, rooted }
  const found: Assignment[] = []
  const seen = new Map<string, number>()
  while (skipToAssignment(reader)) {
    const { line } = reader
    const name = readName(reader)
    const before = seen.get(name)
    if (before !== undefined)
      throw mistake(line, 'duplicate', `is set again (first in line ${before})`)
    seen.set(name, line)
    found.push({ name, value: readValue(reader) })
  }
  return found
}

function mistake(line: number, reason: string, what: string): CofferError {
  return new CofferError('format', `line ${line}: ${what}`, { reason })
}

function peek(reader: Reader): string {
  return reader.text.charAt(reader.at)
}

function take(reader: Reader): string {
  const char = reader.text.charAt(reader.at++)
  if (char === '\n') reader.line++
  return char
}

function skipBlanks(reader: Reader): void {
  while (peek(reader) === ' ' || peek(reader) === '\t') reader.at++
}

/** Goes to the next assignment over blank lines and comments; false at the end. */
function skipToAssignment(reader: Reader): boolean {
  for (;;) {
    skipBlanks(reader)
    if (peek(reader) === '#') skipLine(reader)
    if (reader.at >= reader.text.length) return false
    if (peek(reader) !== '\n') return true
    take(reader)
  }
}

function skipLine(reader: Reader): void {
  while (reader.at < reader.text.length && peek(reader) !== '\n') reader.at++
}

function readName(reader: Reader): string {
  const rest = reader.text.slice(reader.at, reader.at + 300)
  const [whole, name] = /^(?:export[ \t]+)?(\/?[A-Za-z_][A-Za-z0-9_.\-/]*)[ \t]*=/.exec(rest) ?? []
  if (whole === undefined || name === undefined || (name.startsWith('/') && !reader.rooted)) {
    throw mistake(reader.line, 'no-assignment', 'is no NAME=value')
  }
  reader.at += whole.length
  return name
}

function readValue(reader: Reader): string {
  skipBlanks(reader)
  const quote = peek(reader)
  if (quote === "'" || quote === '"') {
    const value = quote === "'" ? readSingle(reader) : readDouble(reader)
    endOfLine(reader)
    return value
  }
  if (quote === '`')
    throw mistake(reader.line, 'quote', "has a quote of the kind that isn't common to readers")
  return readPlain(reader)
}

/** After a closing quote only blanks and a comment may follow. */
function endOfLine(reader: Reader): void {
  const { at } = reader
  skipBlanks(reader)
  const apart = reader.at > at
  if (peek(reader) === '#' && apart) skipLine(reader)
  if (reader.at < reader.text.length && take(reader) !== '\n') {
    throw mistake(reader.line, 'after-quote', 'goes on after the closing quote')
  }
}

function readSingle(reader: Reader): string {
  const { line } = reader
  take(reader)
  let value = ''
  while (reader.at < reader.text.length) {
    const char = take(reader)
    if (char === "'") return value
    value += char
  }
  throw mistake(line, 'unclosed', 'opens a quote that nothing closes')
}

function readDouble(reader: Reader): string {
  const { line } = reader
  take(reader)
  let value = ''
  while (reader.at < reader.text.length) {
    const char = take(reader)
    if (char === '"') return value
    if (char === '$' && /[{(]/.test(peek(reader))) throw expansion(reader.line)
    value += char === '\\' ? readEscape(reader) : char
  }
  throw mistake(line, 'unclosed', 'opens a quote that nothing closes')
}

function readEscape(reader: Reader): string {
  const { line } = reader
  const escaped = ESCAPES[take(reader)]
  if (escaped !== undefined) return escaped
  throw mistake(line, 'escape', 'has a backslash before a character that needs none')
}

function expansion(line: number): CofferError {
  return mistake(line, 'expansion', 'has a $ that some readers expand: write \\$ or single quotes')
}

function readPlain(reader: Reader): string {
  const start = reader.at
  const { line } = reader
  skipLine(reader)
  const whole = reader.text.slice(start, reader.at)
  const comment = /(^|[ \t])#/.exec(whole)
  const value = (comment === null ? whole : whole.slice(0, comment.index)).trim()
  if (/\$[{(]/.test(value)) throw expansion(line)
  if (value.includes('\r')) throw mistake(line, 'control', 'has a bare carriage return')
  take(reader)
  return value
}

/**
 * The assignments as a .env file that its readers read alike: Node's, dotenv, python-dotenv, godotenv, Compose's, Ruby's and
 * a shell. They share no escapes, so a value stands as it is, in single quotes, or in double ones where it has a single one.
 * @throws CofferError `format` for a name that is no name of .env (`no-assignment`), a NUL (`control`), or a value that
 * some reader would read as another (`not-in-format`), by name
 */
export function writeDotenv(assignments: readonly Assignment[]): string {
  return assignments.map(({ name, value }) => `${checkName(name)}=${quote(name, value)}\n`).join('')
}

function checkName(name: string): string {
  if (/^[A-Za-z_][A-Za-z0-9_.\-/]*$/.test(name)) return name
  throw new CofferError('format', 'a .env file cannot hold this name', { reason: 'no-assignment' })
}

function quote(name: string, value: string): string {
  if (value.includes('\0')) {
    throw new CofferError('format', `a .env file cannot hold the NUL in ${name}`, {
      reason: 'control',
    })
  }
  if (/^[A-Za-z0-9_./:@%+,=-]+$/.test(value)) return value
  const quoted = value.includes("'") ? double(value) : single(value)
  // dotenv passes over a line whose name has a slash, and would read those that follow as assignments.
  const apart = name.includes('/') && value.includes('\n')
  if (quoted !== undefined && !apart) return quoted
  throw new CofferError('format', `readers of .env files differ on the value of ${name}`, {
    reason: 'not-in-format',
    next: 'leave it out, or use --format json',
  })
}

/** Nothing is an escape there but, for some, a backslash before another or a quote; python-dotenv expands `${NAME}`. */
function single(value: string): string | undefined {
  return /\r|\\\\|\\$|\$\{/.test(value) ? undefined : `'${value}'`
}

function double(value: string): string | undefined {
  return /[\r"\\$`]/.test(value) ? undefined : `"${value}"`
}
