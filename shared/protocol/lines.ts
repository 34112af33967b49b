import { concat, type Bytes } from '../bytes.js'
import { CofferError } from '../errors.js'

const NEWLINE = 0x0a

/** Cuts the local protocol's byte stream into lines; holds at most `cap` bytes of an unfinished one. */
export class LineReader {
  readonly #cap: number
  #parts: Bytes[] = []
  #held = 0

  constructor(cap: number) {
    this.#cap = cap
  }

  /** Bytes of the unfinished line. */
  get held(): number {
    return this.#held
  }

  /**
   * The lines that `chunk` finishes, without their newline. Chunks are kept, not copied: the caller must not reuse them.
   * @throws CofferError `limit` (reason `line-too-long`) when a line exceeds the cap; the reader is then of no more use.
   */
  push(chunk: Bytes): Bytes[] {
    const lines: Bytes[] = []
    let start = 0
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
      this.#hold(chunk.subarray(start, end))
      const [only] = this.#parts
      lines.push(this.#parts.length === 1 && only !== undefined ? only : concat(...this.#parts))
      this.#parts = []
      this.#held = 0
      start = end + 1
    }
    if (start < chunk.length) this.#hold(chunk.subarray(start))
    return lines
  }

  #hold(part: Bytes): void {
    this.#held += part.length
    if (this.#held > this.#cap) {
      throw new CofferError('limit', `a line has more than ${this.#cap} bytes`, {
        reason: 'line-too-long',
      })
    }
    this.#parts.push(part)
  }
}
