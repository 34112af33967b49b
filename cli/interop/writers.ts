import type { Buffer } from 'node:buffer'
import { fromUtf8 } from '../../shared/bytes.js'
import { displayText } from '../../shared/display.js'
import { CofferError } from '../../shared/errors.js'
import { writeDotenv } from './dotenv.js'

// Files that other programs read secrets from. A format that can't hold a name or a value refuses it by name; none is
// ever written so that its reader would read something else.

/** A name as the file shall have it, and the very bytes. */
export type Named = { readonly name: string; readonly bytes: Buffer }
type Writer = (secrets: readonly Named[]) => string

export const WRITERS = {
  dotenv: (secrets) => writeDotenv(secrets.map((one) => ({ name: one.name, value: textOf(one) }))),
  json: (secrets) =>
    `${JSON.stringify(Object.fromEntries(secrets.map(jsonEntry)), undefined, 2)}\n`,
} as const satisfies { readonly [format: string]: Writer }

export type ExportFormat = keyof typeof WRITERS

/** The value as text. @throws CofferError `format` (reason `not-text`) by name, for bytes that are no UTF-8 */
export function textOf({ name, bytes }: Named): string {
  const text = fromUtf8(bytes)
  if (text !== undefined) return text
  throw new CofferError('format', `the value of ${displayText(name)} is not UTF-8 text`, {
    reason: 'not-text',
    next: 'leave it out, or read it with coffer get -n',
  })
}

/** As `import` reads it: a text, or the bytes of what is none. */
function jsonEntry({ name, bytes }: Named): [string, string | { base64: string }] {
  return [name, fromUtf8(bytes) ?? { base64: bytes.toString('base64') }]
}
