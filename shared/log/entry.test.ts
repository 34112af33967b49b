import fc from 'fast-check'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { encode } from '../codec.js'
import { concat, equal, toHex, utf8, type Bytes } from '../bytes.js'
import { cryptoReady, domain, hash } from '../crypto/hash.js'
import { sign, signKeyPair, verify } from '../crypto/sign.js'
import { CofferError } from '../errors.js'
import { idOf, type ChangesetHash, type EntryId } from '../ids.js'
import { LIMITS } from '../limits.js'
import { signedHeader } from './changeset.js'
import { decodeEntry, encodeEntry, entryIdOf, logNext, logStart, type Entry } from './entry.js'
import { signedHead } from './head.js'
import { signedLink } from './link.js'
import { signedCodec } from './signed.js'
import { actor, emptyWraps } from './testing/actors.js'
import { History } from './testing/history.js'

await cryptoReady

const history = new History(`
  G = genesis ann/laptop project
  I = invite ann/laptop code reader
  A = admit ann/laptop code bob/desk
  G -> I -> A
`)
const box = new Uint8Array(60).fill(7)
const header = signedHeader.make(
  {
    version: 1,
    suite: 1,
    vaultId: history.vaultId,
    device: actor('ann/laptop').id,
    seq: 1,
    memberHead: { n: 0, hash: history.hash('G') },
    epoch: 1,
    deps: [],
    items: [{ meta: new Uint8Array(32), metaCommitment: new Uint8Array(32) }],
  },
  actor('ann/laptop').pair.privateKey,
)
const ENTRIES: readonly Entry[] = [
  {
    kind: 'link',
    body: { signed: history.signed('G'), wraps: emptyWraps(actor('ann/laptop').id).bytes },
  },
  { kind: 'link', body: { signed: history.signed('I') } },
  { kind: 'link', body: { signed: history.signed('A') } },
  {
    kind: 'changeset',
    body: { signed: header, items: [{ meta: box, value: box }, { meta: box }] },
  },
  {
    kind: 'items',
    body: { changeset: idOf<ChangesetHash>(new Uint8Array(32)), first: 1, items: [{ meta: box }] },
  },
]

/** Bytes that differ from a real message by an attacker's hand. */
const mutated = (whole: Bytes): fc.Arbitrary<Bytes> =>
  fc.oneof(
    fc
      .tuple(fc.nat(whole.length - 1), fc.integer({ min: 1, max: 255 }))
      .map(([at, flip]) => whole.map((byte, i) => (i === at ? byte ^ flip : byte))),
    fc.nat(whole.length - 1).map((end) => whole.slice(0, end)),
    fc.uint8Array({ minLength: 1, maxLength: 4 }).map((more) => concat(whole, more)),
    fc
      .tuple(fc.nat(whole.length - 1), fc.uint8Array({ maxLength: 4 }), fc.nat(4))
      .map(([at, more, gone]) => concat(whole.slice(0, at), more, whole.slice(at + gone))),
  )

test('entries come back as they were made, byte for byte', () => {
  for (const entry of ENTRIES) {
    const body = encodeEntry(entry)
    assert.equal(decodeEntry(body), entry)
    assert.equal(encodeEntry(decodeEntry(body)), body)
  }
})

test('whatever is done to an entry, its links and headers: the canonical form of a value, or a coded error', () => {
  const attack = (body: Bytes): void => {
    try {
      const entry = decodeEntry(body)
      assert.equal(encodeEntry(entry), body)
      if (entry.kind === 'link') signedLink.read(entry.body.signed)
      if (entry.kind === 'changeset') signedHeader.read(entry.body.signed)
    } catch (error) {
      assert.instance(error, CofferError)
      assert.ok(error instanceof CofferError && (error.code === 'format' || error.code === 'limit'))
    }
  }
  for (const entry of ENTRIES)
    fc.assert(fc.property(mutated(encodeEntry(entry)), attack), { numRuns: 400 })
  const deeper = (kind: 'link' | 'changeset', signed: Bytes): fc.IProperty<[Bytes]> =>
    fc.property(mutated(signed), (body) => {
      const inner = { body, signature: new Uint8Array(64) }
      attack(
        encodeEntry(
          kind === 'link'
            ? { kind, body: { signed: inner } }
            : { kind, body: { signed: inner, items: [] } },
        ),
      )
    })
  for (const name of ['G', 'I', 'A'])
    fc.assert(deeper('link', history.signed(name).body), { numRuns: 400 })
  fc.assert(deeper('changeset', header.body), { numRuns: 400 })
})

