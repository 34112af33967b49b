import type { Bytes } from '../bytes.js'

/** Reads LevelDB's little-endian fields; past the end every read says undefined. */
export class Reader {
  readonly bytes: Bytes
  offset: number

  constructor(bytes: Bytes, offset = 0) {
    this.bytes = bytes
    this.offset = offset
  }

  get done(): boolean {
    return this.offset >= this.bytes.length
  }

  take(length: number): Bytes | undefined {
    if (length > this.bytes.length - this.offset) return undefined
    const out = this.bytes.subarray(this.offset, this.offset + length)
    this.offset += length
    return out
  }

  u8(): number | undefined {
    return this.take(1)?.[0]
  }

  u16(): number | undefined {
    const at = this.take(2)
    return at && new DataView(at.buffer, at.byteOffset, 2).getUint16(0, true)
  }

  u32(): number | undefined {
    const at = this.take(4)
    return at && new DataView(at.buffer, at.byteOffset, 4).getUint32(0, true)
  }

  u64(): bigint | undefined {
    const at = this.take(8)
    return at && new DataView(at.buffer, at.byteOffset, 8).getBigUint64(0, true)
  }

  /** A varint up to 2^53 - 1; file numbers, sizes and lengths are far below. */
  varint(): number | undefined {
    let value = 0
    for (let factor = 1; factor < 2 ** 56; factor *= 128) {
      const byte = this.u8()
      if (byte === undefined) return undefined
      value += (byte & 127) * factor
      if (byte < 128) return Number.isSafeInteger(value) ? value : undefined
    }
    return undefined
  }

  /** A length as varint, then so many bytes. */
  slice(): Bytes | undefined {
    const length = this.varint()
    return length === undefined ? undefined : this.take(length)
  }
}
