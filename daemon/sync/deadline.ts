import { CofferError } from '../../shared/errors.js'
import type { Timers } from './timers.js'

export type Bounds = { readonly timeout: number; readonly signal?: AbortSignal | undefined }

export function timedOut(): CofferError {
  return new CofferError('timed-out', 'the relay did not get that far in the time given', {
    reason: 'timed-out',
    next: 'everything written is kept and goes out in its own time',
  })
}

export function cancelled(): CofferError {
  return new CofferError('cancelled', 'the call was cancelled', { reason: 'cancelled' })
}

/**
 * What `work` gives, unless the time runs out or the signal fires first.
 * @throws CofferError `timed-out`, `cancelled`, and what `work` throws
 */
export function bounded<T>(timers: Timers, bounds: Bounds, work: Promise<T>): Promise<T> {
  const { timeout, signal } = bounds
  return new Promise((resolve, reject) => {
    const abort = (): void => finish(() => reject(cancelled()))
    const stop = timers.after(timeout, () => finish(() => reject(timedOut())))
    const finish = (settle: () => void): void => {
      stop()
      signal?.removeEventListener('abort', abort)
      settle()
    }
    signal?.addEventListener('abort', abort, { once: true })
    if (signal?.aborted === true) abort()
    work.then(
      (value) => finish(() => resolve(value)),
      (error: unknown) => finish(() => reject(error)),
    )
  })
}
