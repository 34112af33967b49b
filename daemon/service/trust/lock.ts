import { CofferError } from '../../../shared/errors.js'
import type { Demands, Warning } from '../../../shared/protocol/local-common.js'
import type { Params, Result } from '../../../shared/protocol/local.js'
import {
  checkLock,
  formatLock,
  lockOf,
  parseLock,
  type Behind,
} from '../../core/vault/lock-file.js'
import { findLock, readLock, type FoundLock } from './lock-search.js'
import { missingVault, placeOfLock, selectedVault } from './lock-place.js'
import type { VaultPlace } from '../place.js'
import { queuedIn } from '../queue.js'
import type { Session } from '../session.js'

// Lock files: what a repository says that its readers' vault must hold (SPEC section 13).

type Strictness = NonNullable<Demands['lock']>

function noLock(): CofferError {
  return new CofferError('refused', 'there is no .coffer/lock here or above', {
    reason: 'no-lock',
    next: 'make one: coffer lock-file update',
  })
}

function behindText(path: string, { links, changesets }: Behind): string {
  const parts = [
    ...(links === 0 ? [] : [`${links} links`]),
    ...(changesets === 0 ? [] : [`${changesets} changesets`]),
  ]
  return `what is here is behind ${path}: it lacks ${parts.join(' and ')} of it or more`
}

/**
 * Holds one vault against a lock file. One that is behind is refused, or (`warn`) read with a word, where this device
 * has read the vault to its end before: a new one has nothing to go by but the lock.
 * @throws CofferError `tampering` (`lock-vault`, `lock-relay`, `lock-fork`), `stale` (`lock-behind`), `format`
 */
function hold(
  { loading }: Session,
  { shell }: VaultPlace,
  { path, content }: FoundLock,
  strictness: Strictness,
): Warning[] {
  const behind = checkLock(shell.replica, parseLock(content))
  if (behind.links === 0 && behind.changesets === 0) return []
  const message = behindText(path, behind)
  if (strictness === 'warn' && !loading.has(shell.vaultId)) {
    return [{ code: 'lock-behind', message }]
  }
  throw new CofferError('stale', message, { reason: 'lock-behind', next: 'run coffer sync' })
}

/** Holds a vault that is about to be read against the nearest lock file at or above `cwd`. */
export async function requireLock(
  session: Session,
  cwd: string,
  place: VaultPlace,
  strictness: Strictness,
): Promise<Warning[]> {
  const found = await findLock(cwd)
  if (found === undefined) throw noLock()
  return hold(session, place, found, strictness)
}

function lockFor(cwd: string, file: string | undefined): Promise<FoundLock | undefined> {
  return file === undefined ? findLock(cwd) : readLock(file)
}

/** What the lock file of the selected project is to hold, and the one that there is, which says no more. */
export async function lockState(
  session: Session,
  { context, file }: Params<'lockState'>,
): Promise<Result<'lockState'>> {
  const place = await selectedVault(session, context)
  const { replica } = place.shell
  const content = formatLock(lockOf(replica))
  const found = await lockFor(context.cwd, file)
  if (found !== undefined) hold(session, place, found, 'refuse')
  const queued = queuedIn(replica)
  const message = `${queued} changes that the relay doesn't have yet are not in it`
  const warnings = queued === 0 ? [] : [{ code: 'queued', message }]
  return { vault: place.vault, content, file: found?.path ?? null, warnings }
}

/**
 * Holds the vault that a lock file names against it. One that no directory names is refused, and so is one that the
 * selected project isn't: a lock never takes the place of what is known.
 */
export async function checkLockFile(
  session: Session,
  { context, file, strict }: Params<'lockCheck'>,
): Promise<Result<'lockCheck'>> {
  const found = await lockFor(context.cwd, file)
  if (found === undefined) throw noLock()
  const lock = parseLock(found.content)
  const place = await placeOfLock(session, context, lock.vaultId)
  if (place === undefined) throw missingVault()
  const warnings = hold(session, place, found, strict ? 'refuse' : 'warn')
  return { file: found.path, vault: place.vault, satisfied: warnings.length === 0, warnings }
}
