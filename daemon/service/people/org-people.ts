import type { Bytes } from '../../../shared/bytes.js'
import { fromUtf8 } from '../../../shared/bytes.js'
import { decode, encode, req, struct, text, uint, type TypeOf } from '../../../shared/codec.js'
import { displayText } from '../../../shared/display.js'
import { CofferError } from '../../../shared/errors.js'
import type { InviteKey, UserId } from '../../../shared/ids.js'
import { LIMITS } from '../../../shared/limits.js'
import { levelCodec, levelOf, type Level } from '../../../shared/log/levels.js'
import {
  activeDevices,
  devicesOf,
  roleAt,
  type DeviceRecord,
  type Membership,
} from '../../../shared/log/membership.js'
import { ROLES, type Role } from '../../../shared/log/roles.js'
import { lookalikes } from '../../core/vault/lookalike.js'
import { nameProblem } from '../../core/vault/reference.js'
import type { Replica } from '../../core/vault/replica.js'
import { linkOf } from '../devices/own-devices.js'
import type { Session } from '../session.js'
import { truncated } from '../text.js'

// Who is in an org (SPEC section 13): its chain says who, settings of its admins say at which level and under which address.

/** A value of `member/<userId>` and `invite/<invite key>`: counts from owners and admins only. */
const memberRecordCodec = struct({
  level: req(0, levelCodec),
  /** As the admin typed it; NFC. */
  email: req(1, text(LIMITS.label)),
  name: req(2, text(LIMITS.label)),
  /** When the person was invited, milliseconds since 1970. */
  at: req(3, uint()),
})
export type MemberRecord = TypeOf<typeof memberRecordCodec>

/** More than a record has with all fields at their limits. */
const MAX_RECORD = 1024

export const SETTING = 'setting'
export const memberName = (userId: UserId): string => `member/${userId}`
export const inviteName = (key: InviteKey): string => `invite/${key}`
const ownName = (userId: UserId, what: 'name' | 'email'): string => `user/${userId}/${what}`

export function encodeMember(record: MemberRecord): Bytes {
  return encode(memberRecordCodec, record)
}

/** A record of the org's admins; undefined where there is none, or one that can't be read. */
export function memberRecord(replica: Replica, name: string): MemberRecord | undefined {
  const found = replica.get(SETTING, name)
  if (found === undefined) return undefined
  try {
    return decode(memberRecordCodec, replica.value(found.winner), 'a member', MAX_RECORD)
  } catch (error) {
    if (error instanceof CofferError && error.code === 'format') return undefined
    throw error
  }
}

function ownWord(replica: Replica, userId: UserId, what: 'name' | 'email'): string {
  const found = replica.get(SETTING, ownName(userId, what))
  const label = found === undefined ? undefined : fromUtf8(replica.value(found.winner))
  return label === undefined ? '' : truncated(label, LIMITS.label)
}

/** What this person's labels in an org are to be, for their own device to write. */
export function ownWords(
  replica: Replica,
  userId: UserId,
  words: { readonly name: string; readonly email: string },
): { readonly name: string; readonly label: string }[] {
  return (['name', 'email'] as const)
    .filter((what) => words[what] !== '' && ownWord(replica, userId, what) !== words[what])
    .map((what) => ({ name: ownName(userId, what), label: words[what] }))
}

/** A person in an org. */
export type Member = {
  readonly userId: UserId
  readonly level: Level
  /** As an admin typed it, else as the person says; '' where neither did. */
  readonly email: string
  readonly name: string
  /** When their first device here that is active came, milliseconds since 1970. */
  readonly since: number
  readonly devices: readonly DeviceRecord[]
  /** Name or address looks like another member's, or hides something. */
  readonly lookalike: boolean
}

/** A person's devices in a vault; what works for itself there (a runner) is nobody's device. */
export function personalDevices(m: Membership, userId: UserId): DeviceRecord[] {
  return devicesOf(m, userId).filter(({ id }) => roleAt(m, id) !== 'runner')
}

/** A person's role in a vault: the highest of their devices'; undefined when they aren't in. */
export function roleOfUser(m: Membership, userId: UserId): Role | undefined {
  const held = new Set(personalDevices(m, userId).map(({ id }) => roleAt(m, id)))
  return ROLES.find((role) => held.has(role))
}

/**
 * The level of somebody who has `role` in the org's vault. There `read` and `read+secrets` are one role, which the record
 * tells apart; a record that says more than the role is one of a promotion under way.
 */
function orgLevel(role: Role, record: MemberRecord | undefined): Level {
  if (role !== 'reader') return levelOf(role)
  return record === undefined || record.level === 'read' ? 'read' : 'read+secrets'
}

/** A person's level in the org; undefined when they aren't in. */
export function levelIn(org: Replica, userId: UserId): Level | undefined {
  const role = org.membership && roleOfUser(org.membership, userId)
  return role && orgLevel(role, memberRecord(org, memberName(userId)))
}

