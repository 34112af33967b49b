import { concat, u32be, utf8, type Bytes } from '../../shared/bytes.js'
import { encode } from '../../shared/codec.js'
import { sign } from '../../shared/crypto/sign.js'
import { idOf, type ChangesetHash, type LinkHash, type VaultId } from '../../shared/ids.js'
import { formatInviteCode } from '../../shared/log/code.js'
import { partContext, signedHeader, type Header } from '../../shared/log/changeset.js'
import { encodeEntry, type Item } from '../../shared/log/entry.js'
import { signedHead } from '../../shared/log/head.js'
import { headOf } from '../../shared/log/membership.js'
import { signedCodec, type Signed } from '../../shared/log/signed.js'
import { itemCommitment, itemKey } from '../../daemon/core/crypto/epoch.js'
import { pad, seal } from '../../daemon/core/crypto/seal.js'
import { seededRandom } from '../../daemon/core/vault/testing/devices.js'
import { encodeKeystore, decodeKeystore } from '../../daemon/keystore/format.js'
import { ANN, BOB, EPOCH_KEY, FIRST, RELAY_2, TV, type Chain } from './chain.js'
import type { Builder, NamedChangeset } from './history.js'
import { hex, person, seed, type Person } from './people.js'
import { flip, type Refused } from './refused.js'

// Changesets, ciphertexts, heads, codes and local files that must be refused.

const EVE = person('eve/x')

type How = {
  readonly over?: Partial<Header>
  readonly by?: Person
  readonly items?: readonly Item[]
  readonly signed?: (signed: Signed) => Signed
  readonly tail?: string
}
type Case = readonly [name: string, refused: string, how: How]

export function refusedChangesets(chain: Chain, history: Builder): Refused[] {
  const three = history.get('three')
  const all = [...authors(chain, history), ...places(chain, three), ...contents(three)]
  return all.map(
    ([name, refused, { over, by = ANN, items = three.items, signed, tail = 'put' }]) => {
      const made = signedHeader.make({ ...three.header, ...over }, by.sign.privateKey)
      const body = { signed: signed?.(made) ?? made, items }
      const bytes = hex(encodeEntry({ kind: 'changeset', body }))
      return { name: `changeset: ${name}`, input: { as: 'changeset', tail, bytes }, refused }
    },
  )
}

function linkAt(chain: Chain, n: number): Header['memberHead'] {
  return { n, hash: chain.links[n]?.hash ?? idOf<LinkHash>(seed('none')) }
}

function authors(chain: Chain, history: Builder): Case[] {
  const early = {
    memberHead: linkAt(chain, 2),
    seq: 3,
    prev: history.get('sibling').hash,
    deps: [],
  }
  const forged = {
    signed: ({ body, signature }: Signed) => ({ body, signature: flip(signature, 40) }),
  }
  const borrowed = {
    signed: ({ body }: Signed) => ({ body, signature: sign('link', body, ANN.sign.privateKey) }),
  }
  return [
    ['by nobody of the vault', 'tampering/unknown-author', { over: { device: EVE.id }, by: EVE }],
    ['signed by another member', 'tampering/bad-signature', { by: BOB }],
    ['with a flipped bit in its signature', 'tampering/bad-signature', forged],
    ['whose signature was made for a link', 'tampering/bad-signature', borrowed],
    ['by a viewer', 'tampering/not-authorised', { over: { device: TV.id }, by: TV }],
    [
      'from before its author was in',
      'tampering/not-authorised',
      { over: { device: BOB.id, ...early }, by: BOB, tail: 'sibling' },
    ],
  ]
}

function places(chain: Chain, three: NamedChangeset): Case[] {
  const foreign = idOf<VaultId>(seed('another vault'))
  const unknown = { ...linkAt(chain, 7), hash: linkAt(chain, 6).hash }
  const [dep] = three.header.deps
  if (dep === undefined) throw new TypeError('no dep')
  return [
    ['of another vault', 'tampering/foreign-vault', { over: { vaultId: foreign } }],
    ['of another suite', 'format/suite', { over: { suite: 2 } }],
    ['on a link not in the chain', 'tampering/unknown-link', { over: { memberHead: unknown } }],
    ['of an epoch that was not in force', 'tampering/wrong-epoch', { over: { epoch: 2 } }],
    ['out of turn', 'tampering/bad-seq', { over: { seq: 3 } }],
    ['of a seq that was there', 'tampering/bad-seq', { over: { seq: 1 } }],
    [
      'on another changeset',
      'tampering/bad-prev',
      { over: { prev: idOf<ChangesetHash>(seed('prev')) } },
    ],
    [
      'that goes back in the chain',
      'tampering/member-head-back',
      { over: { memberHead: linkAt(chain, 4) } },
    ],
    [
      'that depends on its author',
      'tampering/bad-deps',
      { over: { deps: [{ ...dep, device: ANN.id }] } },
    ],
    ['with a doubled dependency', 'tampering/bad-deps', { over: { deps: [dep, dep] } }],
  ]
}

