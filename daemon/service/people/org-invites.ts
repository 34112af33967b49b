import { signKeyPair } from '../../../shared/crypto/sign.js'
import { displayText } from '../../../shared/display.js'
import { CofferError } from '../../../shared/errors.js'
import { bytesOf, idOf, type InviteKey } from '../../../shared/ids.js'
import { LIMITS } from '../../../shared/limits.js'
import { formatInviteCode, inviteSeed } from '../../../shared/log/code.js'
import { orgRole } from '../../../shared/log/levels.js'
import { openInvites, relayOf, type InviteRecord } from '../../../shared/log/membership.js'
import type { Params, Result } from '../../../shared/protocol/local.js'
import { sealLabel } from '../../core/crypto/epoch.js'
import type { Replica } from '../../core/vault/replica.js'
import { SECRET_BYTES } from '../devices/devices.js'
import { addLink, requireRelay } from '../links.js'
import { checkMayGrantIn, managedOrg, type Org } from './org.js'
import {
  checkEmail,
  encodeMember,
  inviteName,
  memberRecord,
  membersOf,
  sameEmail,
  SETTING,
  type MemberRecord,
} from './org-people.js'
import type { Session } from '../session.js'

// Invites to an org: made, listed, taken back. Who answers one is let in by org-joiners.ts.

/** An open invite for another person, with what its maker wrote beside it. */
export type OrgInvite = { readonly invite: InviteRecord; readonly record: MemberRecord }

/** What an invite says of whom it is for; undefined while that isn't here. */
export function recordOf(org: Replica, { key }: InviteRecord): MemberRecord | undefined {
  return memberRecord(org, inviteName(key))
}

export function invitesOf(org: Replica): OrgInvite[] {
  const { membership } = org
  if (membership === undefined) return []
  return openInvites(membership).flatMap((invite) => {
    const record = recordOf(org, invite)
    return invite.userId === undefined && record !== undefined ? [{ invite, record }] : []
  })
}

function exists(reason: string, message: string, next: string): CofferError {
  return new CofferError('exists', message, { reason, next })
}

/** @throws CofferError `exists` for somebody who is in, or has an invite that counts */
function checkNew({ world }: Session, org: Replica, email: string): void {
  if (membersOf(org).some((one) => sameEmail(one.email, email))) {
    throw exists(
      'member-exists',
      `${displayText(email)} is in the org already`,
      'change the level: coffer org member update EMAIL LEVEL',
    )
  }
  const open = invitesOf(org).some(({ invite, record }) => {
    return sameEmail(record.email, email) && world.now() <= invite.expires
  })
  if (!open) return
  throw exists(
    'invite-exists',
    `${displayText(email)} has an invite already`,
    'take it back first: coffer org invite revoke EMAIL',
  )
}

/** Where the org is: what a joiner dials. @throws CofferError `usage` (reason `no-relay`) */
function placeOf({ settings }: Session, { listed, shell }: Org) {
  const key = relayOf(shell.replica.chain.known())
  const home = settings.current.relay
  const url = listed.relay === key ? listed.url : home?.key === key ? home?.url : undefined
  if (key !== undefined && url !== undefined) return { url, relay: key }
  throw new CofferError('usage', 'the org is on no relay over which others could join', {
    reason: 'no-relay',
    next: 'run coffer relay set URL --relay-key KEY',
  })
}

function checkLife(expires: number): void {
  if (expires >= 1000 && expires <= LIMITS.inviteLife) return
  throw new CofferError('limit', 'an invite lives between one second and seven days', {
    reason: 'invite-life',
  })
}

/** Invites a person to the selected org; the code is returned only once the relay has the invite. */
export async function inviteToOrg(
  session: Session,
  params: Params<'orgInvite'>,
): Promise<Result<'orgInvite'>> {
  const { context, level, expires, name = '' } = params
  const email = checkEmail(params.email)
  checkLife(expires)
  const org = await managedOrg(session, context)
  const { listed, shell, role } = org
  checkMayGrantIn(role, level)
  const place = placeOf(session, org)
  checkNew(session, shell.replica, email)
  const { world } = session
  const secret = world.random(SECRET_BYTES)
  const inviteKey = idOf<InviteKey>(signKeyPair(inviteSeed(secret)).publicKey)
  const expiresAt = world.now() + expires
  await requireRelay(session, shell)
  const value = encodeMember({ level, email, name, at: world.now() })
  await shell.write(() => [{ space: SETTING, name: inviteName(inviteKey), value }])
  await addLink(session, shell, (replica) => {
    if (replica.membership?.invites.has(inviteKey) === true) return undefined
    const { key } = replica.chain.current()
    const label = sealLabel(key, bytesOf(inviteKey), email, world.random)
    const body = { inviteKey, role: orgRole(level), expires: expiresAt, label }
    return { action: { kind: 'invite', body } }
  })
  const link = shell.replica.membership?.invites.get(inviteKey)?.link
  if (link === undefined) throw new TypeError('an accepted invite is not in the chain')
  const { vaultId } = shell
  const code = formatInviteCode({ ...place, vaultId, link, secret, title: listed.title })
  return { code, org: listed.name, email, level, expiresAt }
}

export async function listInvites(
  session: Session,
  { context }: Params<'orgInviteList'>,
): Promise<Result<'orgInviteList'>> {
  const { listed, shell } = await managedOrg(session, context)
  const now = session.world.now()
  const invites = invitesOf(shell.replica).map(({ invite, record: { level, email, at } }) => {
    const { key, expires } = invite
    return { key, email, level, at, expiresAt: expires, expired: now > expires }
  })
  return { org: listed.name, invites }
}

/** Takes the open invites of an address, or one by its key, back. @throws CofferError `not-found` (reason `no-invite`) */
export async function revokeInvite(
  session: Session,
  { context, invite: typed }: Params<'orgInviteRevoke'>,
): Promise<Result<'orgInviteRevoke'>> {
  const { listed, shell } = await managedOrg(session, context)
  const revoked = await withdrawInvites(session, shell, ({ invite, record }) => {
    return invite.key === typed.trim() || sameEmail(record.email, typed.trim())
  })
  if (revoked.length > 0) return { org: listed.name, revoked }
  throw new CofferError('not-found', `there is no open invite for ${displayText(typed)}`, {
    reason: 'no-invite',
    next: 'see coffer org invite ls',
  })
}

/** Withdraws invites one by one; gives their keys. */
export async function withdrawInvites(
  session: Session,
  shell: Org['shell'],
  which: (one: OrgInvite) => boolean,
): Promise<InviteKey[]> {
  const keys = invitesOf(shell.replica)
    .filter(which)
    .map(({ invite }) => invite.key)
  for (const inviteKey of keys) {
    await addLink(session, shell, ({ membership }) => {
      if (membership?.invites.get(inviteKey)?.state !== 'open') return undefined
      return { action: { kind: 'withdraw-invite', body: { inviteKey } } }
    })
  }
  return keys
}
