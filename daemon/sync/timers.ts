/** The clock and timers that syncing is given. */
export interface Timers {
  /** Milliseconds of a clock that never goes back (where it starts doesn't matter): deadlines rest on it. */
  now(): number
  /** Milliseconds since 1970 by the machine's clock, for people. */
  wall(): number
  /** Calls `f` once after so many milliseconds; the result cancels it. */
  after(ms: number, f: () => void): () => void
}
