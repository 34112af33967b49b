import { hasCode } from '../../shared/errors.js'
import { Mutex } from '../vault/mutex.js'
import { adoptRelay } from './relay.js'
import { reconcile } from './own-devices.js'
import { rotateOwed, shutOutEverywhere } from './removal.js'
import type { Session } from './session.js'

/** Events in quick succession make one run. */
const GATHER = 100
/** After a run that failed: the relay may have been away, or somebody else was faster. */
const AGAIN = 30_000

/** Whether a failure passes by itself. */
function isPassing(error: unknown): boolean {
  return hasCode(error, 'unreachable', 'conflict', 'cancelled', 'locked', 'stale', 'timed-out')
}

/**
 * Keeps a person's vaults together in the background: each has the home's relay, and lets in every device that the user
 * vault names. A device that was added while this one was away, a project made while it was: both meet here.
 */
export function keepTogether(session: Session): void {
  const { world, vaults, sync, ended } = session
  const mutex = new Mutex()
  let cancel: (() => void) | undefined
  let pending = Infinity
  const run = async (): Promise<void> => {
    cancel = undefined
    pending = Infinity
    // A damaged user vault names nothing; its repair opens it again.
    if (ended.aborted || vaults.opened(vaults.userVault) === undefined) return
    try {
      await adoptRelay(session)
      await reconcile(session)
      await shutOutEverywhere(session)
      await rotateOwed(session)
    } catch (error) {
      if (!isPassing(error)) world.onError(error)
      soon(AGAIN)
    }
  }
  const soon = (ms: number): void => {
    if (ended.aborted || session.settings.current.join !== undefined) return
    if (pending <= ms) return
    cancel?.()
    pending = ms
    cancel = world.after(ms, () => {
      mutex.run(run).catch(world.onError)
    })
  }
  let connected = false
  const stopStatus = sync.onStatus(() => {
    const now = sync.status().relays.some(({ state }) => state === 'connected')
    if (now && !connected) soon(GATHER)
    connected = now
  })
  const stopVaults = vaults.watch((event) => {
    if (event.kind === 'opened' || (event.kind === 'vault' && event.event.kind === 'links')) {
      soon(GATHER)
    }
  })
  ended.addEventListener('abort', () => {
    stopStatus()
    stopVaults()
    cancel?.()
  })
  soon(GATHER)
}
