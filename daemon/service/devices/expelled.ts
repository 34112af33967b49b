import { CofferError } from '../../../shared/errors.js'
import type { VaultId } from '../../../shared/ids.js'
import { LIMITS } from '../../../shared/limits.js'
import type { Session } from '../session.js'

/** A relay that was restored may not know of the removal yet: it is asked again after so long (milliseconds). */
const AGAIN = 30_000

/**
 * Learns that this device was removed: a relay answers then as if there were no such vault, but shows the chain up to that
 * link. Asked of each vault that it refuses so, now and then; nothing is believed that isn't signed.
 */
export function learnRemovals(session: Session): void {
  const { sync, vaults, ended, world } = session
  const asked = new Map<VaultId, number>()
  const ask = async (vaultId: VaultId): Promise<void> => {
    const shell = vaults.opened(vaultId)
    const known = shell?.replica.membership?.hashes.length
    if (shell === undefined || known === undefined) return
    try {
      const options = { timeout: LIMITS.linkTimeout, signal: ended }
      const { entries } = await sync.fetchChain(vaultId, known, options)
      if (entries.length > 0) await shell.ingestChain(entries)
    } catch (error) {
      // The relay doesn't have it at all, or is away: the problem stays in the status.
      if (!(error instanceof CofferError)) throw error
    }
  }
  const stop = sync.onStatus(() => {
    for (const { vaultId, problem } of sync.status().vaults) {
      if (problem?.code !== 'not-found') asked.delete(vaultId)
      else if (world.now() - (asked.get(vaultId) ?? -Infinity) >= AGAIN) {
        asked.set(vaultId, world.now())
        ask(vaultId).catch(world.onError)
      }
    }
  })
  ended.addEventListener('abort', stop)
}
