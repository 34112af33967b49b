import { decode } from '../codec.js'
import { verify } from '../crypto/sign.js'
import { bytesOf, type InviteKey } from '../ids.js'
import { LIMITS } from '../limits.js'
import { deviceIdOf, type DeviceStatement } from './device.js'
import {
  joinRequestBodyCodec,
  type Action,
  type ActionOf,
  type JoinRequest,
  type JoinRequestBody,
} from './link.js'
import { devicesOf, runnersOf, type DeviceRecord, type Membership } from './membership.js'
import { mayBringOwn, mayGrant, type Role } from './roles.js'
import {
  checkInviteRoom,
  checkJoiner,
  checkNewDevice,
  checkNewKeys,
  checkStatement,
  full,
  isAscending,
  mayBring,
  mayWithdraw,
  openInvite,
  refuse,
  type Apply,
} from './rules.js'

// What lets devices in (SPEC section 5): invites and their answers, own devices, a member whom an org knows.

export function planInvite(
  m: Membership,
  body: ActionOf<'invite'>,
  author: DeviceRecord,
  role: Role,
): Apply {
  if (m.invites.has(body.inviteKey)) refuse('invite-known', 'its invite key was used before')
  const { inviteKey: key, expires, label, userId } = body
  if (!mayBring(author, role, { role: body.role, userId }))
    refuse('not-authorised', 'its author may not give this role')
  if (m.kind === 'user' && userId !== author.userId)
    refuse('foreign-user', 'a user vault is private')
  checkInviteRoom(m)
  return (link) => {
    m.invites.set(key, {
      key,
      role: body.role,
      expires,
      userId,
      label,
      author: author.id,
      link,
      state: 'open',
    })
  }
}

export function planWithdraw(
  m: Membership,
  key: InviteKey,
  author: DeviceRecord,
  role: Role,
): () => void {
  const invite = openInvite(m, key)
  if (!mayWithdraw(author, role, invite))
    refuse('not-authorised', 'its author may not withdraw the invite')
  return () => m.invites.set(key, { ...invite, state: 'withdrawn' })
}

function addDevice(
  m: Membership,
  statement: DeviceStatement,
  role: Role,
  n: number,
  rest: Pick<DeviceRecord, 'addedBy' | 'label' | 'recovery'>,
): () => void {
  const id = checkStatement(statement)
  checkNewDevice(m, id, statement)
  if (m.kind === 'user' && role === 'runner') refuse('foreign-user', 'a user vault has no runners')
  if (role === 'runner' && runnersOf(m).length >= LIMITS.runners) full('runners')
  const { keys, userId } = statement
  return () => {
    m.devices.put({ id, keys, userId, roles: [{ from: n, role }], cuts: [], ...rest })
  }
}

/**
 * A joiner's request with both of its signatures checked against the open invite that it names.
 * @throws CofferError `tampering`
 */
export function checkJoinRequest(m: Membership, request: JoinRequest): JoinRequestBody {
  const body = decode(joinRequestBodyCodec, request.body, 'a join request', LIMITS.joinRequestBody)
  const invite = openInvite(m, body.inviteKey)
  const inviteKey = bytesOf(invite.key)
  if (body.vaultId !== m.vaultId || body.inviteLink !== invite.link)
    refuse('bad-proof', 'the request is for another invite')
  const { inviteSignature, deviceSignature } = request
  if (!verify('join-invite', inviteSignature, request.body, inviteKey))
    refuse('bad-proof', 'the joiner does not hold the code')
  if (!verify('join-device', deviceSignature, request.body, body.statement.keys.sign)) {
    refuse('bad-proof', 'the joiner does not hold the device keys')
  }
  checkStatement(body.statement)
  checkJoiner(m, invite, body.statement.userId)
  return body
}

export function planAdmit(
  m: Membership,
  body: ActionOf<'admit'>,
  n: number,
  author: DeviceRecord,
  role: Role,
): () => void {
  const request = checkJoinRequest(m, body.request)
  const invite = openInvite(m, request.inviteKey)
  if (!mayBring(author, role, invite)) refuse('not-authorised', 'its author may not give this role')
  const add = addDevice(m, request.statement, invite.role, n, {
    addedBy: author.id,
    label: body.label,
    recovery: false,
  })
  return () => {
    add()
    m.invites.set(invite.key, { ...invite, state: 'used' })
  }
}

export function planAddDevice(
  m: Membership,
  body: ActionOf<'add-device'>,
  n: number,
  author: DeviceRecord,
  role: Role,
): () => void {
  if (body.statement.userId !== author.userId || !mayBringOwn(role, body.role)) {
    refuse('not-authorised', 'its author may add own devices only, with no right that it lacks')
  }
  const { label, recovery } = body
  const rest = { addedBy: author.id, label, recovery: recovery === 1 }
  return addDevice(m, body.statement, body.role, n, rest)
}

/** A person whom an org knows comes into a vault of it: whoever may grant the role vouches for whose devices they are. */
export function planAddMember(
  m: Membership,
  { statements, role: given, labels }: ActionOf<'add-member'>,
  n: number,
  author: DeviceRecord,
  role: Role,
): () => void {
  const userId = statements[0]?.userId
  if (userId === undefined || statements.some((one) => one.userId !== userId))
    refuse('bad-proof', 'it brings devices of several users')
  if (labels.length !== statements.length) refuse('bad-proof', 'a device has no label')
  const ids = statements.map((one) => deviceIdOf(one.keys))
  if (!isAscending(ids)) refuse('bad-proof', 'its devices are unordered or doubled')
  if (!mayGrant(role, given) || given === 'runner')
    refuse('not-authorised', 'its author may not give this role')
  if (devicesOf(m, userId).length > 0)
    refuse('user-known', 'the user is in the vault: their own device lets another of theirs in')
  const adds = statements.map((statement, i) => {
    const label = labels[i] ?? new Uint8Array()
    return addDevice(m, statement, given, n, { addedBy: author.id, label, recovery: false })
  })
  checkNewKeys(statements)
  if (m.devices.activeCount + statements.length > LIMITS.devices) full('devices')
  return () => {
    for (const add of adds) add()
  }
}

/** The statements of the devices that an action lets in. @throws CofferError `format` */
export function statementsOf(action: Action): readonly DeviceStatement[] {
  switch (action.kind) {
    case 'add-device':
      return [action.body.statement]
    case 'add-member':
      return action.body.statements
    case 'admit': {
      const { body } = action.body.request
      return [
        decode(joinRequestBodyCodec, body, 'a join request', LIMITS.joinRequestBody).statement,
      ]
    }
    default:
      return []
  }
}
