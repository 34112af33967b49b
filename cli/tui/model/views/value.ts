import { fromBase64 } from '../../../../shared/base64.js'
import { fromUtf8 } from '../../../../shared/bytes.js'

/** Dots of one width for every value: the length of a secret is nobody's business. */
export const MASK = '••••••••••••'

/** A value as text, or undefined for bytes that are none. */
export function textOf(value: string): string | undefined {
  const bytes = fromBase64(value)
  return bytes === undefined ? undefined : fromUtf8(bytes)
}

/** Text of a value to be looked at: a tab is one sign wide, so that the cursor's place stays the same. */
export function tabsShown(text: string): string {
  return text.replaceAll('\t', '⇥')
}

/** A value to be looked at: text with its tabs as signs, bytes as their number. */
export function shownValue(value: string): string {
  const text = textOf(value)
  if (text !== undefined) return tabsShown(text)
  return `${fromBase64(value)?.length ?? 0} bytes, no text`
}
