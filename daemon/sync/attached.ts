import type { RelayAddress, RelayStatus, VaultSyncStatus } from './api.js'
import type { VaultRunner } from './runner.js'
import type { VaultPort } from './vault-port.js'

/** A vault that is synced, or would be if its relay were known. */
export type Attached = {
  readonly port: VaultPort
  readonly own: RelayAddress | undefined
  runner: VaultRunner | undefined
}

/** How a vault's syncing stands. */
export function statusOf({ port, runner }: Attached): VaultSyncStatus {
  if (runner !== undefined) return runner.status()
  const { cursor, drafts, outbox } = port.facts()
  return {
    vaultId: port.vaultId,
    phase: 'waiting',
    pos: cursor.pos,
    head: undefined,
    drafts,
    outbox: outbox.length,
    syncedAt: undefined,
    problem: undefined,
  }
}

/** How a relay stands to which this daemon opens no connection. */
export function notLinked({ url, key }: RelayAddress): RelayStatus {
  const problem = { code: 'unreachable', reason: 'offline', message: 'started offline' } as const
  return { url, key, state: 'offline', since: 0, problem }
}
