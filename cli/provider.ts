import { CofferError } from '../shared/errors.js'
import { LIMITS } from '../shared/limits.js'
import type { PlainLine } from '../shared/protocol/plain-argv.js'

// What Earthly's secret provider does beside asking: it never takes longer than Earthly's users wait, whatever hangs.

/** Ends the process with exit 29 when `ms` are over. Nothing was written to stdout then: a value is written at once. */
export function limitTime(ms: number = LIMITS.provider): void {
  // A process that has nothing left to do needn't wait for its limit.
  setTimeout(() => void giveUp(ms), ms).unref()
}

async function giveUp(ms: number): Promise<never> {
  const { fail } = await import('./fail.js')
  const what = `no answer within ${ms / 1000} s`
  fail(new CofferError('timed-out', what, { reason: 'provider', next: 'see coffer status' }), [])
  return process.exit()
}

/** Whether it is asked for one of AWS's own (`aws:…`), which Earthly reads elsewhere: not found, whatever is open. */
export function isForeign({ verb, names }: PlainLine): boolean {
  return verb === 'provider' && names[0]?.startsWith('aws:') === true
}
