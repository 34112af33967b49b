import type { Bytes } from '../../shared/bytes.js'
import { encode } from '../../shared/codec.js'
import type { Random } from '../../shared/crypto/random.js'
import { sign } from '../../shared/crypto/sign.js'
import { bytesOf, idOf, type LinkHash, type RelayKey, type VaultId } from '../../shared/ids.js'
import { encodeEntry } from '../../shared/log/entry.js'
import {
  joinRequestBodyCodec,
  signedLink,
  SUITE,
  VERSION,
  type Action,
  type JoinRequest,
  type Link,
} from '../../shared/log/link.js'
import { epochAt, headOf, type Membership } from '../../shared/log/membership.js'
import type { Role } from '../../shared/log/roles.js'
import type { Signed } from '../../shared/log/signed.js'
import { applyLink, openChain } from '../../shared/log/validate.js'
import { checkWraps } from '../../shared/log/wraps.js'
import {
  epochStart,
  genesisContext,
  sealLabel,
  vaultContext,
} from '../../daemon/core/crypto/epoch.js'
import { seededRandom } from '../../daemon/core/vault/testing/devices.js'
import {
  hex,
  invite,
  person,
  seed,
  type FrozenWraps,
  type Invite,
  type Json,
  type Person,
} from './people.js'

// The membership chain of the frozen vectors: two users, every kind of link.

export const EPOCH_KEY = seed('epoch key')
export const RELAY = idOf<RelayKey>(person('relay/one').keys.sign)
export const RELAY_2 = idOf<RelayKey>(person('relay/two').keys.sign)
const START = 1_700_000_000_000
const WEEK = 7 * 24 * 3600 * 1000
const NONCE = seed('nonce').slice(0, 16)

export const ANN = person('ann/laptop')
export const PHONE = person('ann/phone')
export const TV = person('ann/tv')
export const BOB = person('bob/desk')
/** Waits to be let in. */
export const BOB_PHONE = person('bob/phone')
export const FIRST = invite('first')
export const SECOND = invite('second')

export type NamedLink = {
  readonly name: string
  readonly link: Link
  readonly signed: Signed
  readonly hash: LinkHash
  readonly wraps: Bytes | undefined
  readonly entry: Bytes
  /** Who opens its wraps. */
  readonly to: readonly Person[]
  readonly label: Label | undefined
  /** Of links that name several. */
  readonly labels?: readonly Label[]
}

export type Label = { readonly subject: Bytes; readonly text: string }

export type Chain = {
  readonly vaultId: VaultId
  readonly links: readonly NamedLink[]
  readonly membership: Membership
}

type Rest = Partial<Pick<NamedLink, 'wraps' | 'to' | 'label' | 'labels'>>

/** Signs links one behind the other, each checked as it is made. */
export class ChainBuilder {
  readonly links: NamedLink[] = []
  readonly #frozen: FrozenWraps
  readonly random: Random
  readonly #keyOf: (epoch: number) => Bytes
  membership: Membership | undefined

  /** @param keyOf the key of each epoch */
  constructor(
    frozen: FrozenWraps,
    chance = 'vectors: chain',
    keyOf: (epoch: number) => Bytes = () => EPOCH_KEY,
  ) {
    this.#frozen = frozen
    this.random = seededRandom(chance)
    this.#keyOf = keyOf
  }

  /** The epoch in force. */
  get epoch(): number {
    return this.membership === undefined ? 1 : epochAt(this.membership)
  }

