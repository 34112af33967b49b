import { Buffer } from 'node:buffer'
import { Needles, piecesOf } from './finder.js'
import { formsOf, linesOf, wrappedOf } from './forms.js'

// Takes values out of a stream of bytes, in every form and wherever the chunks end. Pure.

const STARS = Buffer.from('***')

/** What a stream may not show; made once for several streams. */
export class Masks {
  readonly needles = new Needles<undefined>()

  /** @param values those of fewer than 8 bytes are no use: they are met by chance */
  constructor(values: Iterable<Uint8Array>) {
    for (const value of values) {
      const whole = formsOf(value).map(({ bytes }) => bytes)
      for (const bytes of [...whole, ...linesOf(value), ...wrappedOf(value)]) {
        for (const piece of piecesOf(bytes)) this.needles.add(piece, undefined)
      }
    }
  }
}

/**
 * One stream. Bytes come out in their order, each value as `***`; at most 63 bytes wait for what follows them, and only
 * while they could be the beginning of a value.
 */
export class Masker {
  readonly #needles: Needles<undefined>
  #waiting: Buffer = Buffer.alloc(0)
  /** Bytes before the first waiting one, and the first behind everything that was masked. */
  #at = 0
  #masked = -1

  constructor({ needles }: Masks) {
    this.#needles = needles
  }

  /** What can be shown now that `chunk` has come. */
  push(chunk: Uint8Array): Buffer {
    return this.#take(Buffer.concat([this.#waiting, chunk]), false)
  }

  /** What was still waiting, now that nothing follows. */
  end(): Buffer {
    return this.#take(this.#waiting, true)
  }

  #take(bytes: Buffer, whole: boolean): Buffer {
    const out: Buffer[] = []
    let at = 0
    let shown = 0
    const base = this.#at
    for (; at < bytes.length; at++) {
      const found = this.#needles.at(bytes, at, whole)
      if (found === 'more') break
      if (found.length > 0) {
        const length = Math.max(...found.map((one) => one.bytes.length))
        // What touches is one stretch.
        if (base + at > this.#masked) out.push(bytes.subarray(shown, at), STARS)
        this.#masked = Math.max(this.#masked, base + at + length)
      }
      if (base + at < this.#masked) shown = at + 1
    }
    out.push(bytes.subarray(shown, at))
    this.#waiting = bytes.subarray(at)
    this.#at = base + at
    return Buffer.concat(out)
  }
}
