import { CofferError } from './errors.js'

const UNITS: { readonly [unit: string]: number } = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
}

/** Ten years. */
const LONGEST = 3650 * 86_400_000

/** Milliseconds of `90s`, `10m`, `1h`, `7d`, `500ms`. @throws CofferError `usage` (reason `bad-duration`) */
export function durationOf(option: string, typed: string): number {
  const [, digits, unit] = /^([0-9]{1,9})(ms|s|m|h|d)$/.exec(typed) ?? []
  const factor = unit === undefined ? undefined : UNITS[unit]
  if (digits === undefined || factor === undefined || Number(digits) * factor > LONGEST) {
    throw new CofferError('usage', `${option} takes a duration such as 30s, 10m, 1h or 7d`, {
      reason: 'bad-duration',
    })
  }
  return Number(digits) * factor
}

/** `40s`, `3h`, `12d`: a duration (ms) in its largest unit of which there are two. */
export function durationText(ms: number): string {
  for (const unit of ['d', 'h', 'm'] as const) {
    const factor = UNITS[unit] ?? 1
    if (ms >= 2 * factor) return `${Math.floor(ms / factor)}${unit}`
  }
  return `${Math.floor(ms / 1000)}s`
}
