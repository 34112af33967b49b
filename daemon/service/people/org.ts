import { displayText } from '../../../shared/display.js'
import { CofferError } from '../../../shared/errors.js'
import { LIMITS } from '../../../shared/limits.js'
import { orgRole, type Level, type ProjectLevel } from '../../../shared/log/levels.js'
import { mayGrant, type Role } from '../../../shared/log/roles.js'
import type { Context } from '../../../shared/protocol/local-common.js'
import type { Bytes } from '../../../shared/bytes.js'
import type { Replica } from '../../core/vault/replica.js'
import type { VaultShell } from '../../vault/shell.js'
import type { Listed } from './directory.js'
import { isLocal, requireRelay } from '../links.js'
import { stillLoading } from '../secrets/missing.js'
import { selectedOrg } from './scopes.js'
import { SETTING } from './org-people.js'
import { checkMayManage, type Session } from '../session.js'

// What the commands on an org's people have in common.

export type Org = { readonly listed: Listed; readonly shell: VaultShell }

/** The selected org, open and here as a whole. @throws CofferError `usage` (reason `no-org`), `not-found`, `stale` */
export async function orgOf(session: Session, context: Context): Promise<Org> {
  const listed = await selectedOrg(session, context)
  const shell = await session.vaults.get(listed.vaultId)
  await session.loading.wait(shell, () => false, session.ended)
  if (session.loading.has(listed.vaultId)) throw stillLoading('the org')
  return { listed, shell }
}

/** The same, where this device manages it; with its role. @throws CofferError `refused` too */
export async function managedOrg(
  session: Session,
  context: Context,
): Promise<Org & { readonly role: Role }> {
  const org = await orgOf(session, context)
  const what = membersOfOrg(org.listed.name)
  return { ...org, role: checkMayManage(session, org.shell.replica, what) }
}

/** What only owners and admins change, in words. */
export function membersOfOrg(name: string): string {
  return `the members of ${displayText(name)}`
}

/** Refuses to give, or to take, what a role may not. @throws CofferError `refused` (reason `role`) */
export function checkMayGrant(role: Role, wanted: Role, level: ProjectLevel): void {
  if (mayGrant(role, wanted)) return
  throw new CofferError('refused', `only an owner gives or takes the level ${level}`, {
    reason: 'role',
    next: 'ask an owner: coffer org member ls',
  })
}

/** The same for a level in the org itself. */
export function checkMayGrantIn(role: Role, level: Level): void {
  checkMayGrant(role, orgRole(level), level)
}

/** Nobody takes their own rights: an org must stay manageable. @throws CofferError `refused` (reason `self`) */
export function checkNotSelf({ identity }: Session, userId: string): void {
  if (userId !== identity.userId) return
  throw new CofferError('refused', 'nobody changes their own level, or removes themselves', {
    reason: 'self',
    next: 'ask another owner or admin',
  })
}

/**
 * Writes an admin's setting and waits until it stands in the relay's log, so that every other admin's device knows it before
 * the link that follows from it.
 * @throws CofferError `unreachable`: then nothing is written, or what is left is done in the background
 */
export async function decide(
  session: Session,
  shell: VaultShell,
  setting: { readonly name: string; readonly value: Bytes | undefined },
  check: (replica: Replica) => void = () => undefined,
): Promise<void> {
  await requireRelay(session, shell)
  await shell.write((replica) => {
    check(replica)
    return [{ space: SETTING, ...setting }]
  })
  if (isLocal(shell.replica)) return
  const { sync, ended } = session
  await sync.barrier([shell.vaultId], { timeout: LIMITS.linkTimeout, signal: ended })
}