  label(subject: Bytes, text: string): Bytes {
    return sealLabel(this.#keyOf(this.epoch), subject, text, this.random)
  }

  /** The key of `epoch`, by default that in force, for these. */
  table(
    name: string,
    vault: Bytes,
    to: readonly Person[],
    epoch = this.epoch,
  ): { bytes: Bytes; hash: Bytes } {
    return this.#frozen.table(name, { key: this.#keyOf(epoch), vault, epoch }, to)
  }

  add(name: string, author: Person, action: Action, rest: Rest = {}): LinkHash {
    const m = this.membership
    const head = m && headOf(m)
    const link: Link = {
      version: VERSION,
      suite: SUITE,
      n: head === undefined ? 0 : head.n + 1,
      author: author.id,
      time: START + this.links.length * 1000,
      action,
      ...(m === undefined || head === undefined ? {} : { vaultId: m.vaultId, prev: head.hash }),
    }
    const signed = signedLink.make(link, author.sign.privateKey)
    if (m === undefined) this.membership = openChain(signed)
    else applyLink(m, signed)
    const { wraps, to = [], label, labels = [] } = rest
    if (this.membership) checkWraps(this.membership, link, wraps)
    const entry = encodeEntry({
      kind: 'link',
      body: wraps === undefined ? { signed } : { signed, wraps },
    })
    const hash = signedLink.id(signed)
    this.links.push({ name, link, signed, hash, wraps, entry, to, label, labels })
    return hash
  }

  /** A link that lets a device in: its label, and its key when it reads. */
  letIn(
    name: string,
    author: Person,
    joiner: Person,
    reads: boolean,
    action: (wraps: Bytes, label: Bytes) => Action,
  ): void {
    if (this.membership === undefined) throw new TypeError('no genesis')
    const to = reads ? [joiner] : []
    const table = this.table(name, vaultContext(this.membership.vaultId), to)
    const label = { subject: bytesOf(joiner.id), text: joiner.name }
    const box = this.label(label.subject, label.text)
    this.add(name, author, action(table.hash, box), { wraps: table.bytes, to, label })
  }

  invite(name: string, author: Person, { key }: Invite, role: Role, own: boolean): LinkHash {
    const label = { subject: bytesOf(key), text: name }
    const body = {
      inviteKey: key,
      role,
      expires: START + WEEK,
      label: this.label(label.subject, name),
    }
    const action = {
      kind: 'invite' as const,
      body: own ? { ...body, userId: author.userId } : body,
    }
    return this.add(name, author, action, { label })
  }
}

/** What a joiner sends. */
export function request(
  vaultId: VaultId,
  inviteLink: LinkHash,
  { key, pair }: Invite,
  joiner: Person,
): JoinRequest {
  const { statement } = joiner
  const body = encode(joinRequestBodyCodec, { vaultId, inviteKey: key, inviteLink, statement })
  return {
    body,
    inviteSignature: sign('join-invite', body, pair.privateKey),
    deviceSignature: sign('join-device', body, joiner.sign.privateKey),
  }
}

function genesis(builder: ChainBuilder): void {
  const table = builder.table('genesis', genesisContext(NONCE), [ANN])
  const label = { subject: bytesOf(ANN.id), text: ANN.name }
  const body = {
    kind: 'project' as const,
    nonce: NONCE,
    statement: ANN.statement,
    epoch: epochStart(EPOCH_KEY, table.hash),
    label: builder.label(label.subject, label.text),
    relay: RELAY,
  }
  builder.add('genesis', ANN, { kind: 'genesis', body }, { wraps: table.bytes, to: [ANN], label })
}

export function makeChain(frozen: FrozenWraps): Chain {
  const builder = new ChainBuilder(frozen)
  genesis(builder)
  const [first] = builder.links
  if (first === undefined || builder.membership === undefined) throw new TypeError('no genesis')
  const { vaultId } = builder.membership
  builder.add('relay', ANN, { kind: 'relay', body: { relay: RELAY_2 } })
  const invited = builder.invite('invite', ANN, FIRST, 'writer', false)
  builder.letIn('admit', ANN, BOB, true, (wraps, label) => ({
    kind: 'admit',
    body: { request: request(vaultId, invited, FIRST, BOB), wraps, label },
  }))
  builder.letIn('add', ANN, PHONE, true, (wraps, label) => ({
    kind: 'add-device',
    body: { statement: PHONE.statement, role: 'owner', wraps, label },
  }))
  builder.letIn('add-viewer', PHONE, TV, false, (wraps, label) => ({
    kind: 'add-device',
    body: { statement: TV.statement, role: 'viewer', wraps, label },
  }))
  builder.invite('invite-own', BOB, SECOND, 'reader', true)
  builder.add('withdraw', ANN, { kind: 'withdraw-invite', body: { inviteKey: SECOND.key } })
  return { vaultId, links: builder.links, membership: builder.membership }
}

export function personJson(one: Person): Json {
  const { signSeed, boxSeed, keys, userId, statement } = one
  const secret = { signSeed: hex(signSeed), boxSeed: hex(boxSeed) }
  const open = { sign: hex(keys.sign), box: hex(keys.box), userId, id: one.id }
  return { name: one.name, ...secret, ...open, statement: hex(statement.signature) }
}

function linkJson({ name, link, signed, hash, entry, to, label }: NamedLink): Json {
  const readers = to.map((one) => one.name)
  const named = label === undefined ? null : { subject: hex(label.subject), text: label.text }
  const { n } = link
  return { name, n, body: hex(signed.body), hash, entry: hex(entry), readers, label: named }
}

/** What the chain folds into. */
export function membershipJson(m: Membership): Json {
  const devices = [...m.devices.values()].map(({ id, userId, addedBy, roles }) => {
    const [now = { from: 0, role: undefined }] = roles
    return { id, userId, addedBy, since: now.from, role: now.role ?? null }
  })
  const invites = [...m.invites.values()].map(
    ({ key, role, state, author, expires, userId, link }) => {
      return { key, role, state, author, expires, userId: userId ?? null, link }
    },
  )
  const relays = m.relays.map(({ from, relay }) => ({ from, relay }))
  const epochs = m.epochs.map(({ from, start }) => ({
    from,
    commitment: hex(start.commitment),
    box: hex(start.box),
  }))
  return { vaultId: m.vaultId, kind: m.kind, head: headOf(m), devices, invites, relays, epochs }
}

export function chainJson(chain: Chain): Json {
  return {
    devices: [ANN, PHONE, TV, BOB, BOB_PHONE].map(personJson),
    invites: [FIRST, SECOND].map(({ secret, key }) => ({ secret: hex(secret), key })),
    epochKey: hex(EPOCH_KEY),
    links: chain.links.map(linkJson),
    membership: membershipJson(chain.membership),
  }
}
