import { CofferError } from '../shared/errors.js'

// Refusals that several commands share.

/** A flag that a command can't do without. */
export function missing(flag: string, why: string): CofferError {
  return new CofferError('usage', `${flag} is needed`, { reason: 'missing-flag', next: why })
}

/** A question that only `-y` may answer where nobody can be asked. */
export function needsConsent(what: string): CofferError {
  return new CofferError('usage', what, {
    reason: 'needs-consent',
    next: 'say -y if that is meant',
  })
}
