/** Bytes over a plain ArrayBuffer: what every codec and primitive takes and gives. */
export type Bytes = Uint8Array

const encoder = new TextEncoder()
// Made at first use: the CLI's short way starts without it.
let decoder: TextDecoder | undefined

/** UTF-8 bytes of `text`. Lone surrogates become U+FFFD; callers that care check `isWellFormed` first. */
export function utf8(text: string): Bytes {
  return encoder.encode(text)
}

/** Text of strict UTF-8 `bytes`, or undefined when they are not UTF-8. A BOM is kept. */
export function fromUtf8(bytes: Bytes): string | undefined {
  try {
    return text(bytes)
  } catch {
    return undefined
  }
}

function text(bytes: Bytes): string {
  decoder ??= new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
  return decoder.decode(bytes)
}

export function concat(...parts: readonly Bytes[]): Bytes {
  return concatAll(parts)
}

/** The same of more than a call takes as arguments. */
export function concatAll(parts: readonly Bytes[]): Bytes {
  let length = 0
  for (const part of parts) length += part.length
  const out = new Uint8Array(length)
  let offset = 0
  for (const part of parts) {
    out.set(part, offset)
    offset += part.length
  }
  return out
}

/** Equality of public bytes (not constant-time: for secrets use the primitives, which compare themselves). */
export function equal(a: Bytes, b: Bytes): boolean {
  if (a.length !== b.length) return false
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false
  return true
}

/** The char code of a lower-case hex digit. */
function digit(nibble: number): number {
  return nibble < 10 ? 48 + nibble : 87 + nibble
}

/** Lower-case hex. Made in one piece: joined digit by digit it would be a tree of a kilobyte for an id, until it is read. */
export function toHex(bytes: Bytes): string {
  const digits = new Uint8Array(2 * bytes.length)
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i] ?? 0
    digits[2 * i] = digit(byte >> 4)
    digits[2 * i + 1] = digit(byte & 15)
  }
  return text(digits)
}

/** Value of a lower-case hex digit by its char code; 255 for anything else. */
const NIBBLES = new Uint8Array(128).fill(255)
for (let i = 0; i < 16; i++) NIBBLES[i.toString(16).charCodeAt(0)] = i

/** Bytes of lower-case hex, or undefined when `text` is anything else. */
export function fromHex(text: string): Bytes | undefined {
  if (text.length % 2 !== 0) return undefined
  const out = new Uint8Array(text.length / 2)
  for (let i = 0; i < out.length; i++) {
    const high = NIBBLES[text.charCodeAt(2 * i)] ?? 255
    const low = NIBBLES[text.charCodeAt(2 * i + 1)] ?? 255
    if (high > 15 || low > 15) return undefined
    out[i] = (high << 4) | low
  }
  return out
}

/** Base32 alphabet of codes and fingerprints: no 0/o, 1/l confusion (RFC 4648's, lower case). */
const BASE32 = 'abcdefghijklmnopqrstuvwxyz234567'

/** Unpadded lower-case RFC 4648 base32. */
export function toBase32(bytes: Bytes): string {
  let out = ''
  let bits = 0
  let buffer = 0
  for (const byte of bytes) {
    buffer = (buffer << 8) | byte
    bits += 8
    while (bits >= 5) {
      bits -= 5
      out += BASE32[(buffer >> bits) & 31]
      buffer &= (1 << bits) - 1
    }
  }
  if (bits > 0) out += BASE32[(buffer << (5 - bits)) & 31]
  return out
}

/** Bytes of unpadded lower-case base32; undefined for other characters, lengths or non-zero spare bits. */
export function fromBase32(text: string): Bytes | undefined {
  const out: number[] = []
  let bits = 0
  let buffer = 0
  for (const char of text) {
    const value = BASE32.indexOf(char)
    if (value < 0) return undefined
    buffer = (buffer << 5) | value
    bits += 5
    if (bits >= 8) {
      bits -= 8
      out.push(buffer >> bits)
      buffer &= (1 << bits) - 1
    }
  }
  return bits < 5 && buffer === 0 ? Uint8Array.from(out) : undefined
}

export function u32be(value: number): Bytes {
  const out = new Uint8Array(4)
  new DataView(out.buffer).setUint32(0, value)
  return out
}

export function readU32be(bytes: Bytes, offset = 0): number {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint32(offset)
}

/** 64-bit big-endian of a non-negative safe integer. */
export function u64be(value: number): Bytes {
  const out = new Uint8Array(8)
  new DataView(out.buffer).setBigUint64(0, BigInt(value))
  return out
}
