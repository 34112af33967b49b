import type { Bytes } from '../shared/bytes.js'
import { CofferError } from '../shared/errors.js'
import type { DeviceId, VaultId } from '../shared/ids.js'
import { openInvites } from '../shared/log/membership.js'
import type { RelayMessage } from '../shared/protocol/relay.js'
import { checkHead, checkJoin, checkMember, notThere, readableLinks } from './core/access.js'
import type { Request } from './core/session.js'
import { chainHead, headAt, isMember } from './core/vault.js'
import type { Hub } from './hub.js'
import type { Mailbox } from './mailbox/mailbox.js'
import type { WakeBus } from './mailbox/wake.js'
import type { Peer } from './peer.js'
import { PAGE, REGISTERS } from './vault.js'
import type { Snapshots } from './snapshots.js'
import type { Vaults } from './vaults.js'

export type RequestParts = {
  readonly mailbox: Mailbox
  readonly vaults: Vaults
  readonly bus: WakeBus
  readonly hub: Hub
  /** Resolves when the token, if any, allows making a vault. @throws CofferError reason `registration` */
  readonly mayRegister: (token: string | undefined) => Promise<void>
  /** Milliseconds since 1970. */
  readonly now: () => number
  readonly vaultsPerPeer: number
  readonly onAppended: (entries: number, bytes: number) => void
  readonly snapshots: Snapshots
  /** A vault's chain has moved: its snapshots are looked through, while nobody waits. */
  readonly settle: (vaultId: VaultId) => void
}

/** A request's reply, and what follows once it was sent. */
export type Reply = { readonly message: RelayMessage; readonly after?: () => void }

type Of<K extends Request['kind']> = Extract<Request, { kind: K }>
type Handlers = {
  readonly [K in Request['kind']]: (
    parts: RequestParts,
    peer: Peer,
    request: Of<K>,
  ) => Promise<Reply>
}

async function create(parts: RequestParts, peer: Peer, { id, body }: Of<'create'>): Promise<Reply> {
  const made = await parts.vaults.create(peer.device, body.links, () =>
    parts.mayRegister(body.token),
  )
  const { head, existed } = made
  return { message: { kind: 'created', id, body: { head, existed } } }
}

async function open(parts: RequestParts, peer: Peer, { id, body }: Of<'open'>): Promise<Reply> {
  const { vaultId, after } = body
  const state = await memberState(parts, peer, vaultId)
  checkRoom(parts, peer, vaultId)
  // What was pushed from an older cursor must not come between the reply and the new pushes.
  parts.hub.unwatch(peer, vaultId)
  // The same check of the cursor that a read makes; an empty page will do.
  await parts.mailbox.read(vaultId, after, { entries: 1, bytes: 1 })
  const info = await parts.mailbox.info(vaultId)
  if (info === undefined) throw notThere()
  const { head, generation, floor } = info
  const offer = await parts.snapshots.offered(vaultId)
  const opened = { head, generation, floor: floor.pos, memberHead: chainHead(state) }
  return {
    message: { kind: 'opened', id, body: opened },
    after: () => {
      parts.hub.follow(peer, vaultId, after)
      if (offer !== undefined)
        peer.push({ kind: 'snapshot', id: 0, body: { vaultId, snapshot: offer } })
    },
  }
}

async function memberState(
  { vaults }: RequestParts,
  { device }: { readonly device: DeviceId },
  vaultId: VaultId,
) {
  const state = await vaults.get(vaultId).state()
  checkMember(state, device)
  return state
}

function checkRoom({ vaultsPerPeer }: RequestParts, peer: Peer, vaultId: VaultId): void {
  if (!peer.watching.has(vaultId) && peer.watching.size >= vaultsPerPeer) {
    throw new CofferError('limit', 'too many vaults are open', { reason: 'vaults' })
  }
}

async function append(parts: RequestParts, peer: Peer, { id, body }: Of<'append'>): Promise<Reply> {
  const { vaultId, base, entries } = body
  await memberState(parts, peer, vaultId)
  const { positions, head, added, links } = await parts.vaults.get(vaultId).append(base, entries)
  if (added > 0) {
    parts.onAppended(
      added,
      entries.reduce((sum, one) => sum + one.length, 0),
    )
    parts.bus.publish({ vault: vaultId, head: head.pos })
    if (links > 0) {
      parts.bus.publish({ vault: vaultId, register: REGISTERS.tip })
      parts.settle(vaultId)
    }
  }
  return { message: { kind: 'appended', id, body: { positions, head } } }
}

async function putHead(parts: RequestParts, peer: Peer, request: Of<'putHead'>): Promise<Reply> {
  const { vaultId, head } = request.body
  checkHead(await memberState(parts, peer, vaultId), peer.device, head)
  await putAndTell(parts, vaultId, REGISTERS.head(peer.device), head)
  return done(request.id)
}

