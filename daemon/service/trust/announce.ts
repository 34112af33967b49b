import type { VaultId } from '../../../shared/ids.js'
import { LIMITS } from '../../../shared/limits.js'
import type { NotificationParams } from '../../../shared/protocol/local.js'
import type { Infer } from '../../../shared/protocol/schema.js'
import type { relayState } from '../../../shared/protocol/local-common.js'
import type { Hub } from '../../rpc/hub.js'
import type { RelayStatus } from '../../sync/api.js'
import type { Name } from '../../vault/vault-event.js'
import { secretConflicts } from '../secrets/conflicts.js'
import { refOf } from '../place.js'
import { queuedIn } from '../queue.js'
import type { Session } from '../session.js'

// What subscribers are told: names that changed, how syncing stands.

/**
 * What comes in quick succession makes one notification, for a first sync has thousands: names after so long a rest from
 * the last ones, how syncing stands so long after it changed (milliseconds).
 */
const NAMES_REST = 5
const STATUS_GATHER = 20

/** The home's relay as callers see it; null without one. */
export function relayStateOf({ settings, sync }: Session): Infer<typeof relayState> | null {
  const { relay } = settings.current
  if (relay === undefined) return null
  const found = sync.status().relays.find(({ key }) => key === relay.key)
  if (found === undefined) {
    return { url: relay.url, key: relay.key, state: 'offline', since: 0, problem: null }
  }
  return describe(found)
}

/** The relays beside the home's that its vaults are on. */
export function otherRelaysOf({ settings, sync }: Session): Infer<typeof relayState>[] {
  const own = settings.current.relay?.key
  return sync
    .status()
    .relays.filter(({ key }) => key !== own)
    .map(describe)
}

function describe({ url, key, state, since, problem }: RelayStatus): Infer<typeof relayState> {
  const what =
    problem === undefined
      ? null
      : { code: problem.code, message: problem.message.slice(0, LIMITS.message) }
  return { url, key, state, since, problem: what }
}

/** Queued writes and conflicting secrets of all open vaults. */
export function countsOf({ vaults }: Session): { queued: number; conflicts: number } {
  let [queued, conflicts] = [0, 0]
  for (const { shell } of vaults.all()) {
    if (shell === undefined) continue
    queued += queuedIn(shell.replica)
    conflicts += [...secretConflicts(shell.replica)].length
  }
  return { queued, conflicts }
}

/**
 * Tells the hub of changes until the returned function is called. The first name after a pause is told at once: somebody
 * may wait for it. How syncing stands is told with less haste.
 */
export function announce(session: Session, hub: Hub): () => void {
  const { vaults, sync, world } = session
  const changed = new Map<VaultId, Set<string>>()
  let resting: (() => void) | undefined
  let cancelStatus: (() => void) | undefined
  const tellNames = (): void => {
    resting = undefined
    if (changed.size === 0) return
    resting = world.after(NAMES_REST, tellNames)
    for (const [vaultId, names] of changed) {
      const note = changedNote(session, vaultId, names)
      if (note !== undefined) hub.publish('changed', note)
    }
    changed.clear()
  }
  const tellStatus = (): void => {
    cancelStatus = undefined
    const relays = { relay: relayStateOf(session), otherRelays: otherRelaysOf(session) }
    hub.publish('syncStatus', { ...relays, ...countsOf(session) })
  }
  const namesChanged = (vaultId: VaultId, names: readonly Name[]): void => {
    const known = changed.get(vaultId) ?? new Set()
    for (const { space, name } of names) if (space === 'secret') known.add(name)
    if (known.size > 0) changed.set(vaultId, known)
    if (resting === undefined) tellNames()
  }
  const statusChanged = (): void => {
    cancelStatus ??= world.after(STATUS_GATHER, tellStatus)
  }
  const stopStatus = sync.onStatus(statusChanged)
  const stopVaults = vaults.watch((event) => {
    if (event.kind !== 'vault') return
    if (event.event.kind === 'changed') namesChanged(event.vaultId, event.event.names)
    statusChanged()
  })
  return () => {
    stopStatus()
    stopVaults()
    resting?.()
    cancelStatus?.()
  }
}

function changedNote(
  session: Session,
  vaultId: VaultId,
  names: ReadonlySet<string>,
): NotificationParams<'changed'> | undefined {
  const vault = refOf(session, vaultId)
  if (vault === undefined || names.size === 0) return undefined
  return { vault, names: names.size > LIMITS.items ? null : [...names] }
}
