import type { Buffer } from 'node:buffer'
import { fromUtf8 } from '../../shared/bytes.js'
import { displayText } from '../../shared/display.js'
import { CofferError } from '../../shared/errors.js'

/** A name as a file of another program shall have it, and the very bytes. */
export type Named = { readonly name: string; readonly bytes: Buffer }

/** The value as text. @throws CofferError `format` (reason `not-text`) by name, for bytes that are no UTF-8 */
export function textOf({ name, bytes }: Named): string {
  const text = fromUtf8(bytes)
  if (text !== undefined) return text
  throw new CofferError('format', `the value of ${displayText(name)} is not UTF-8 text`, {
    reason: 'not-text',
    next: 'leave it out, or read it with coffer get -n',
  })
}
