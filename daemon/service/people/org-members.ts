import { displayText } from '../../../shared/display.js'
import { CofferError } from '../../../shared/errors.js'
import type { UserId } from '../../../shared/ids.js'
import { LIMITS } from '../../../shared/limits.js'
import { levelOf, orgRole } from '../../../shared/log/levels.js'
import { activeDevices, devicesOf, roleAt } from '../../../shared/log/membership.js'
import type { Role } from '../../../shared/log/roles.js'
import type { Params, Result } from '../../../shared/protocol/local.js'
import type { Warning } from '../../../shared/protocol/local-common.js'
import { planRemoval, planRole } from '../../core/vault/removing.js'
import type { Replica } from '../../core/vault/replica.js'
import { exposedTo } from '../removal/exposure.js'
import { allPairs, settleFor, type Pair } from './grants.js'
import { addLink } from '../links.js'
import {
  checkMayGrant,
  checkMayGrantIn,
  checkNotSelf,
  decide,
  managedOrg,
  membersOfOrg,
  orgOf,
} from './org.js'
import { withdrawInvites } from './org-invites.js'
import { leftWarnings } from './org-joiners.js'
import { personOf } from './people.js'
import { pgpOfDevice } from './pgp-invites.js'
import { caughtUp, removing } from '../removal/removal.js'
import {
  encodeMember,
  findAnyMember,
  findMember,
  memberName,
  memberRecord,
  membersOf,
  roleOfUser,
  sameEmail,
  type Member,
} from './org-people.js'
import { checkMayManage, type Session } from '../session.js'

// The people of an org: seen, raised and lowered, removed; their part in its projects follows (grants.ts).

type Shown = Result<'orgMemberList'>['members'][number]
type Exposed = Result<'orgMemberRemove'>['exposed']

export function shownMember({ identity, vaults }: Session, member: Member): Shown {
  const { userId, level, since, lookalike, devices } = member
  const self = userId === identity.userId
  // An org that nobody shares yet doesn't know its founder's name.
  const own = self ? personOf(vaults.user.replica) : { name: '', email: '' }
  const [email, name] = [member.email || own.email, member.name || own.name]
  const [pgp] = devices.flatMap(({ id }) => pgpOfDevice(vaults.user.replica, id) ?? [])
  const shown = { userId, email, name, level, since, lookalike, self }
  return pgp === undefined ? shown : { ...shown, pgp }
}

/** A word on each person who may be taken for another. */
export function lookalikeWarnings(
  members: readonly Pick<Shown, 'lookalike' | 'email' | 'name' | 'userId'>[],
): Warning[] {
  return members
    .filter(({ lookalike }) => lookalike)
    .slice(0, 100)
    .map(({ email, name, userId }) => {
      const shown = displayText([name, email].filter(Boolean).join(' '))
      const message = `${shown} looks like another member: tell them apart by the user id ${userId}`
      return { code: 'look-alike', message: message.slice(0, LIMITS.message) }
    })
}

export async function listMembers(
  session: Session,
  { context }: Params<'orgMemberList'>,
): Promise<Result<'orgMemberList'>> {
  const { listed, shell } = await orgOf(session, context)
  const members = membersOf(shell.replica)
  return {
    org: listed.name,
    members: members.map((one) => shownMember(session, one)),
    warnings: lookalikeWarnings(members),
  }
}

/** An owner must remain. @throws CofferError `refused` (reason `last-owner`) */
function checkOwnerRemains({ membership }: Replica, userId: UserId): void {
  const owners = membership === undefined ? [] : activeDevices(membership)
  const others = owners.some(({ id, userId: user }) => {
    return user !== userId && membership !== undefined && roleAt(membership, id) === 'owner'
  })
  if (others) return
  throw new CofferError('refused', 'an org needs an owner', {
    reason: 'last-owner',
    next: 'make somebody else an owner first: coffer org member update EMAIL owner',
  })
}

