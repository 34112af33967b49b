import type { Bytes } from './bytes.js'

const MASK = '<redacted>'

/**
 * Secret bytes that refuse to print. `JSON.stringify`, template strings and console output show a mask;
 * `reveal()` is the one, greppable way out.
 */
export class Secret {
  readonly #bytes: Bytes

  constructor(bytes: Bytes) {
    this.#bytes = bytes
  }

  reveal(): Bytes {
    return this.#bytes
  }

  /** Best effort: a JavaScript engine may have copied the bytes before. */
  wipe(): void {
    this.#bytes.fill(0)
  }

  toString(): string {
    return MASK
  }

  toJSON(): string {
    return MASK
  }

  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return MASK
  }
}
