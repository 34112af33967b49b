import { hasCode } from '../../shared/errors.js'
import { Mutex } from '../vault/mutex.js'
import type { VaultEvent } from '../vault/vault-event.js'
import { pairsOf, settle } from './people/grants.js'
import { introduce } from './people/introduce.js'
import { adoptRelay } from './relay.js'
import { reconcile } from './devices/own-devices.js'
import { rotateOwed, shutOutEverywhere } from './removal/removal.js'
import type { Session } from './session.js'

/** Events in quick succession make one run. */
const GATHER = 100
/** After a run that failed: the relay may have been away, or somebody else was faster. */
const AGAIN = 30_000

/** Whether a failure passes by itself. */
function isPassing(error: unknown): boolean {
  return hasCode(error, 'unreachable', 'conflict', 'cancelled', 'locked', 'stale', 'timed-out')
}

/** Whether an event may change who is to be in a vault: links, or settings of admins. */
function concerns(event: VaultEvent): boolean {
  if (event.kind === 'changed') return event.names.some(({ space }) => space === 'setting')
  return event.kind === 'links'
}

/** One round: what is still to be done, link by link. @throws CofferError of the first that can't be done now */
async function bringTogether(session: Session): Promise<void> {
  await adoptRelay(session)
  await reconcile(session)
  await shutOutEverywhere(session)
  await rotateOwed(session)
  await introduce(session)
  await settle(session, pairsOf(session))
}

/**
 * Keeps a person's vaults together in the background: each has the home's relay, and lets in every device that the user
 * vault names. A device that was added while this one was away, a project made while it was: both meet here. So do an
 * org's members and its projects, where this device manages them.
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
      await bringTogether(session)
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
  let live = 0
  const stopStatus = sync.onStatus(() => {
    const { relays, vaults: attached } = sync.status()
    const now = relays.some(({ state }) => state === 'connected')
    const caughtUp = attached.filter(({ phase }) => phase === 'live').length
    if ((now && !connected) || caughtUp > live) soon(GATHER)
    connected = now
    live = caughtUp
  })
  const stopVaults = vaults.watch((event) => {
    if (event.kind === 'opened' || (event.kind === 'vault' && concerns(event.event))) soon(GATHER)
  })
  ended.addEventListener('abort', () => {
    stopStatus()
    stopVaults()
    cancel?.()
  })
  soon(GATHER)
}
