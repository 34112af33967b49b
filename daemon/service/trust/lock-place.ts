import { CofferError } from '../../../shared/errors.js'
import type { VaultId } from '../../../shared/ids.js'
import type { Context } from '../../../shared/protocol/local-common.js'
import { prefixOf, refOf, selectionOf, type VaultPlace } from '../place.js'
import { checkLetIn, type Session } from '../session.js'

// Which vault a lock file is about: the directory says, not the file.

/** The project that the caller selects. @throws CofferError `usage` (reason `no-project`) */
export async function selectedVault(session: Session, context: Context): Promise<VaultPlace> {
  const place = await prefixOf(session, context, undefined)
  if (place.vault.kind === 'project') return place
  throw new CofferError('usage', 'no project is selected', {
    reason: 'no-project',
    next: 'give --org ORG --project PROJECT: a lock file is about a project',
  })
}

/** The refusal of a lock whose vault no directory of this home names. */
export function missingVault(): CofferError {
  return new CofferError('tampering', 'the lock file is of a vault that you are not in', {
    reason: 'lock-vault',
    next: "compare the lock file's history in the repository",
  })
}

/**
 * The vault to hold against a lock: the selected project if there is one, whatever the lock names; else the lock's, where
 * a directory names it.
 */
export async function placeOfLock(
  session: Session,
  context: Context,
  vaultId: VaultId,
): Promise<VaultPlace | undefined> {
  checkLetIn(session)
  const { org, project } = await selectionOf(session, context)
  if (org !== undefined && project !== undefined) return selectedVault(session, context)
  const vault = refOf(session, vaultId)
  return vault === undefined ? undefined : { shell: await session.vaults.get(vaultId), vault }
}
