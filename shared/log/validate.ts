import { equal, type Bytes } from '../bytes.js'
import { decode } from '../codec.js'
import { hash } from '../crypto/hash.js'
import { verify } from '../crypto/sign.js'
import { bytesOf, idOf, type InviteKey, type LinkHash, type VaultId } from '../ids.js'
import type { DeviceStatement } from './device.js'
import {
  decodeWraps,
  joinRequestBodyCodec,
  signedLink,
  wrapsHashOf,
  type Action,
  type JoinRequest,
  type JoinRequestBody,
  type Link,
} from './link.js'
import { headOf, roleAt, type DeviceRecord, type Membership } from './membership.js'
import { mayBringOwn, RIGHTS, type Role } from './roles.js'
import {
  checkForm,
  checkInviteRoom,
  checkJoiner,
  checkNewDevice,
  checkStatement,
  mayBring,
  mayWithdraw,
  openInvite,
  refuse,
} from './rules.js'
import type { Signed } from './signed.js'
import { LIMITS } from '../limits.js'

type ActionOf<K extends Action['kind']> = Extract<Action, { kind: K }>['body']

/**
 * The membership that a vault starts with.
 * @throws CofferError `tampering` or `format`
 */
export function openChain(signed: Signed): Membership {
  const link = signedLink.read(signed)
  checkForm(link)
  const { action } = link
  if (
    action.kind !== 'genesis' ||
    link.n !== 0 ||
    link.vaultId !== undefined ||
    link.prev !== undefined
  ) {
    return refuse('bad-chain', 'the first link is not a genesis')
  }
  const { statement, epoch, kind, label, relay } = action.body
  const id = checkStatement(statement)
  if (id !== link.author) refuse('bad-chain', 'the genesis author is not the device it names')
  signedLink.check(signed, statement.keys.sign)
  const linkHash = signedLink.id(signed)
  const roles = [{ from: 0, role: 'owner' as const }]
  const { keys, userId } = statement
  return {
    vaultId: idOf<VaultId>(bytesOf(linkHash)),
    kind,
    hashes: [linkHash],
    devices: new Map([[id, { id, keys, userId, addedBy: id, label, roles }]]),
    invites: new Map(),
    epochs: [{ from: 0, start: epoch }],
    relays: relay === undefined ? [] : [{ from: 0, relay }],
  }
}

/**
 * Checks one signed link against the membership before it and, when everything holds, applies it.
 * On any error the membership is as it was.
 * @throws CofferError `tampering` with the rule's name as reason, `format`, or `limit`
 */
export function applyLink(m: Membership, signed: Signed): Link {
  const link = signedLink.read(signed)
  checkForm(link)
  const head = headOf(m)
  if (link.vaultId !== m.vaultId) refuse('foreign-vault', 'it belongs to another vault')
  if (link.n !== head.n + 1 || link.prev !== head.hash)
    refuse('bad-chain', "it doesn't follow the head")
  const author = m.devices.get(link.author)
  const role = roleAt(m, link.author)
  if (author === undefined || role === undefined)
    return refuse('unknown-author', 'its author is no active device')
  signedLink.check(signed, author.keys.sign)
  const apply = planAction(m, link, author, role)
  const linkHash = signedLink.id(signed)
  apply(linkHash)
  m.hashes.push(linkHash)
  return link
}

/** The change that a checked link makes, given the link's hash. */
type Apply = (link: LinkHash) => void

/** Checks an action; gives the change to make. */
function planAction(m: Membership, link: Link, author: DeviceRecord, role: Role): Apply {
  const { action, n } = link
  switch (action.kind) {
    case 'genesis':
      return refuse('bad-chain', 'a second genesis')
    case 'relay': {
      if (!RIGHTS[role].manages) refuse('not-authorised', 'only an owner or admin names the relay')
      const { relay } = action.body
      return () => m.relays.push({ from: n, relay })
    }
    case 'invite':
      return planInvite(m, action.body, author, role)
    case 'withdraw-invite':
      return planWithdraw(m, action.body.inviteKey, author, role)
    case 'admit':
      return planAdmit(m, action.body, n, author, role)
    case 'add-device':
      return planAddDevice(m, action.body, n, author, role)
  }
}

function planInvite(
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

function planWithdraw(m: Membership, key: InviteKey, author: DeviceRecord, role: Role): () => void {
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
  rest: Pick<DeviceRecord, 'addedBy' | 'label'>,
): () => void {
  const id = checkStatement(statement)
  checkNewDevice(m, id, statement)
  if (m.kind === 'user' && role === 'runner') refuse('foreign-user', 'a user vault has no runners')
  const { keys, userId } = statement
  return () => {
    m.devices.set(id, { id, keys, userId, roles: [{ from: n, role }], ...rest })
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

function planAdmit(
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
  })
  return () => {
    add()
    m.invites.set(invite.key, { ...invite, state: 'used' })
  }
}

function planAddDevice(
  m: Membership,
  body: ActionOf<'add-device'>,
  n: number,
  author: DeviceRecord,
  role: Role,
): () => void {
  if (body.statement.userId !== author.userId || !mayBringOwn(role, body.role)) {
    refuse('not-authorised', 'its author may add own devices only, with no right that it lacks')
  }
  return addDevice(m, body.statement, body.role, n, { addedBy: author.id, label: body.label })
}

/**
 * Checks that a link's table of wraps is the one that it names: what comes with a link is as good as its signature.
 * @throws CofferError `tampering` (reason `bad-wraps`)
 */
export function checkTable(link: Link, table: Bytes | undefined): void {
  const expected = wrapsHashOf(link.action)
  if ((expected === undefined) !== (table === undefined))
    refuse('bad-wraps', 'its table of wraps is missing or unasked for')
  if (expected !== undefined && table !== undefined && !equal(hash('wraps', table), expected))
    refuse('bad-wraps', 'its table of wraps is another')
}

/**
 * Checks a link's table of wraps: its hash is the link's, its recipients are exactly whom the link makes a
 * reader. Boxes are opened elsewhere. `m` is the membership once the link holds.
 * @throws CofferError `tampering` (reason `bad-wraps`) or `format`
 */
export function checkWraps(m: Membership, link: Link, table: Bytes | undefined): void {
  checkTable(link, table)
  if (table === undefined) return
  const recipients = decodeWraps(table).map((wrap) => wrap.device)
  const readers = [...m.devices.values()]
    .filter((device) => device.roles[0]?.from === link.n)
    .filter((device) => RIGHTS[roleAt(m, device.id) ?? 'viewer'].reads)
    .map((device) => device.id)
  if (recipients.join() !== readers.join())
    refuse('bad-wraps', 'its table of wraps has other recipients')
}
