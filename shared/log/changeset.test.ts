import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { toHex } from '../bytes.js'
import { cryptoReady } from '../crypto/hash.js'
import { CofferError } from '../errors.js'
import { encode } from '../codec.js'
import { idOf, type ChangesetHash, type DeviceId, type LinkHash, type VaultId } from '../ids.js'
import { LIMITS } from '../limits.js'
import {
  changeIdOf,
  checkHeader,
  headerCodec,
  partContext,
  signedHeader,
  tailAfter,
  type DeviceHead,
  type DeviceTail,
  type Header,
} from './changeset.js'
import { checkItem, partHash } from './entry.js'
import { actor } from './testing/actors.js'
import { History } from './testing/history.js'
import { verdictOf } from '../testing/refusal.js'
import type { Signed } from './signed.js'

await cryptoReady

const STORY = `
  G = genesis ann/laptop project
  B = add ann/laptop ann/phone writer
  C = add ann/laptop ann/tv reader
  G -> B -> C
`
const history = new History(STORY)
const membership = history.fold('C')
const phone = actor('ann/phone')
const bytes = (byte: number): Uint8Array => new Uint8Array(32).fill(byte)
const hashOf = (byte: number): ChangesetHash => idOf(bytes(byte))
const DELETE = { meta: bytes(1), metaCommitment: bytes(2) }
const ITEM = {
  meta: bytes(1),
  metaCommitment: bytes(2),
  value: bytes(3),
  valueCommitment: bytes(4),
}

const FIRST: Header = {
  version: 1,
  suite: 1,
  vaultId: history.vaultId,
  device: phone.id,
  seq: 1,
  memberHead: { n: 2, hash: history.hash('C') },
  epoch: 1,
  deps: [],
  items: [ITEM],
}
const TAIL: DeviceTail = { seq: 4, hash: hashOf(9), memberN: 2 }

function signed(header: Header, by = 'ann/phone'): Signed {
  return signedHeader.make(header, actor(by).pair.privateKey)
}

function verdict(part: Partial<Header>, tail?: DeviceTail, by?: string): string {
  const base = tail === undefined ? FIRST : { ...FIRST, seq: tail.seq + 1, prev: tail.hash }
  return verdictOf(() => checkHeader(membership, signed({ ...base, ...part }, by), tail))
}

test('a changeset by a writer, in turn, holds', () => {
  assert.is(verdict({}), 'holds')
  assert.is(verdict({}, TAIL), 'holds')
  assert.is(verdict({ memberHead: { n: 1, hash: history.hash('B') } }), 'holds')
  const header = checkHeader(membership, signed(FIRST), undefined)
  const hash = signedHeader.id(signed(FIRST))
  assert.equal(tailAfter(header, hash), { seq: 1, hash, memberN: 2 })
})

test('a changeset of another vault, author, version or signature is refused', () => {
  const foreign = idOf<VaultId>(bytes(7))
  assert.is(verdict({ vaultId: foreign }), 'tampering/foreign-vault')
  assert.is(verdict({ device: actor('eve/x').id }, undefined, 'eve/x'), 'tampering/unknown-author')
  assert.is(verdict({}, undefined, 'ann/laptop'), 'tampering/bad-signature')
  assert.is(verdict({ version: 2 }), 'format/suite')
  assert.is(verdict({ suite: 0 }), 'format/suite')
})

test('a changeset stands where its member head says, with the rights of that place', () => {
  assert.is(
    verdict({ memberHead: { n: 2, hash: idOf<LinkHash>(bytes(5)) } }),
    'tampering/unknown-link',
  )
  assert.is(verdict({ memberHead: { n: 3, hash: history.hash('C') } }), 'tampering/unknown-link')
  assert.is(verdict({ memberHead: { n: 0, hash: history.hash('G') } }), 'tampering/not-authorised')
  assert.is(
    verdict({ device: actor('ann/tv').id }, undefined, 'ann/tv'),
    'tampering/not-authorised',
  )
  assert.is(verdict({ epoch: 2 }), 'tampering/wrong-epoch')
  assert.is(verdict({ epoch: 0 }), 'tampering/wrong-epoch')
})

test('a device writes in turn', () => {
  assert.is(verdict({ seq: 2 }), 'tampering/bad-seq')
  assert.is(verdict({ seq: 0 }), 'tampering/bad-seq')
  assert.is(verdict({ prev: hashOf(9) }), 'tampering/bad-prev')
  assert.is(verdict({ seq: 4 }, TAIL), 'tampering/bad-seq')
  assert.is(verdict({ seq: 6 }, TAIL), 'tampering/bad-seq')
  assert.is(verdict({ prev: hashOf(8) }, TAIL), 'tampering/bad-prev')
  const back = { memberHead: { n: 1, hash: history.hash('B') } }
  assert.is(verdict(back, TAIL), 'tampering/member-head-back')
})

test('dependencies are others, each once, in order', () => {
  const dep = (name: string): DeviceHead => ({ device: actor(name).id, seq: 1, hash: hashOf(1) })
  const [low, high] = [dep('ann/laptop'), dep('ann/tv')].toSorted((a, b) =>
    a.device < b.device ? -1 : 1,
  )
  assert.is(verdict({ deps: [low!, high!] }), 'holds')
  assert.is(verdict({ deps: [high!, low!] }), 'tampering/bad-deps')
  assert.is(verdict({ deps: [low!, low!] }), 'tampering/bad-deps')
  assert.is(verdict({ deps: [dep('ann/phone')] }), 'tampering/bad-deps')
})

