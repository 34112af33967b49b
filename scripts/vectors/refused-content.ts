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

export function refusedChangesets(chain: Chain, history: Builder): Refused[] {
  const all: Refused[] = []
  const three = history.get('three')
  type How = {
    over?: Partial<Header>
    by?: Person
    items?: readonly Item[]
    signed?: (signed: Signed) => Signed
    tail?: string | null
  }
  const add = (
    name: string,
    refused: string,
    { over, by = ANN, items, signed, tail = 'put' }: How,
  ): void => {
    const made = signedHeader.make({ ...three.header, ...over }, by.sign.privateKey)
    const body = { signed: signed?.(made) ?? made, items: items ?? three.items }
    const bytes = hex(encodeEntry({ kind: 'changeset', body }))
    all.push({ name: `changeset: ${name}`, input: { as: 'changeset', tail, bytes }, refused })
  }
  const link = (n: number): Header['memberHead'] => ({
    n,
    hash: chain.links[n]?.hash ?? idOf<LinkHash>(seed('none')),
  })
  const [dep] = three.header.deps
  if (dep === undefined) throw new TypeError('no dep')
  add('of another vault', 'tampering/foreign-vault', {
    over: { vaultId: idOf<VaultId>(seed('another vault')) },
  })
  add('of another suite', 'format/suite', { over: { suite: 2 } })
  add('by nobody of the vault', 'tampering/unknown-author', { over: { device: EVE.id }, by: EVE })
  add('signed by another member', 'tampering/bad-signature', { by: BOB })
  add('with a flipped bit in its signature', 'tampering/bad-signature', {
    signed: ({ body, signature }) => ({ body, signature: flip(signature, 40) }),
  })
  add('whose signature was made for a link', 'tampering/bad-signature', {
    signed: ({ body }) => ({ body, signature: sign('link', body, ANN.sign.privateKey) }),
  })
  add('on a link that is not in the chain', 'tampering/unknown-link', {
    over: { memberHead: { ...link(7), hash: link(6).hash } },
  })
  add('by a viewer', 'tampering/not-authorised', { over: { device: TV.id }, by: TV })
  add('from before its author was in', 'tampering/not-authorised', {
    over: {
      device: BOB.id,
      memberHead: link(2),
      seq: 3,
      prev: history.get('sibling').hash,
      deps: [],
    },
    by: BOB,
    tail: 'sibling',
  })
  add('of an epoch that was not in force', 'tampering/wrong-epoch', { over: { epoch: 2 } })
  add('out of turn', 'tampering/bad-seq', { over: { seq: 3 } })
  add('of a seq that was there', 'tampering/bad-seq', { over: { seq: 1 } })
  add('on another changeset', 'tampering/bad-prev', {
    over: { prev: idOf<ChangesetHash>(seed('prev')) },
  })
  add('that goes back in the chain', 'tampering/member-head-back', {
    over: { memberHead: link(4) },
  })
  add('that depends on its author', 'tampering/bad-deps', {
    over: { deps: [{ ...dep, device: ANN.id }] },
  })
  add('with a doubled dependency', 'tampering/bad-deps', { over: { deps: [dep, dep] } })
  add('with a commitment to no value', 'tampering/bad-item', {
    over: { items: three.header.items.map(halfValue) },
  })
  add('with its items swapped', 'tampering/bad-item', { items: three.items.toReversed() })
  add('with meta and value swapped', 'tampering/bad-item', {
    items: three.items.map(({ meta, value = meta }) => ({ meta: value, value: meta })),
  })
  add('without a value', 'tampering/bad-item', { items: three.items.map(({ meta }) => ({ meta })) })
  return all
}

function halfValue(item: Header['items'][number]): Header['items'][number] {
  const { value: _value, ...rest } = item
  return rest
}

type At = {
  readonly changeset: NamedChangeset
  readonly index: number
  readonly part: 'meta' | 'value'
}

export function refusedParts(history: Builder): Refused[] {
  const all: Refused[] = []
  const [put, three, sibling] = ['put', 'three', 'sibling'].map((name) => history.get(name))
  if (put === undefined || three === undefined || sibling === undefined)
    throw new TypeError('no history')
  const boxOf = ({ changeset, index, part }: At): Bytes =>
    changeset.items[index]?.[part] ?? new Uint8Array(0)
  const commitmentOf = ({ changeset, index, part }: At): Bytes => {
    const item = changeset.header.items[index]
    return (part === 'meta' ? item?.metaCommitment : item?.valueCommitment) ?? new Uint8Array(32)
  }
  const add = (
    name: string,
    refused: string,
    at: At,
    bytes: Bytes,
    commitment = commitmentOf(at),
  ): void => {
    const { changeset, index, part } = at
    const input = {
      as: 'part',
      changeset: changeset.name,
      index,
      part,
      commitment: hex(commitment),
      bytes: hex(bytes),
    } as const
    all.push({ name: `part: ${name}`, input, refused })
  }
  const here: At = { changeset: three, index: 1, part: 'value' }
  const others: [string, At][] = [
    ['its meta', { ...here, part: 'meta' }],
    ["another item's value", { ...here, index: 0 }],
    ["another changeset's value", { ...here, changeset: put, index: 0 }],
    ["another device's value", { ...here, changeset: sibling, index: 0 }],
  ]
  for (const [name, from] of others) {
    add(`${name} in its place`, 'tampering/bad-box', here, boxOf(from))
    add(
      `${name} in its place, with the commitment`,
      'tampering/key-commitment',
      here,
      boxOf(from),
      commitmentOf(from),
    )
  }
  add('a flipped bit', 'tampering/bad-box', here, flip(boxOf(here), 100))
  add('cut off', 'tampering/bad-box', here, boxOf(here).slice(0, -1))
  add(
    'a flipped bit in the commitment',
    'tampering/key-commitment',
    here,
    boxOf(here),
    flip(commitmentOf(here), 0),
  )
  const random = seededRandom('vectors: refused')
  const context = partContext(three.header, 1, 'value')
  const foreign = seed('foreign key')
  const second = seal(foreign, context, pad(utf8('other')), random)
  add(
    'another key and its commitment',
    'tampering/key-commitment',
    here,
    second,
    itemCommitment(foreign, three.header, 1, 'value'),
  )
  const key = itemKey(EPOCH_KEY, three.header, 1, 'value')
  const badly = (name: string, plain: Bytes): void =>
    add(name, 'tampering/bad-padding', here, seal(key, context, plain, random))
  badly('not padded', utf8('hunter2'))
  badly('padded to the next bucket but one', concat(u32be(7), new Uint8Array(1020)))
  return all
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
