// Sums over the last bytes of a stream, by which the end of a long value tells in one step whether all of it stands there:
// hostile bytes, or values that repeat themselves, cost no more than others. Polynomials modulo 2^32, two of them; who
// makes two texts of one sum has a scan name a place that holds nothing. Pure.

/** Bytes that are added at once at most. */
export const STEP = 65_536

const FIRST = 0x01000193
const SECOND = 0x5bd1e995

/** Both sums of a text, and its length's powers. */
export type Sum = {
  readonly first: number
  readonly second: number
  readonly firstPower: number
  readonly secondPower: number
}

/** Of a whole text. */
export function sumOf(bytes: Uint8Array): Sum {
  let [first, second, firstPower, secondPower] = [0, 0, 1, 1]
  for (const byte of bytes) {
    first = (Math.imul(first, FIRST) + byte + 1) | 0
    second = (Math.imul(second, SECOND) + byte + 1) | 0
    firstPower = Math.imul(firstPower, FIRST)
    secondPower = Math.imul(secondPower, SECOND)
  }
  return { first, second, firstPower, secondPower }
}

/** The sums at each of the last places of a stream, and the line there. */
export class Sums {
  readonly #mask: number
  readonly #first: Int32Array
  readonly #second: Int32Array
  readonly #lines: Int32Array
  #at = 0

  /** @param reach how far back is asked for */
  constructor(reach: number) {
    const size = 2 ** Math.ceil(Math.log2(reach + 1))
    this.#mask = size - 1
    this.#first = new Int32Array(size)
    this.#second = new Int32Array(size)
    this.#lines = new Int32Array(size)
  }

  /** Another stream. */
  begin(): void {
    this.#at = 0
    this.#first[0] = 0
    this.#second[0] = 0
    this.#lines[0] = 1
  }

  add(bytes: Uint8Array): void {
    const mask = this.#mask
    let first = this.#first[this.#at & mask] ?? 0
    let second = this.#second[this.#at & mask] ?? 0
    let line = this.#lines[this.#at & mask] ?? 1
    for (const byte of bytes) {
      first = (Math.imul(first, FIRST) + byte + 1) | 0
      second = (Math.imul(second, SECOND) + byte + 1) | 0
      if (byte === 0x0a) line++
      const place = ++this.#at & mask
      this.#first[place] = first
      this.#second[place] = second
      this.#lines[place] = line
    }
  }

  /** The line on which the text of this length and sum begins that ends at `end`; undefined when another does. */
  lineOf(end: number, length: number, sum: Sum): number | undefined {
    if (end < length) return undefined
    const from = (end - length) & this.#mask
    const to = end & this.#mask
    const first = ((this.#first[to] ?? 0) - Math.imul(this.#first[from] ?? 0, sum.firstPower)) | 0
    const second =
      ((this.#second[to] ?? 0) - Math.imul(this.#second[from] ?? 0, sum.secondPower)) | 0
    return first === sum.first && second === sum.second ? this.#lines[from] : undefined
  }
}
