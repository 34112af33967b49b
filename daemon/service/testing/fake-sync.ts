import { CofferError } from '../../../shared/errors.js'
import type { SyncManager } from '../../sync/api.js'

function unreachable(): CofferError {
  return new CofferError('unreachable', 'there is no relay', { reason: 'relay' })
}

/** For tests of what stands on syncing: a manager to which no relay ever answers. */
export function noSync(): SyncManager {
  const attached = new Set<string>()
  const refuse = (): Promise<never> => Promise.reject(unreachable())
  return {
    setRelay: () => undefined,
    attach: ({ vaultId }) => void attached.add(vaultId),
    detach: (vaultId) => void attached.delete(vaultId),
    changed: () => undefined,
    status: () => ({ relays: [], vaults: [] }),
    onStatus: () => () => undefined,
    retryNow: () => undefined,
    barrier: refuse,
    appendLink: () => Promise.resolve('unreachable'),
    fetchChain: refuse,
    putJoinRequest: refuse,
    waitChainMoved: refuse,
    joinRequests: refuse,
    onJoinRequest: () => () => undefined,
    close: () => Promise.resolve(),
  }
}
