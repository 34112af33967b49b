import type { Buffer } from 'node:buffer'
import { SHORTEST } from './forms.js'

// Finds many byte strings in a stream. What is looked for is short (long values are cut into pieces), so that a position is
// decided after a few bytes and hostile input costs no more than other. Pure.

/** The longest byte string that is looked for as one. */
export const LONGEST = 64

/** `bytes` in pieces of at most 64: side by side, the last one reaching back to be a whole one. */
export function piecesOf(bytes: Buffer): Buffer[] {
  if (bytes.length <= LONGEST) return [bytes]
  const pieces: Buffer[] = []
  for (let at = 0; at + LONGEST < bytes.length; at += LONGEST) {
    pieces.push(bytes.subarray(at, at + LONGEST))
  }
  pieces.push(bytes.subarray(bytes.length - LONGEST))
  return pieces
}

type Entry<T> = { readonly bytes: Buffer; readonly about: T[] }

const BITS = 18

/** What is looked for; each byte string has what it is about. */
export class Needles<T> {
  /** By the hash of the first eight bytes. */
  readonly #entries = new Map<number, Entry<T>[]>()
  readonly #filter = new Uint8Array(1 << BITS)
  /** Beginnings of one to seven bytes. */
  readonly #beginnings = new Set<string>()

  /** @param bytes 8 to 64 of them */
  add(bytes: Buffer, about: T): void {
    const key = hashAt(bytes, 0)
    const bucket = this.#entries.get(key) ?? []
    const same = bucket.find((one) => one.bytes.equals(bytes))
    if (same !== undefined) {
      same.about.push(about)
      return
    }
    bucket.push({ bytes, about: [about] })
    this.#entries.set(key, bucket)
    this.#filter[key >>> (32 - BITS)] = 1
    const head = bytes.toString('latin1', 0, SHORTEST - 1)
    for (let length = 1; length < SHORTEST; length++) this.#beginnings.add(head.slice(0, length))
  }

  /**
   * What stands in `bytes` at `at`: all of it, or 'more' when what comes after the end could decide otherwise.
   * @param whole whether nothing comes after the end
   */
  at(bytes: Buffer, at: number, whole: boolean): readonly Entry<T>[] | 'more' {
    const left = bytes.length - at
    if (left < SHORTEST) {
      return !whole && this.#beginnings.has(bytes.toString('latin1', at)) ? 'more' : NONE
    }
    const key = hashAt(bytes, at)
    if (this.#filter[key >>> (32 - BITS)] === 0) return NONE
    const bucket = this.#entries.get(key)
    if (bucket === undefined) return NONE
    const found: Entry<T>[] = []
    for (const entry of bucket) {
      const length = Math.min(left, entry.bytes.length)
      if (entry.bytes.compare(bytes, at, at + length, 0, length) !== 0) continue
      if (length === entry.bytes.length) found.push(entry)
      else if (!whole) return 'more'
    }
    return found
  }
}

const NONE: readonly never[] = []

/** Of the eight bytes at `at`, in 32 bits. */
function hashAt(bytes: Buffer, at: number): number {
  const low = bytes.readInt32LE(at)
  const high = bytes.readInt32LE(at + 4)
  return (Math.imul(low, 0x9e3779b1) ^ Math.imul(high, 0x85ebca77)) >>> 0
}
