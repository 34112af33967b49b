import type { Timers } from '../timers.js'

/** A clock that stands still until a test lets it go on. */
export class ManualTimers implements Timers {
  #now = 0
  readonly #waiting = new Set<{ readonly at: number; readonly f: () => void }>()

  now(): number {
    return this.#now
  }

  wall(): number {
    return 1_800_000_000_000 + this.#now
  }

  after(ms: number, f: () => void): () => void {
    const one = { at: this.#now + ms, f }
    this.#waiting.add(one)
    return () => this.#waiting.delete(one)
  }

  /** Milliseconds until each waiting timer, soonest first. */
  get ahead(): number[] {
    return [...this.#waiting].map(({ at }) => at - this.#now).toSorted((a, b) => a - b)
  }

  advance(ms: number): void {
    const end = this.#now + ms
    for (;;) {
      const [next] = [...this.#waiting].toSorted((a, b) => a.at - b.at)
      if (next === undefined || next.at > end) break
      this.#now = next.at
      this.#waiting.delete(next)
      next.f()
    }
    this.#now = end
  }
}
