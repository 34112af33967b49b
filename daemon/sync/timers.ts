/** The clock and timers that syncing is given. */
export interface Timers {
  /** Milliseconds since 1970. */
  now(): number
  /** Calls `f` once after so many milliseconds; the result cancels it. */
  after(ms: number, f: () => void): () => void
}
