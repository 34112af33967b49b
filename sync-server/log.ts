import { systemCode } from '../shared/system-error.js'

export type Level = 'debug' | 'info' | 'warn' | 'error'

/** Fields of a log line. Ids go in as `shortId` only; names, addresses, keys and bodies never. */
export type Fields = Readonly<Record<string, string | number | boolean | undefined>>

export type Log = (level: Level, event: string, fields?: Fields) => void

const ORDER: readonly Level[] = ['debug', 'info', 'warn', 'error']

/** Longest text that goes into a field. */
const MAX_TEXT = 300

/**
 * A log of JSON objects, one a line: `time`, `level`, `event`, then the fields.
 * @param write takes a whole line
 * @param least lines below this level are left out
 * @param now milliseconds since 1970
 */
export function jsonLog(write: (line: string) => void, least: Level, now: () => number): Log {
  return (level, event, fields = {}) => {
    if (ORDER.indexOf(level) < ORDER.indexOf(least)) return
    const shown = Object.entries(fields).map(([name, value]) => [
      name,
      typeof value === 'string' ? value.slice(0, MAX_TEXT) : value,
    ])
    const time = new Date(now()).toISOString()
    // JSON escapes control characters: no terminal is steered by what a peer sent.
    write(`${JSON.stringify({ time, level, event, ...Object.fromEntries(shown) })}\n`)
  }
}

/** The start of an id, which is a hash: enough to find lines that belong together. */
export function shortId(id: string): string {
  return id.slice(0, 8)
}

/** What a log may say of an error: its name, code and first line; never its bytes. */
export function errorFields(error: unknown): Fields {
  if (!(error instanceof Error)) return { error: typeof error }
  const code = systemCode(error)
  const reason = 'reason' in error && typeof error.reason === 'string' ? error.reason : undefined
  const [line] = error.message.split('\n')
  const cause = error.cause instanceof Error ? error.cause.message.split('\n')[0] : undefined
  return { error: error.name, code, reason, message: line, cause }
}