function contents(three: NamedChangeset): Case[] {
  const { items, header } = three
  const swapped = items.map(({ meta, value = meta }) => ({ meta: value, value: meta }))
  const noValue = items.map(({ meta }) => ({ meta }))
  const half = header.items.map(({ meta, metaCommitment, valueCommitment = meta }) => {
    return { meta, metaCommitment, valueCommitment }
  })
  return [
    ['with a commitment to no value', 'tampering/bad-item', { over: { items: half } }],
    ['with its items swapped', 'tampering/bad-item', { items: items.toReversed() }],
    ['with meta and value swapped', 'tampering/bad-item', { items: swapped }],
    ['without a value', 'tampering/bad-item', { items: noValue }],
  ]
}

type At = {
  readonly changeset: NamedChangeset
  readonly index: number
  readonly part: 'meta' | 'value'
}

const boxOf = ({ changeset, index, part }: At): Bytes =>
  changeset.items[index]?.[part] ?? new Uint8Array(0)

function commitmentOf({ changeset, index, part }: At): Bytes {
  const item = changeset.header.items[index]
  return (part === 'meta' ? item?.metaCommitment : item?.valueCommitment) ?? new Uint8Array(32)
}

/** A ciphertext, and the commitment beside it, in the place of `at`. */
function part(
  name: string,
  refused: string,
  at: At,
  bytes: Bytes,
  commitment = commitmentOf(at),
): Refused {
  const { changeset, index } = at
  const place = { as: 'part', changeset: changeset.name, index, part: at.part } as const
  const input = { ...place, commitment: hex(commitment), bytes: hex(bytes) }
  return { name: `part: ${name}`, input, refused }
}

export function refusedParts(history: Builder): Refused[] {
  const here: At = { changeset: history.get('three'), index: 1, part: 'value' }
  const others: [string, At][] = [
    ['its meta', { ...here, part: 'meta' }],
    ["another item's value", { ...here, index: 0 }],
    ["another changeset's value", { ...here, changeset: history.get('put'), index: 0 }],
    ["another device's value", { ...here, changeset: history.get('sibling'), index: 0 }],
  ]
  const moved = others.flatMap(([name, from]) => [
    part(`${name} in its place`, 'tampering/bad-box', here, boxOf(from)),
    part(
      `${name} with its commitment`,
      'tampering/key-commitment',
      here,
      boxOf(from),
      commitmentOf(from),
    ),
  ])
  const box = boxOf(here)
  const bent = flip(commitmentOf(here), 0)
  return [
    ...moved,
    part('a flipped bit', 'tampering/bad-box', here, flip(box, 100)),
    part('cut off', 'tampering/bad-box', here, box.slice(0, -1)),
    part('a flipped bit in the commitment', 'tampering/key-commitment', here, box, bent),
    ...resealed(here),
  ]
}

/** What a member, who holds the key, could put there. */
function resealed(here: At): Refused[] {
  const { header } = here.changeset
  const random = seededRandom('vectors: refused')
  const context = partContext(header, 1, 'value')
  const foreign = seed('foreign key')
  const second = seal(foreign, context, pad(utf8('other')), random)
  const commitment = itemCommitment(foreign, header, 1, 'value')
  const key = itemKey(EPOCH_KEY, header, 1, 'value')
  const badly = (name: string, plain: Bytes): Refused =>
    part(name, 'tampering/bad-padding', here, seal(key, context, plain, random))
  return [
    part('another key and its commitment', 'tampering/key-commitment', here, second, commitment),
    badly('not padded', utf8('hunter2')),
    badly('padded to the next bucket but one', concat(u32be(7), new Uint8Array(1020))),
  ]
}

