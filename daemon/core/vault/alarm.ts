import { CofferError } from '../../../shared/errors.js'

/** Something that an honest relay and honest members don't do (SPEC section 9). It never stops reads. */
export type Alarm = {
  /** Stable name: `fork`, `equivocation`, `bad-signature`, `two-logs`, … */
  readonly reason: string
  /** What was seen, without names or values. */
  readonly detail: string
}

/** The alarm for a check that failed on `what`; anything that isn't a failed check is thrown on. */
export function alarmOf(error: unknown, what: string): Alarm {
  if (!(error instanceof CofferError)) throw error
  return { reason: error.reason ?? error.code, detail: `${what}: ${error.message}` }
}
