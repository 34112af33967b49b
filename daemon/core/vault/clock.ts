import { LIMITS } from '../../../shared/limits.js'

export type Stamp = { readonly wall: number; readonly counter: number }

/** The counter's greatest value: 32 bits. */
export const MAX_COUNTER = 0xffff_ffff

/**
 * Hybrid logical clock (SPEC section 6). It never runs behind what it has seen, unless that was absurd: a stamp
 * further ahead than `LIMITS.clockAhead` is flagged and ignored, so that one wrong clock can't drag all along.
 */
export class Clock {
  #last: Stamp = { wall: 0, counter: 0 }

  /** A stamp for a local write at `now` (milliseconds since 1970), above all seen before. */
  tick(now: number): Stamp {
    const { wall, counter } = this.#last
    if (now > wall) this.#last = { wall: now, counter: 0 }
    else if (counter < MAX_COUNTER) this.#last = { wall, counter: counter + 1 }
    // Another device may have sent the last stamp of a millisecond.
    else this.#last = { wall: wall + 1, counter: 0 }
    return this.#last
  }

  /** Takes note of another's stamp; tells whether it was too far ahead to count. */
  observe(stamp: Stamp, now: number): boolean {
    if (stamp.wall > now + LIMITS.clockAhead) return true
    const { wall, counter } = this.#last
    if (stamp.wall > wall || (stamp.wall === wall && stamp.counter > counter)) {
      this.#last = { wall: stamp.wall, counter: stamp.counter }
    }
    return false
  }
}
