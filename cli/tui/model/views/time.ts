import { isoTime } from '../../../../shared/iso-time.js'

// Times as people say them, from two readings of a clock.

const STEPS: readonly (readonly [string, number])[] = [
  ['y', 365 * 24 * 3600],
  ['d', 24 * 3600],
  ['h', 3600],
  ['m', 60],
  ['s', 1],
]

/** `12s`, `3h`, `2d`; `now` for less than a second, and for what lies ahead. */
export function ago(now: number, at: number): string {
  const seconds = Math.floor((now - at) / 1000)
  for (const [unit, size] of STEPS) {
    if (seconds >= size) return `${Math.floor(seconds / size)}${unit}`
  }
  return 'now'
}

/** `12s ago`; `just now` for less than a second, and for what lies ahead. */
export function agoWords(now: number, at: number): string {
  const age = ago(now, at)
  return age === 'now' ? 'just now' : `${age} ago`
}

/** `2026-11-27 12:30` in UTC: what two people compare reads the same to both. */
export function moment(at: number): string {
  return isoTime(at).slice(0, 16).replace('T', ' ')
}
