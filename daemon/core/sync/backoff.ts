/** How long to wait before the next attempt, in milliseconds. */
export type Pace = { readonly first: number; readonly most: number }

/** A vault whose request was refused, or whose disk failed. */
export const RETRY: Pace = { first: 1_000, most: 60_000 }

/** The wait that a relay asks for, as far as it is heeded: it may ask for ages, or more than a timer takes. */
export function asked(pace: Pace, retryAfter: number): number {
  return Math.min(retryAfter, pace.most)
}

/**
 * Exponential backoff with jitter: doubles with each failure up to `most`; between half and all of that, so that
 * many clients of one relay don't come back at the same instant.
 * @param failures how many attempts in a row have failed, from 1
 * @param chance a random number in [0, 1)
 */
export function backoff(pace: Pace, failures: number, chance: number): number {
  const full = Math.min(pace.most, pace.first * 2 ** Math.min(failures - 1, 30))
  return Math.ceil(full / 2 + (full / 2) * chance)
}
