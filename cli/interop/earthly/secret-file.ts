import { Buffer } from 'node:buffer'
import { displayText } from '../../../shared/display.js'
import { CofferError } from '../../../shared/errors.js'
import type { Named } from '../named.js'

// Earthly's `.secret`, as godotenv 1.5.1 reads it back byte for byte. Its reader's rules that decide here:
//   a name of other characters fails the whole file; CR LF becomes LF everywhere; a quote ends where no backslash stands
//   before it, and all quotes at both its ends are cut; in double quotes \n, \r and a backslash before any other
//   character are escapes, and `$NAME` is expanded unless a backslash stands before it.
// So a value is in double quotes; where it ends with a quote or a backslash, another form may hold it, or none.

/** The first line of a file that coffer wrote. */
export const MARK = '# written by coffer earthly secret-file'

/** Whether coffer wrote the file. */
export function isOwnFile(content: Uint8Array): boolean {
  return Buffer.from(content.subarray(0, MARK.length)).toString('latin1') === MARK
}

/** Why a secret can't stand in the file; undefined when it can. */
export function problemOf({ name, bytes }: Named): string | undefined {
  if (!/^[A-Za-z0-9_.]+$/.test(name)) {
    return 'its name holds more than letters, digits, _ and ., which would make Earthly refuse the whole file'
  }
  return valueOf(bytes) === undefined
    ? 'it ends with a quote or backslash in a way that no quoting there can say'
    : undefined
}

/**
 * The file of these secrets, names sorted.
 * @throws CofferError `format` (reason `secret-file`) by name, for one that the file can't hold
 */
export function writeSecretFile(secrets: readonly Named[]): Buffer {
  const lines = secrets.map((secret) => {
    const problem = problemOf(secret)
    if (problem !== undefined) throw refuse(secret.name, problem)
    return `${secret.name}=${valueOf(secret.bytes) ?? ''}\n`
  })
  return Buffer.from(`${MARK}\n${lines.toSorted().join('')}`, 'latin1')
}

/** A value as it stands behind `=`, a character for each byte; undefined where no form gives it back. */
function valueOf(bytes: Buffer): string | undefined {
  const value = bytes.toString('latin1')
  if (!/["\\]$/.test(value)) return doubleQuoted(value)
  if (value.endsWith('"')) return /['\r]|---\n/.test(value) ? undefined : `'${value}'`
  // Unquoted: as it stands, to the end of the line.
  return /^[\w./:@%+,=\\~^*!?&|;<>()[\]{}-]+$/.test(value) ? value : undefined
}

function doubleQuoted(value: string): string {
  const escaped = value.replace(/[\\"$\r\n]/g, (char) =>
    char === '\r' ? '\\r' : char === '\n' ? '\\n' : `\\${char}`,
  )
  return `"${escaped}"`
}

function refuse(name: string, problem: string): CofferError {
  return new CofferError('format', `a .secret can't hold ${displayText(name)}: ${problem}`, {
    reason: 'secret-file',
    next: 'leave it out, as coffer earthly secret-file --skip does; coffer earthly provider gives it',
  })
}
