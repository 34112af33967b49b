import type { Later } from './mailbox/tails.js'

/** Time as the relay's parts see it; injected, so that tests decide. */
export type Clock = {
  /** Milliseconds since 1970. */
  readonly now: () => number
  readonly later: Later
}

/** The machine's time. Timers don't keep the process alive by themselves. */
export const systemClock: Clock = {
  now: () => Date.now(),
  later(ms, run) {
    const timer = setTimeout(run, ms)
    timer.unref()
    return () => clearTimeout(timer)
  },
}

/** Calls `run` every `ms` milliseconds. @returns a function that ends it */
export function every(clock: Clock, ms: number, run: () => void): () => void {
  let cancel = clock.later(ms, tick)
  function tick(): void {
    cancel = clock.later(ms, tick)
    run()
  }
  return () => cancel()
}
