import { CofferError } from '../../shared/errors.js'
import type { BarrierOptions, BarrierResult } from './api.js'
import { bounded } from './deadline.js'
import type { VaultRunner } from './runner.js'
import type { Timers } from './timers.js'

/** A barrier over several vaults: all of them, or the first one's failure. */
export async function reachAll(
  timers: Timers,
  runners: readonly VaultRunner[],
  { timeout, signal, onProgress }: BarrierOptions,
): Promise<BarrierResult> {
  const before = runners.map(({ state: { sent, received } }) => ({ sent, received }))
  const ends = runners.map((runner) => reach(timers, runner))
  const stop = onProgress === undefined ? undefined : report(timers, runners, onProgress)
  try {
    await bounded(timers, { timeout, signal }, Promise.all(ends.map(({ done }) => done)))
  } catch (error) {
    throw explained(error, runners)
  } finally {
    stop?.()
    for (const { forget } of ends) forget()
  }
  const sum = (key: 'sent' | 'received'): number =>
    runners.reduce((total, { state }, i) => total + state[key] - (before[i]?.[key] ?? 0), 0)
  return { vaults: runners.length, sent: sum('sent'), received: sum('received') }
}

/** A time that ran out, with what went wrong last where something did. */
function explained(error: unknown, runners: readonly VaultRunner[]): unknown {
  if (!(error instanceof CofferError) || error.code !== 'timed-out') return error
  const problem = runners.map((runner) => runner.status().problem).find((one) => one !== undefined)
  if (problem === undefined) return error
  return new CofferError('timed-out', `${error.message}: ${problem.message}`, {
    reason: problem.reason ?? 'timed-out',
    next: 'everything written is kept and goes out in its own time',
  })
}

/**
 * One vault's barrier. It fails as soon as an attempt to reach the relay fails while it is up; a connection that ends
 * is made anew once without waiting, because somebody waits here.
 */
function reach(timers: Timers, runner: VaultRunner): { done: Promise<void>; forget: () => void } {
  const { link } = runner
  const { done, forget } = runner.barrier()
  let unlisten = (): unknown => undefined
  let again = true
  const failed = new Promise<void>((_, reject) => {
    unlisten = link.listen({
      onConnected: () => undefined,
      onDisconnected: () => {
        if (again) timers.after(0, () => link.retryNow())
        again = false
      },
      onPush: () => undefined,
      onFailed: reject,
    })
  })
  link.retryNow()
  const either = Promise.race([done, failed])
  // Nobody may be left to hear of the second of two failures.
  for (const promise of [done, failed, either]) promise.catch(() => undefined)
  return {
    done: either,
    forget: () => {
      unlisten()
      forget()
    },
  }
}

/** How often progress is told (milliseconds). */
const REPORT_EVERY = 100

function report(
  timers: Timers,
  runners: readonly VaultRunner[],
  onProgress: NonNullable<BarrierOptions['onProgress']>,
): () => void {
  const left = (): { send: number; receive: number } => {
    let send = 0
    let receive = 0
    for (const { state } of runners) {
      send += state.facts.drafts + state.facts.outbox.length
      receive += Math.max(0, (state.target ?? 0) - state.facts.cursor.pos)
    }
    return { send, receive }
  }
  const most = { send: 0, receive: 0 }
  let cancel = (): void => undefined
  const tell = (): void => {
    const { send, receive } = left()
    most.send = Math.max(most.send, send)
    most.receive = Math.max(most.receive, receive)
    if (receive > 0) onProgress('receiving', most.receive - receive, most.receive)
    else if (most.send > 0) onProgress('sending', most.send - send, most.send)
    cancel = timers.after(REPORT_EVERY, tell)
  }
  tell()
  return () => cancel()
}
