// Chance that can be had again: the same seed gives the same story.
import { randomInt } from 'node:crypto'

/** A stream of choices (mulberry32); for tests' plans, never for keys. */
export class Seeded {
  readonly seed: number
  #state: number

  constructor(seed: number) {
    this.seed = seed
    this.#state = seed >>> 0
  }

  /** A whole number from 0 to below `n`. */
  below(n: number): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * n)
  }

  /** A whole number from `low` to `high`, both included. */
  between(low: number, high: number): number {
    return low + this.below(high - low + 1)
  }

  pick<T>(list: readonly T[]): T {
    const one = list[this.below(list.length)]
    if (one === undefined) throw new RangeError('nothing to pick from')
    return one
  }

  bytes(n: number): Uint8Array {
    return Uint8Array.from({ length: n }, () => this.below(256))
  }

  /** Hexadecimal digits. */
  hex(digits: number): string {
    return Array.from({ length: digits }, () => this.below(16).toString(16)).join('')
  }
}

/** The seeds of this run: `TEST_SEED` alone if it is set, else `count` fresh ones. */
export function seedsOf(count: number): number[] {
  const given = process.env['TEST_SEED']
  if (given !== undefined) return [Number(given)]
  return Array.from({ length: count }, () => randomInt(2 ** 31))
}

/** Whether the run may take long: `scripts/test --full`. */
export const FULL = process.env['TEST_FULL'] === '1'