test('an item has a whole value or none', () => {
  const noValue = { ...DELETE, valueCommitment: bytes(4) }
  const noCommitment = { ...DELETE, value: bytes(3) }
  assert.is(verdict({ items: [DELETE] }), 'holds')
  assert.is(verdict({ items: [ITEM, noValue] }), 'tampering/bad-item')
  assert.is(verdict({ items: [noCommitment] }), 'tampering/bad-item')
})

test('no changeset is empty, and none is larger than a transaction may be', () => {
  assert.is(verdict({ items: [] }), 'format/malformed')
  assert.is(verdict({ items: Array.from({ length: LIMITS.items }, () => ITEM) }), 'holds')
  assert.is(
    verdict({ items: Array.from({ length: LIMITS.items + 1 }, () => ITEM) }),
    'format/malformed',
  )
  const deps = Array.from({ length: LIMITS.deps + 1 }, (_, i) => ({
    device: actor(`${i}/x`).id,
    seq: 1,
    hash: hashOf(1),
  }))
  assert.is(verdict({ deps }), 'format/malformed')
})

test('the ciphertexts are the ones that were signed, each in its place', () => {
  const [a, b] = [new Uint8Array(50).fill(1), new Uint8Array(50).fill(2)]
  const header = { ...ITEM, meta: partHash(a), value: partHash(b) }
  const deleted = { ...DELETE, meta: partHash(a) }
  checkItem(header, { meta: a, value: b })
  checkItem(deleted, { meta: a })
  const wrong = [
    () => checkItem(header, { meta: b, value: a }),
    () => checkItem(header, { meta: a }),
    () => checkItem(header, { meta: a, value: a }),
    () => checkItem(deleted, { meta: a, value: b }),
  ]
  for (const work of wrong) {
    assert.throws(
      work,
      (error: unknown) => error instanceof CofferError && error.reason === 'bad-item',
    )
  }
})

test('attacks 17, 20: no byte of a ciphertext can be turned', () => {
  const item = { meta: new Uint8Array(300).fill(1), value: new Uint8Array(300).fill(2) }
  const header = { ...ITEM, meta: partHash(item.meta), value: partHash(item.value) }
  const turned = (bytes: Uint8Array, at: number): Uint8Array =>
    bytes.map((byte, i) => (i === at ? byte ^ 1 : byte))
  for (const part of ['meta', 'value'] as const) {
    for (let at = 0; at < 300; at++) {
      const bent = { ...item, [part]: turned(item[part], at) }
      assert.is(
        verdictOf(() => checkItem(header, bent)),
        'tampering/bad-item',
        part,
      )
    }
    const cut = { ...item, [part]: item[part].slice(1) }
    assert.is(
      verdictOf(() => checkItem(header, cut)),
      'tampering/bad-item',
      part,
    )
  }
})

test('a place in the history is told apart from every other', () => {
  const places = [
    partContext(FIRST, 0, 'meta'),
    partContext(FIRST, 0, 'value'),
    partContext(FIRST, 1, 'meta'),
    partContext({ ...FIRST, seq: 2 }, 0, 'meta'),
    partContext({ ...FIRST, epoch: 2 }, 0, 'meta'),
    partContext({ ...FIRST, device: actor('ann/tv').id }, 0, 'meta'),
    partContext({ ...FIRST, vaultId: idOf<VaultId>(bytes(7)) }, 0, 'meta'),
  ].map(toHex)
  assert.is(new Set(places).size, places.length)
  assert.is(new Set(places.map((place) => place.length)).size, 1)
  assert.not.equal(changeIdOf(hashOf(1), 0), changeIdOf(hashOf(1), 1))
  assert.not.equal(changeIdOf(hashOf(1), 0), changeIdOf(hashOf(2), 0))
})

test('the largest header, with every runner for each of its items, fits its entry with the items beside it', () => {
  const places = Array.from({ length: LIMITS.runners }, (_, i) => i)
  const item = {
    meta: bytes(1),
    metaCommitment: bytes(2),
    value: bytes(3),
    valueCommitment: bytes(4),
    readers: places,
    boxes: bytes(5),
    sealed: 'item' as const,
  }
  const header = {
    version: 255,
    suite: 255,
    vaultId: idOf<VaultId>(bytes(1)),
    device: idOf<DeviceId>(bytes(1)),
    seq: Number.MAX_SAFE_INTEGER,
    memberHead: { n: LIMITS.links, hash: idOf<LinkHash>(bytes(1)) },
    epoch: Number.MAX_SAFE_INTEGER,
    deps: Array.from({ length: LIMITS.deps }, () => ({
      device: idOf<DeviceId>(bytes(1)),
      seq: Number.MAX_SAFE_INTEGER,
      hash: idOf<ChangesetHash>(bytes(1)),
    })),
    items: Array.from({ length: LIMITS.items }, () => item),
    prev: idOf<ChangesetHash>(bytes(1)),
    readers: places.map((i) => idOf<DeviceId>(bytes(i))),
  }
  const size = encode(headerCodec, header).length
  assert.ok(size + LIMITS.chunk + 100 < LIMITS.entry, `${size} bytes`)
})

test.run()