/** Gives a member of the selected org another level. */
export async function updateMember(
  session: Session,
  { context, who, level }: Params<'orgMemberUpdate'>,
): Promise<Result<'orgMemberUpdate'>> {
  const { listed, shell, role } = await managedOrg(session, context)
  const member = findMember(shell.replica, who)
  const { userId, email, name } = member
  checkNotSelf(session, userId)
  checkMayGrantIn(role, member.level)
  checkMayGrantIn(role, level)
  if (level !== 'owner') checkOwnerRemains(shell.replica, userId)
  const { at } = memberRecord(shell.replica, memberName(userId)) ?? { at: member.since }
  const value = encodeMember({ level, email, name, at })
  await decide(session, shell, { name: memberName(userId), value })
  await addLink(session, shell, (replica) => {
    const { membership } = replica
    const wanted = orgRole(level)
    const held = membership && roleOfUser(membership, userId)
    if (held === undefined || held === wanted) return undefined
    checkMayGrant(checkMayManage(session, replica, membersOfOrg(listed.name)), held, levelOf(held))
    return planRole(removing(session, replica), session.identity.device, userId, wanted)
  })
  const pairs = await allPairs(session, listed.vaultId)
  const left = await settleFor(session, pairs, userId)
  const exposed = exposedIn(pairs, userId, true)
  const warnings = leftWarnings(left)
  return { org: listed.name, userId, email, level, exposed, left, warnings }
}

/**
 * What somebody could read in projects, by project, as far as one answer holds it; `lost`: only where they no longer may.
 */
function exposedIn(pairs: readonly Pair[], userId: UserId, lost: boolean): Exposed {
  let room: number = LIMITS.listed
  return pairs.flatMap(({ project: { replica }, projectName: project }) => {
    const { membership } = replica
    const role = membership && roleOfUser(membership, userId)
    if (lost && (role === undefined || !['viewer', 'sealer'].includes(role))) return []
    const names = exposedTo(replica, userId).slice(0, room)
    room -= names.length
    return names.length === 0 ? [] : { project, names }
  })
}

/** Removes a person: their devices and invites from the org in one link, then from each project. */
export async function removeMember(
  session: Session,
  { context, who }: Params<'orgMemberRemove'>,
): Promise<Result<'orgMemberRemove'>> {
  const { listed, shell } = await managedOrg(session, context)
  const { userId, email } = findAnyMember(shell.replica, who)
  checkNotSelf(session, userId)
  await caughtUp(session, shell)
  await addLink(session, shell, (replica) => {
    const { membership } = replica
    const devices = membership === undefined ? [] : devicesOf(membership, userId)
    if (membership === undefined || devices.length === 0) return undefined
    // Another may have been faster, and this device be no admin any more.
    const role = checkMayManage(session, replica, membersOfOrg(listed.name))
    for (const { id } of devices) checkMayTake(role, roleAt(membership, id))
    checkOwnerRemains(replica, userId)
    return planRemoval(removing(session, replica), new Set(devices.map(({ id }) => id)))
  })
  if (email !== '') {
    await withdrawInvites(session, shell, ({ record }) => sameEmail(record.email, email))
  }
  const pairs = await allPairs(session, listed.vaultId)
  const left = await settleFor(session, pairs, userId)
  const exposed = exposedIn(pairs, userId, false)
  const warnings = [...leftWarnings(left), ...unseenWarnings(session, listed.vaultId)]
  return { org: listed.name, userId, email, exposed, left, warnings }
}

function checkMayTake(role: Role, held: Role | undefined): void {
  if (held !== undefined) checkMayGrant(role, held, levelOf(held))
}

/** Projects of the org whose secrets can't be told, since they aren't open to this device. */
function unseenWarnings({ vaults, identity }: Session, org: Pair['orgId']): Warning[] {
  const unseen = vaults.projects(org).filter(({ vaultId }) => {
    const membership = vaults.opened(vaultId)?.replica.membership
    return membership === undefined || roleAt(membership, identity.device) === undefined
  })
  if (unseen.length === 0) return []
  const names = displayText(
    unseen
      .slice(0, 20)
      .map(({ name }) => name)
      .join(', '),
  )
  const message = `not open to this device, so that somebody else must look: ${names}`
  return [{ code: 'not-let-in', message: message.slice(0, LIMITS.message) }]
}
