import { Buffer } from 'node:buffer'

// In which shapes a value turns up in what programs print and files hold. Pure.

/** Shorter values are met by chance in everything. */
export const SHORTEST = 8

/** How a value is written there; `line`: one of its lines. */
export type FormName = 'value' | 'line' | 'base64' | 'base64url' | 'hex' | 'url' | 'json'
export type Form = { readonly form: FormName; readonly bytes: Buffer }

/**
 * The value and what common encodings make of it, each once; none for a value of fewer than 8 bytes. Base64 stands
 * there three times: a value within something longer begins at one of three places in a group of characters. Characters
 * that its neighbours have a part in are left out.
 */
export function formsOf(value: Uint8Array): Form[] {
  const bytes = Buffer.from(value.buffer, value.byteOffset, value.length)
  if (!isTelling(bytes)) return []
  const forms: Form[] = [{ form: 'value', bytes }]
  for (const shift of [0, 1, 2]) {
    const text = alignedBase64(bytes, shift)
    forms.push(ascii('base64', text))
    forms.push(ascii('base64url', text.replaceAll('+', '-').replaceAll('/', '_')))
  }
  const hex = bytes.toString('hex')
  forms.push(ascii('hex', hex), ascii('hex', hex.toUpperCase()), ...textForms(bytes))
  const seen = new Set<string>()
  return forms.filter((one) => {
    const key = one.bytes.toString('latin1')
    return isTelling(one.bytes) && !seen.has(key) && seen.add(key)
  })
}

/** The lines of a value that has several, without blanks around them; those that are too short are left out. */
export function linesOf(value: Uint8Array): Buffer[] {
  const text = Buffer.from(value.buffer, value.byteOffset, value.length).toString('latin1')
  if (!text.includes('\n')) return []
  const lines = text.split('\n').map((line) => Buffer.from(line.trim(), 'latin1'))
  return lines.filter(isTelling)
}

/** Base64 and hex as programs break them into lines: base64(1) after 76 characters, PEM after 64, xxd -p after 60. */
export function wrappedOf(value: Uint8Array): Buffer[] {
  const bytes = Buffer.from(value.buffer, value.byteOffset, value.length)
  if (!isTelling(bytes)) return []
  const base64 = bytes.toString('base64')
  const wrapped = [...cut(base64, 76), ...cut(base64, 64), ...cut(bytes.toString('hex'), 60)]
  return wrapped.map((line) => Buffer.from(line, 'latin1')).filter(isTelling)
}

/** Whether something is long enough to mean the value, and more than blanks. */
export function isTelling(bytes: Uint8Array): boolean {
  return bytes.length >= SHORTEST && bytes.some((byte) => byte > 0x20)
}

function cut(text: string, width: number): string[] {
  if (text.length <= width) return []
  return Array.from({ length: Math.ceil(text.length / width) }, (_, i) =>
    text.slice(i * width, (i + 1) * width),
  )
}

/** The characters of base64 that `bytes` alone decide when `shift` bytes (modulo 3) stand before them. */
function alignedBase64(bytes: Buffer, shift: number): string {
  const text = Buffer.concat([Buffer.alloc(shift), bytes]).toString('base64')
  return text.slice(Math.ceil((shift * 8) / 6), Math.floor(((shift + bytes.length) * 8) / 6))
}

function ascii(form: FormName, text: string): Form {
  return { form, bytes: Buffer.from(text, 'latin1') }
}

/** As URLs and JSON write a text; nothing for bytes that are none. */
function textForms(bytes: Buffer): Form[] {
  const text = bytes.toString()
  if (!Buffer.from(text).equals(bytes)) return []
  const url = encodeURIComponent(text)
  const json = JSON.stringify(text).slice(1, -1)
  return [
    { form: 'url', bytes: Buffer.from(url) },
    { form: 'url', bytes: Buffer.from(url.replaceAll('%20', '+')) },
    { form: 'json', bytes: Buffer.from(json) },
  ]
}