test('a signature holds for its kind, its bytes and its key alone', () => {
  const pair = signKeyPair(new Uint8Array(32).fill(3))
  const body = Uint8Array.of(1, 2, 3)
  const signature = sign('link', body, pair.privateKey)
  assert.ok(verify('link', signature, body, pair.publicKey))
  for (const kind of [
    'changeset',
    'head',
    'lin',
    'link\0',
    '',
    'relay-auth',
    'join-device',
    'device-statement',
  ]) {
    assert.not(verify(kind, signature, body, pair.publicKey), kind)
  }
  for (let i = 0; i < 64; i++) {
    assert.not(
      verify(
        'link',
        signature.map((b, j) => (i === j ? b ^ 1 : b)),
        body,
        pair.publicKey,
      ),
    )
  }
  assert.not(verify('link', signature, Uint8Array.of(1, 2), pair.publicKey))
  assert.not(verify('link', signature.slice(1), body, pair.publicKey))
  assert.not(verify('link', signature, body, pair.publicKey.slice(1)))
})

test('no second signature passes for the same body: s plus the group order, keys of small order', () => {
  const order = 'edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010'
  const pair = signKeyPair(new Uint8Array(32).fill(3))
  const body = Uint8Array.of(1)
  const signature = sign('link', body, pair.privateKey)
  const malleable = signature.slice()
  let carry = 0
  for (let i = 0; i < 32; i++) {
    const sum = malleable[32 + i]! + parseInt(order.slice(2 * i, 2 * i + 2), 16) + carry
    malleable[32 + i] = sum & 255
    carry = sum >> 8
  }
  assert.not(verify('link', malleable, body, pair.publicKey))
  // The neutral element as key and R, s = 0: valid for any body where a verifier takes keys of small order.
  const neutral = new Uint8Array(32)
  neutral[0] = 1
  assert.not(verify('link', concat(neutral, new Uint8Array(32)), body, neutral))
})

test('a body read as another kind is refused, and two kinds of one body have two hashes', () => {
  const link = history.signed('G')
  for (const read of [
    () => signedHeader.read(link),
    () => signedHead.read(link),
    () => signedLink.read(header),
  ]) {
    assert.throws(read, (error: unknown) => error instanceof CofferError && error.code === 'format')
  }
  assert.is.not(toHex(hash('link', link.body)), toHex(hash('changeset', link.body)))
  assert.ok(equal(domain('link'), utf8('coffer/v1/link\0')))
})

test('the running hash tells logs apart, also the same entries in another order', () => {
  const start = logStart(history.vaultId)
  const [a, b] = [entryIdOf(encodeEntry(ENTRIES[0]!)), entryIdOf(encodeEntry(ENTRIES[1]!))]
  const fold = (ids: readonly EntryId[]): string => ids.reduce(logNext, start)
  const logs = [fold([]), fold([a]), fold([b]), fold([a, b]), fold([b, a]), fold([a, a])]
  assert.is(new Set(logs).size, logs.length)
})

test('an entry or a head that is too long is not read', () => {
  assert.throws(
    () => decodeEntry(new Uint8Array(LIMITS.entry + 1)),
    (error: unknown) => error instanceof CofferError && error.reason === 'oversize',
  )
  const items = Array.from({ length: LIMITS.items + 1 }, () => ({ meta: new Uint8Array(40) }))
  const entry = encodeEntry({ kind: 'changeset', body: { signed: header, items } })
  assert.throws(
    () => decodeEntry(entry),
    (error: unknown) => error instanceof CofferError,
  )
})

test('a signed head is no larger than the relay takes', () => {
  const head = {
    vaultId: history.vaultId,
    device: actor('ann/laptop').id,
    memberHead: { n: LIMITS.links, hash: history.hash('G') },
    generation: Number.MAX_SAFE_INTEGER,
    pos: Number.MAX_SAFE_INTEGER,
    logHash: logStart(history.vaultId),
    time: Number.MAX_SAFE_INTEGER,
  }
  const signed = signedHead.make(head, actor('ann/laptop').pair.privateKey)
  assert.ok(encode(signedCodec, signed).length <= LIMITS.signedHead)
  assert.equal(signedHead.read(signed), head)
  signedHead.check(signed, actor('ann/laptop').keys.sign)
  assert.throws(() => signedHead.check(signed, actor('eve/x').keys.sign))
})

test.run()
