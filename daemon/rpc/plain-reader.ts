import { concat, type Bytes } from '../../shared/bytes.js'
import {
  decodePlainRequest,
  PLAIN_MAGIC,
  plainRequestLength,
  type PlainRequest,
} from '../../shared/protocol/plain.js'

const EMPTY = new Uint8Array(0)
const HEAD = PLAIN_MAGIC.length + 4

/** Gathers the one plain request of a connection. */
export class PlainReader {
  #parts: Bytes[] = []
  #held = 0
  #length: number | undefined

  get held(): number {
    return this.#held
  }

  /** The request once it is whole; bytes behind it are refused. @throws CofferError `format`, `limit`. */
  push(chunk: Bytes): PlainRequest | undefined {
    this.#parts.push(chunk)
    this.#held += chunk.length
    if (this.#length === undefined) {
      // A head may come byte by byte; what is joined here stays short until its length is known.
      this.#parts = [concat(...this.#parts)]
      this.#length = plainRequestLength(this.#parts[0]?.subarray(0, HEAD) ?? EMPTY)
    }
    if (this.#length === undefined || this.#held < this.#length) return undefined
    this.#held = 0
    return decodePlainRequest(concat(...this.#parts))
  }
}
