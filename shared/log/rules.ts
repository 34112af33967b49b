import { CofferError } from '../errors.js'
import type { DeviceId, InviteKey, LinkHash, UserId } from '../ids.js'
import { LIMITS } from '../limits.js'
import { deviceIdOf, statementHolds, type DeviceStatement } from './device.js'
import { SUITE, VERSION, type Link } from './link.js'
import { openInvites, type DeviceRecord, type InviteRecord, type Membership } from './membership.js'
import { mayBringOwn, mayGrant, type Role } from './roles.js'

// The single rules by which a link is judged (SPEC section 5); validate.ts says which hold for which action.

/** The change that a checked link makes, given the link's hash. */
export type Apply = (link: LinkHash) => void

/** Whether texts rise without doubles. */
export function isAscending(all: readonly string[]): boolean {
  return all.every((one, i) => i === 0 || one > (all[i - 1] ?? ''))
}

export function refuse(reason: string, what: string): never {
  throw new CofferError('tampering', `a membership link is invalid: ${what}`, { reason })
}

export function full(what: string): never {
  throw new CofferError('limit', `the vault has as many ${what} as it may`, {
    reason: 'members',
  })
}

export function checkForm(link: Link): void {
  if (link.version !== VERSION || link.suite !== SUITE) {
    throw new CofferError(
      'format',
      'a membership link is of a version or suite that this program lacks',
      {
        reason: 'suite',
        next: 'upgrade coffer on this machine',
      },
    )
  }
}

export function checkStatement(statement: DeviceStatement): DeviceId {
  if (!statementHolds(statement)) refuse('bad-proof', 'the device did not sign its own keys')
  return deviceIdOf(statement.keys)
}

/** Whether a device may bring the joiner of `invite` in, or take the invite back. */
export function mayBring(
  author: DeviceRecord,
  role: Role,
  invite: Pick<InviteRecord, 'role' | 'userId'>,
): boolean {
  const own = invite.userId === author.userId && mayBringOwn(role, invite.role)
  return own || (invite.userId === undefined && mayGrant(role, invite.role))
}

/**
 * A joiner of one's own is nobody else's business, but whoever may grant the role may always withdraw: else a
 * viewer could fill the table of open invites for good.
 */
export function mayWithdraw(author: DeviceRecord, role: Role, invite: InviteRecord): boolean {
  return (
    author.id === invite.author || mayBring(author, role, invite) || mayGrant(role, invite.role)
  )
}

export function openInvite(m: Membership, key: InviteKey): InviteRecord {
  const invite = m.invites.get(key)
  if (invite === undefined) return refuse('invite-unknown', 'no such invite')
  if (invite.state !== 'open') refuse('invite-used', `the invite is ${invite.state}`)
  return invite
}

/** One more open invite must fit. @throws CofferError `limit` */
export function checkInviteRoom(m: Membership): void {
  if (openInvites(m).length >= LIMITS.invites) full('open invites')
}

/**
 * A device that joins is new, with both its keys: a key that was in the vault never returns, in no other pair.
 * @throws CofferError `tampering`, or `limit` when no more devices fit
 */
export function checkNewDevice(
  m: Membership,
  id: DeviceId,
  { keys, userId }: DeviceStatement,
): void {
  if (m.devices.has(id) || m.devices.knows(keys))
    refuse('device-known', 'the device, or a key of it, is or was in the vault')
  const owner = m.devices.founder
  if (m.kind === 'user' && userId !== owner?.userId)
    refuse('foreign-user', 'a user vault is private')
  if (m.devices.activeCount >= LIMITS.devices) full('devices')
}

/** Devices that join together share no key. @throws CofferError `tampering` */
export function checkNewKeys(statements: readonly DeviceStatement[]): void {
  const keys = statements.flatMap(({ keys: { sign, box } }) => [
    `s${sign.join()}`,
    `b${box.join()}`,
  ])
  if (new Set(keys).size < keys.length) refuse('device-known', 'two of its devices share a key')
}

/**
 * Whose device may join by an invite: the inviter's own, or one of a user who isn't here. Without this a stranger
 * could name the id of a member, and be taken for that person's device.
 */
export function checkJoiner(m: Membership, invite: InviteRecord, userId: UserId): void {
  if (invite.userId !== undefined) {
    if (invite.userId !== userId) refuse('foreign-user', 'the invite is for a device of its author')
  } else if (m.devices.of(userId).length > 0) {
    refuse('user-known', 'the user is or was in the vault: a stranger may not take their place')
  }
}