/** Everybody who is in the org, in the order of joining. */
export function membersOf(org: Replica): Member[] {
  const { membership } = org
  if (membership === undefined) return []
  const users = new Set(activeDevices(membership).map(({ userId }) => userId))
  const all = [...users].flatMap((userId) => {
    const devices = personalDevices(membership, userId)
    const role = roleOfUser(membership, userId)
    const [first] = devices
    if (first === undefined || role === undefined) return []
    const record = memberRecord(org, memberName(userId))
    return {
      userId,
      devices,
      level: orgLevel(role, record),
      ...addressOf(org, userId, record),
      since: linkOf(org, first)?.time ?? 0,
    }
  })
  const [names, emails] = [all.map(({ name }) => name), all.map(({ email }) => email)]
  const [odd, oddEmails] = [lookalikes(names), lookalikes(emails)]
  const twice = (name: string): boolean => name !== '' && names.filter((n) => n === name).length > 1
  return all.map((one) => ({
    ...one,
    lookalike: odd.has(one.name) || oddEmails.has(one.email) || twice(one.name),
  }))
}

/** An admin's word on who somebody is goes before their own. */
function addressOf(
  org: Replica,
  userId: UserId,
  record: MemberRecord | undefined,
): { readonly email: string; readonly name: string } {
  const { email = '', name = '' } = record ?? {}
  return {
    email: email === '' ? ownWord(org, userId, 'email') : email,
    name: name === '' ? ownWord(org, userId, 'name') : name,
  }
}

/** The address of somebody who is, or was, in the org; '' where none is known. */
export function emailIn(org: Replica, userId: UserId): string {
  return addressOf(org, userId, memberRecord(org, memberName(userId))).email
}

/** What people call somebody who is, or was, in the org: a name, else an address; '' where neither is known. */
export function calledIn(org: Replica, userId: UserId): string {
  const { name, email } = addressOf(org, userId, memberRecord(org, memberName(userId)))
  return name === '' ? email : name
}

/** Somebody who was in the org, and no longer is, by the address that admins had for them. */
function formerMembers(org: Replica): Pick<Member, 'userId' | 'email' | 'name'>[] {
  const { membership } = org
  if (membership === undefined) return []
  const all = new Set([...membership.devices.values()].map(({ userId }) => userId))
  return [...all]
    .filter((userId) => devicesOf(membership, userId).length === 0)
    .map((userId) => ({ userId, ...addressOf(org, userId, memberRecord(org, memberName(userId))) }))
}

/** Two spellings of one address. */
export function sameEmail(a: string, b: string): boolean {
  return a.normalize('NFC').toLowerCase() === b.normalize('NFC').toLowerCase()
}

/** The one whom a person typed: an address, exactly but for case, or a user id. */
function pick<T extends { readonly userId: UserId; readonly email: string }>(
  all: readonly T[],
  typed: string,
): T | undefined {
  const who = typed.trim()
  const found = all.filter(({ userId, email }) => userId === who || sameEmail(email, who))
  if (found.length < 2) return found[0]
  throw new CofferError('usage', `${found.length} people have the address ${displayText(who)}`, {
    reason: 'ambiguous-member',
    next: 'give the user id that coffer org member ls shows',
  })
}

/** @throws CofferError `not-found` (reason `no-member`), `usage` (reason `ambiguous-member`) */
export function findMember(org: Replica, typed: string): Member {
  return pick(membersOf(org), typed) ?? noMember(typed)
}

/** The same among those who are in and, where nobody is, those who were. */
export function findAnyMember(
  org: Replica,
  typed: string,
): Pick<Member, 'userId' | 'email' | 'name'> {
  return pick(membersOf(org), typed) ?? pick(formerMembers(org), typed) ?? noMember(typed)
}

function noMember(typed: string): never {
  throw new CofferError('not-found', `nobody in the org has the address ${displayText(typed)}`, {
    reason: 'no-member',
    next: 'see coffer org member ls, or let them in: coffer org invite EMAIL',
  })
}

/** An address to invite: one line, with an @, nothing hidden and no mixed scripts. @throws CofferError `format`, `limit` */
export function checkEmail(typed: string): string {
  const email = typed.trim().normalize('NFC')
  if (Buffer.byteLength(email) > LIMITS.label) {
    throw new CofferError('limit', `the address is longer than ${LIMITS.label} bytes`, {
      reason: 'label',
    })
  }
  const problem = nameProblem(email.replaceAll('@', '/'))
  if (problem === undefined && /^[^@\s]+@[^@\s]+$/.test(email)) return email
  throw new CofferError('format', `'${displayText(email)}' is no e-mail address`, {
    reason: problem === 'mixed-script' || problem === 'hidden-character' ? problem : 'email',
    next: 'give it as it is written: ann@example.org',
  })
}

/** Whether somebody else shares this org: only then does anybody need to know who this person is. */
export function isShared({ identity }: Session, { membership }: Replica): boolean {
  if (membership === undefined) return false
  return activeDevices(membership).some(({ userId }) => userId !== identity.userId)
}
