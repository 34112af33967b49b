import { CofferError } from '../shared/errors.js'

// What is said, in the same words everywhere, of a daemon that doesn't do its part.

/** The daemon ended the connection in the middle of a call. */
export function hungUp(cause?: unknown): CofferError {
  return new CofferError('internal', 'the daemon hung up', {
    reason: 'hung-up',
    next: 'see coffer daemon logs',
    cause,
  })
}

/** The daemon took the request and says nothing. */
export function silent(): CofferError {
  return new CofferError('timed-out', 'the daemon does not answer', {
    reason: 'silent',
    next: 'see coffer daemon logs',
  })
}
