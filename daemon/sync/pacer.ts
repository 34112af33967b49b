import { BYTES_PER_TOKEN } from '../../shared/protocol/relay-cost.js'

/** What a relay lets one connection do (its `welcome`). */
export type Allowance = {
  readonly inFlight: number
  /** Tokens a second, and at once. */
  readonly rate: number
  readonly burst: number
}

/**
 * Keeps a client below its relay's allowance: being refused costs tokens, too. A request costs `base` and its size.
 */
export class Pacer {
  readonly #allowance: Allowance
  #tokens: number
  #at: number
  #inFlight = 0

  constructor(allowance: Allowance, now: number) {
    this.#allowance = allowance
    this.#tokens = allowance.burst
    this.#at = now
  }

  /** Takes what a request costs; or the milliseconds until it may be asked again (Infinity: after `release`). */
  take(base: number, bytes: number, now: number): number {
    const { inFlight, rate, burst } = this.#allowance
    if (this.#inFlight >= Math.max(1, inFlight)) return Infinity
    const elapsed = Math.max(0, now - this.#at)
    this.#tokens = Math.min(burst, this.#tokens + (elapsed * rate) / 1000)
    this.#at = now
    const cost = Math.min(burst, base + Math.floor(bytes / BYTES_PER_TOKEN))
    if (this.#tokens < cost) return Math.ceil(((cost - this.#tokens) * 1000) / Math.max(1, rate))
    this.#tokens -= cost
    this.#inFlight += 1
    return 0
  }

  release(): void {
    this.#inFlight -= 1
  }
}