const done = (id: number): Reply => ({ message: { kind: 'done', id, body: {} } })

async function putAndTell(
  { mailbox, bus }: RequestParts,
  vault: VaultId,
  register: string,
  body: Bytes,
): Promise<void> {
  await mailbox.putRegister(vault, register, body)
  bus.publish({ vault, register })
}

async function heads(parts: RequestParts, peer: Peer, { id, body }: Of<'heads'>): Promise<Reply> {
  const { vaultId } = body
  const state = await memberState(parts, peer, vaultId)
  const rows = await parts.mailbox.registers(vaultId, REGISTERS.heads, PAGE)
  const active = rows.filter(({ key }) =>
    isMember(state, key.slice(REGISTERS.heads.length) as DeviceId),
  )
  return { message: { kind: 'heads', id, body: { heads: active.map((row) => row.body) } } }
}

async function chain(parts: RequestParts, peer: Peer, { id, body }: Of<'chain'>): Promise<Reply> {
  const { vaultId, from } = body
  const vault = parts.vaults.get(vaultId)
  const state = await vault.state()
  const invite = peer.watching.get(vaultId)?.invite
  const readable = readableLinks(state, peer.device, invite) - from
  const { entries, head } = await vault.chain(from)
  const shown = entries.slice(0, Math.max(0, readable))
  // Whoever was removed learns of no head behind that.
  const last = readable + from < head.length ? headAt(state, readable + from) : head
  return { message: { kind: 'chain', id, body: { from, entries: shown, head: last } } }
}

async function join(parts: RequestParts, peer: Peer, { id, body }: Of<'join'>): Promise<Reply> {
  const { vaultId, request } = body
  const state = await parts.vaults.get(vaultId).state()
  const head = chainHead(state)
  const member = isMember(state, peer.device)
  if (!member) {
    const invite = checkJoin(state, peer.device, request, parts.now())
    checkRoom(parts, peer, vaultId)
    await putAndTell(parts, vaultId, REGISTERS.join(invite), request)
    parts.hub.admitJoiner(peer, vaultId, invite)
  }
  return { message: { kind: 'joined', id, body: { member, head } } }
}

async function joinRequests(
  parts: RequestParts,
  peer: Peer,
  { id, body }: Of<'joinRequests'>,
): Promise<Reply> {
  const state = await memberState(parts, peer, body.vaultId)
  const open = new Set(openInvites(state.membership).map(({ key }) => REGISTERS.join(key)))
  const rows = await parts.mailbox.registers(body.vaultId, REGISTERS.joins, PAGE)
  const requests = rows.filter(({ key }) => open.has(key)).map((row) => row.body)
  return { message: { kind: 'joinRequests', id, body: { requests } } }
}

async function putSnapshot(
  parts: RequestParts,
  peer: Peer,
  { id, body }: Of<'putSnapshot'>,
): Promise<Reply> {
  const { vaultId, snapshot, rows } = body
  await memberState(parts, peer, vaultId)
  await parts.snapshots.offer(vaultId, peer.device, snapshot, rows)
  parts.bus.publish({ vault: vaultId, register: REGISTERS.offer })
  return done(id)
}

async function lookup(parts: RequestParts, peer: Peer, { id, body }: Of<'lookup'>): Promise<Reply> {
  const { vaultId, upto, slot } = body
  await memberState(parts, peer, vaultId)
  return { message: { kind: 'found', id, body: await parts.snapshots.lookup(vaultId, upto, slot) } }
}

async function snapshotPart(
  parts: RequestParts,
  peer: Peer,
  { id, body }: Of<'snapshotPart'>,
): Promise<Reply> {
  const { vaultId, upto, part, after } = body
  await memberState(parts, peer, vaultId)
  const answer = await parts.snapshots[part](vaultId, upto, after)
  return { message: { kind: 'snapshotPart', id, body: answer } }
}

const HANDLERS: Handlers = {
  create,
  open,
  close: (parts, peer, { id, body }) => {
    parts.hub.unwatch(peer, body.vaultId)
    return Promise.resolve(done(id))
  },
  append,
  putHead,
  heads,
  chain,
  join,
  joinRequests,
  putSnapshot,
  lookup,
  snapshotPart,
}

/** Performs one request of an authenticated device. @throws CofferError what it is refused with */
export function perform(parts: RequestParts, peer: Peer, request: Request): Promise<Reply> {
  return dispatch(parts, peer, request)
}

function dispatch<K extends Request['kind']>(
  parts: RequestParts,
  peer: Peer,
  request: Of<K>,
): Promise<Reply> {
  const kind: K = request.kind
  return HANDLERS[kind](parts, peer, request)
}