export function refusedPaddings(): Refused[] {
  const padding = (name: string, bytes: Bytes): Refused => {
    return {
      name: `padding: ${name}`,
      input: { as: 'padding', bytes: hex(bytes) },
      refused: 'tampering/bad-padding',
    }
  }
  return [
    padding('empty', new Uint8Array(0)),
    padding('no bucket', concat(u32be(1), new Uint8Array(251))),
    padding('a length beyond its bucket', concat(u32be(253), new Uint8Array(252))),
    padding('too large a bucket', concat(u32be(1), new Uint8Array(1020))),
    padding('not zero', concat(u32be(1), new Uint8Array(252).fill(1))),
  ]
}

export function refusedHeads(chain: Chain, history: Builder): Refused[] {
  const head = {
    vaultId: chain.vaultId,
    device: ANN.id,
    memberHead: headOf(chain.membership),
    generation: 1,
    pos: 3,
    logHash: idOf<never>(seed('log')),
    time: 1,
  }
  const add = (name: string, refused: string, signed: Signed): Refused => {
    return {
      name: `head: ${name}`,
      input: { as: 'head', bytes: hex(encode(signedCodec, signed)) },
      refused,
    }
  }
  const made = signedHead.make(head, ANN.sign.privateKey)
  const body = signedHead.make({ ...head, pos: 4 }, ANN.sign.privateKey).body
  return [
    add('signed by another', 'tampering/bad-signature', signedHead.make(head, BOB.sign.privateKey)),
    add('of another position', 'tampering/bad-signature', { body, signature: made.signature }),
    add('a changeset in its place', 'format/malformed', history.get('put').signed),
  ]
}

export function refusedCodes(chain: Chain): Refused[] {
  const link =
    chain.links.find((one) => one.name === 'invite')?.hash ?? idOf<LinkHash>(seed('none'))
  const code = formatInviteCode({
    url: 'wss://relay.example:8443',
    relay: RELAY_2,
    vaultId: chain.vaultId,
    link,
    secret: FIRST.secret,
  })
  const texts: [string, string][] = [
    ['empty', ''],
    ['a character changed', code.slice(0, 40) + (code[40] === 'a' ? 'b' : 'a') + code.slice(41)],
    ['cut off', code.slice(0, -1)],
    ['another version', code.replace('coffer1-', 'coffer2-')],
    ['a digit that is not in it', `${code.slice(0, 20)}1${code.slice(21)}`],
  ]
  return texts.map(([name, text]) => ({
    name: `code: ${name}`,
    input: { as: 'code', text },
    refused: 'format/code',
  }))
}

/** @param keystore a good one, opened by `passphrase` */
export function refusedKeystores(keystore: Bytes, passphrase: string): Refused[] {
  const { opener, wrapped } = decodeKeystore(keystore)
  if (opener.kind !== 'passphrase') throw new TypeError('no passphrase')
  const { body } = opener
  const add = (name: string, refused: string, bytes: Bytes, typed = passphrase): Refused => {
    return {
      name: `keystore: ${name}`,
      input: { as: 'keystore', passphrase: typed, bytes: hex(bytes) },
      refused,
    }
  }
  const over = (change: Partial<typeof body>): Bytes =>
    encodeKeystore({ opener: { kind: 'passphrase', body: { ...body, ...change } }, wrapped })
  return [
    add(
      'another passphrase',
      'cannot-decrypt/wrong-key',
      keystore,
      'correct horse battery stapler',
    ),
    add('more passes than it was made with', 'cannot-decrypt/wrong-key', over({ time: 4 })),
    add('another salt', 'cannot-decrypt/wrong-key', over({ salt: flip(body.salt, 0) })),
    add('less memory than the floor', 'tampering/weak-parameters', over({ memory: 64 * 1024 - 1 })),
    add('fewer passes than the floor', 'tampering/weak-parameters', over({ time: 2 })),
    add(
      'more memory than the ceiling',
      'limit/costly-parameters',
      over({ memory: 1024 * 1024 + 1 }),
    ),
    add('more passes than the ceiling', 'limit/costly-parameters', over({ time: 17 })),
    add('cut off', 'format/malformed', keystore.slice(0, -1)),
    add('another version', 'home/newer', flip(keystore, 4)),
  ]
}
