import { displayText } from '../../shared/display.js'
import { CofferError } from '../../shared/errors.js'
import type { VaultId } from '../../shared/ids.js'
import type { Params, Result } from '../../shared/protocol/local.js'
import type { Context, Warning } from '../../shared/protocol/local-common.js'
import { isOffline } from '../core/vault/selection.js'
import type { BarrierOptions, BarrierResult } from '../sync/api.js'
import { refOf } from './place.js'
import type { Session } from './session.js'

type Progress = NonNullable<BarrierOptions['onProgress']>

/** How often what was read may name vaults that are to be read, too: user vault, orgs, projects, and once to see. */
const ROUNDS = 4

export type Synced = BarrierResult & { readonly warnings: readonly Warning[] }

/**
 * The barrier over all vaults, those included that only come to light by reading the others. One that hasn't let this
 * device in yet (another device of the person is about to) is named in a warning and holds nobody up.
 * @throws CofferError as SyncManager.barrier
 */
export async function syncAll(session: Session, options: BarrierOptions): Promise<Synced> {
  const { sync, vaults, world } = session
  const end = world.now() + options.timeout
  // Somebody waits: no pause between attempts holds now.
  sync.retryNow()
  let warnings: Warning[] = []
  let [known, sent, received] = [-1, 0, 0]
  for (let round = 0; round < ROUNDS; round++) {
    await vaults.discover()
    const attached = sync.status().vaults.map(({ vaultId }) => vaultId)
    if (attached.length === known) break
    known = attached.length
    const timeout = Math.max(1, end - world.now())
    const [own, others] = byMembership(session, attached)
    // A home without a relay of its own may hold orgs of others alone, of which nothing is here yet.
    if (own.length > 0 || others.length === 0) {
      const result = await sync.barrier(own, { ...options, timeout })
      sent += result.sent
      received += result.received
    }
    const refused = await Promise.all(others.map((one) => isRefused(session, one, options)))
    warnings = others.filter((_, i) => refused[i]).map((one) => notLetIn(session, one))
  }
  return { vaults: Math.max(known, 0), sent, received, warnings }
}

/** Vaults that this device knows itself in, and those of which it has read nothing yet. */
function byMembership({ vaults }: Session, ids: readonly VaultId[]): [VaultId[], VaultId[]] {
  const empty = (id: VaultId): boolean => vaults.opened(id)?.replica.membership === undefined
  return [ids.filter((id) => !empty(id)), ids.filter(empty)]
}

/** Waits for the first reading of a vault; true when the relay says that this device isn't in it. */
async function isRefused(
  { sync }: Session,
  vaultId: VaultId,
  options: BarrierOptions,
): Promise<boolean> {
  try {
    await sync.barrier([vaultId], options)
    return false
  } catch (error) {
    if (error instanceof CofferError && error.code === 'not-found') return true
    throw error
  }
}

function notLetIn(session: Session, vaultId: VaultId): Warning {
  const { org = '', project } = refOf(session, vaultId) ?? {}
  const name = displayText(project === undefined ? org : `${org}/${project}`)
  return { code: 'not-let-in', message: `${name} is not open to this device yet` }
}

/** The barrier over all vaults for a caller who may have asked for no network. @throws CofferError as syncAll */
export async function syncOnline(
  session: Session,
  context: Context,
  options: BarrierOptions,
): Promise<Synced> {
  if (isOffline(context)) {
    throw new CofferError('unreachable', 'there is no syncing offline', {
      reason: 'offline',
      next: 'leave --offline and COFFER_OFFLINE out',
    })
  }
  return syncAll(session, options)
}

/** `coffer sync`. @throws CofferError `unreachable`, `timed-out`, `relay-refused` */
export function syncNow(
  session: Session,
  { context, timeout }: Params<'sync'>,
  progress: Progress,
  signal: AbortSignal,
): Promise<Result<'sync'>> {
  return syncOnline(session, context, { timeout, signal, onProgress: progress })
}
