import { displayText } from '../../../shared/display.js'
import { durationText } from '../../../shared/duration.js'
import { CofferError } from '../../../shared/errors.js'
import type { Context, Demands, VaultRef, Warning } from '../../../shared/protocol/local-common.js'
import type { VaultShell } from '../../vault/shell.js'
import { requireLock } from './lock.js'
import type { VaultPlace } from '../place.js'
import type { Session } from '../session.js'
import { syncOnline } from '../sync.js'

// What a reader may ask of the age of what it reads (SPEC section 9).

/** How long `--fresh` waits for the relay. */
const FRESH_WAIT = 30_000

/** How long ago (ms) another device signed that this is what there is; undefined: unconfirmed. */
export function ageOf({ world }: Session, { replica }: VaultShell): number | undefined {
  const { confirmedAt } = replica
  return confirmedAt === undefined ? undefined : Math.max(0, world.now() - confirmedAt)
}

function nameOf({ kind, org = '', project }: VaultRef): string {
  if (kind === 'user') return 'your own vault'
  return displayText(project === undefined ? org : `${org}/${project}`)
}

function checkAge(session: Session, { shell, vault }: VaultPlace, maxAge: number): void {
  const age = ageOf(session, shell)
  if (age !== undefined && age <= maxAge) return
  const said =
    age === undefined
      ? `no other device has confirmed ${nameOf(vault)}`
      : `another device confirmed ${nameOf(vault)} ${durationText(age)} ago, not within ${durationText(maxAge)}`
  throw new CofferError('stale', said, {
    reason: age === undefined ? 'unconfirmed' : 'too-old',
    next: 'run coffer sync, here and on another device',
  })
}

/**
 * Reads the relay to its end first, when that is asked for.
 * @throws CofferError `unreachable`, `timed-out`, `relay-refused`
 */
export async function readFresh(
  session: Session,
  { context, fresh }: Demands & { readonly context: Context },
  signal: AbortSignal,
): Promise<void> {
  if (fresh === true) await syncOnline(session, context, { timeout: FRESH_WAIT, signal })
}

/**
 * Holds vaults that are about to be read against what the reader demands; gives what it should know all the same.
 * @throws CofferError `stale` (`unconfirmed`, `too-old`, `lock-behind`), `tampering`, `refused` (`no-lock`)
 */
export async function checkDemands(
  session: Session,
  places: readonly VaultPlace[],
  { context, maxAge, lock }: Demands & { readonly context: Context },
): Promise<Warning[]> {
  const warnings: Warning[] = []
  const seen = new Set<VaultShell>()
  for (const place of places) {
    if (seen.has(place.shell)) continue
    seen.add(place.shell)
    if (maxAge !== undefined) checkAge(session, place, maxAge)
    if (lock !== undefined) warnings.push(...(await requireLock(session, context.cwd, place, lock)))
  }
  return warnings
}
