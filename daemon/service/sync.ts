import { CofferError } from '../../shared/errors.js'
import type { Params, Result } from '../../shared/protocol/local.js'
import { isOffline } from '../core/vault/selection.js'
import type { BarrierOptions, BarrierResult } from '../sync/api.js'
import type { Progress } from './relay.js'
import type { Session } from './session.js'

/** How often what was read may name vaults that are to be read, too: user vault, orgs, projects, and once to see. */
const ROUNDS = 4

/**
 * The barrier over all vaults, those included that only come to light by reading the others.
 * @throws CofferError as SyncManager.barrier
 */
export async function syncAll(session: Session, options: BarrierOptions): Promise<BarrierResult> {
  const { sync, vaults, world } = session
  const end = world.now() + options.timeout
  let [known, sent, received] = [-1, 0, 0]
  for (let round = 0; round < ROUNDS; round++) {
    await vaults.discover()
    const attached = sync.status().vaults.length
    if (attached === known) break
    known = attached
    const timeout = Math.max(1, end - world.now())
    const result = await sync.barrier('all', { ...options, timeout })
    sent += result.sent
    received += result.received
  }
  return { vaults: Math.max(known, 0), sent, received }
}

/** `coffer sync`. @throws CofferError `unreachable`, `timed-out`, `relay-refused` */
export async function syncNow(
  session: Session,
  { context, timeout }: Params<'sync'>,
  progress: Progress,
  signal: AbortSignal,
): Promise<Result<'sync'>> {
  if (isOffline(context)) {
    throw new CofferError('unreachable', 'there is no syncing offline', {
      reason: 'offline',
      next: 'leave --offline and COFFER_OFFLINE out',
    })
  }
  const result = await syncAll(session, { timeout, signal, onProgress: progress })
  return { ...result, warnings: [] }
}
