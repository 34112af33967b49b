import { CofferError } from '../../shared/errors.js'
import type { Problem } from '../core/sync/state.js'
import type { SyncProblem } from './api.js'

/** The vault was detached, or the manager closed. */
export const STOPPED: Problem = { code: 'cancelled', reason: 'cancelled', lasting: true }

/** A problem with a sentence for people. */
export function describe({ code, reason }: Problem): SyncProblem {
  const who = code === 'storage' ? "this device's disk" : 'the relay'
  return { code, reason, message: `${who} refused: ${reason}` }
}

export function errorOf(problem: Problem): CofferError {
  const { code, reason } = problem
  return new CofferError(code, describe(problem).message, { reason })
}
