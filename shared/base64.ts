import type { Bytes } from './bytes.js'

// Base64 (RFC 4648 section 4) for the code that may use no Buffer.

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'
const VALUES = new Map(Array.from(ALPHABET, (char, value) => [char.charCodeAt(0), value] as const))

/** Padded base64 of `bytes`. */
export function toBase64(bytes: Bytes): string {
  let out = ''
  for (let i = 0; i < bytes.length; i += 3) {
    const left = bytes.length - i
    const group =
      ((bytes[i] ?? 0) << 16) | ((bytes[i + 1] ?? 0) << 8) | (left > 2 ? (bytes[i + 2] ?? 0) : 0)
    out += ALPHABET.charAt(group >> 18) + ALPHABET.charAt((group >> 12) & 63)
    out += left > 1 ? ALPHABET.charAt((group >> 6) & 63) : '='
    out += left > 2 ? ALPHABET.charAt(group & 63) : '='
  }
  return out
}

/** Bytes of canonical padded base64; undefined for anything else. */
export function fromBase64(text: string): Bytes | undefined {
  if (text.length % 4 !== 0) return undefined
  const padding = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0
  const out = new Uint8Array((text.length / 4) * 3 - padding)
  let at = 0
  for (let i = 0; i < text.length; i += 4) {
    const last = i + 4 === text.length ? padding : 0
    let group = 0
    for (let j = 0; j < 4; j++) {
      const value = j >= 4 - last ? 0 : VALUES.get(text.charCodeAt(i + j))
      if (value === undefined) return undefined
      group = (group << 6) | value
    }
    if ((last === 1 && (group & 0xff) !== 0) || (last === 2 && (group & 0xffff) !== 0)) {
      return undefined
    }
    for (let k = 0; k < 3 - last; k++) out[at++] = (group >> (16 - 8 * k)) & 0xff
  }
  return out
}
