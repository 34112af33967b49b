import { CofferError } from '../../shared/errors.js'
import type { Problem } from '../core/sync/effects.js'
import type { SyncProblem } from './api.js'

/** The vault was detached, or the manager closed. */
export const STOPPED: Problem = { code: 'cancelled', reason: 'cancelled', lasting: true }

/** What can be done about a refusal that waiting won't mend, by its reason. */
const NEXT: { readonly [reason: string]: string } = {
  registration:
    'ask whoever runs the relay for a token: coffer relay set URL --relay-key KEY --registration-file FILE',
  quota: 'this vault is full on the relay: ask whoever runs it for more room',
}

/** A problem with a sentence for people. */
export function describe({ code, reason }: Problem): SyncProblem {
  const who = code === 'storage' ? "this device's disk" : 'the relay'
  return { code, reason, message: `${who} refused: ${reason}` }
}

export function errorOf(problem: Problem): CofferError {
  const { code, reason } = problem
  const next = NEXT[reason]
  const detail = next === undefined ? { reason } : { reason, next }
  return new CofferError(code, describe(problem).message, detail)
}
