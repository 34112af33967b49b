import fc from 'fast-check'
import { test } from 'uvu'
import { seededRandom } from '../vault/testing/devices.js'
import * as assert from 'uvu/assert'
import { concat, fromHex, toHex, u32be, utf8, type Bytes } from '../../../shared/bytes.js'
import { cryptoReady } from '../../../shared/crypto/hash.js'
import { CofferError } from '../../../shared/errors.js'
import { LIMITS, PADDING_BUCKETS } from '../../../shared/limits.js'
import { Secret } from '../../../shared/redacted.js'
import { deriveLocalKeys, openLocal, sealLocal, wipeLocalKeys } from './passphrase.js'
import {
  boxKeyPair,
  keyedHash,
  open,
  openSealed,
  pad,
  seal,
  sealTo,
  subkey,
  unpad,
  wipe,
} from './seal.js'

const random = seededRandom('crypto')

await cryptoReady

const KEY = new Uint8Array(32).fill(1)
const AAD = utf8('place')

const flipped = (bytes: Bytes, at: number, bit: number): Bytes =>
  bytes.map((byte, i) => (i === at ? byte ^ (1 << bit) : byte))

test('what is sealed opens with its key at its place, and a flipped bit anywhere with nothing', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), fc.nat(), fc.nat(7), (plain, at, bit) => {
      const box = seal(KEY, AAD, plain, random)
      assert.is(box.length, plain.length + 40)
      assert.equal(open(KEY, AAD, box), plain)
      assert.is(open(KEY, AAD, flipped(box, at % box.length, bit)), undefined)
      assert.is(open(flipped(KEY, at % 32, bit), AAD, box), undefined)
      assert.is(open(KEY, flipped(AAD, at % AAD.length, bit), box), undefined)
      assert.is(open(KEY, AAD, box.slice(0, at % box.length)), undefined)
      assert.is(open(KEY, AAD, concat(box, Uint8Array.of(0))), undefined)
    }),
    { numRuns: 200 },
  )
})

test('equal plaintexts give unequal boxes', () => {
  const boxes = Array.from({ length: 50 }, () => toHex(seal(KEY, AAD, utf8('x'), random)))
  assert.is(new Set(boxes).size, boxes.length)
})

test('padding fills the next bucket with zeros and comes off again', () => {
  const sizes = PADDING_BUCKETS.flatMap((bucket) => [bucket - 5, bucket - 4, bucket - 3])
  for (const size of [0, 1, ...sizes.slice(0, -1)]) {
    const plain = new Uint8Array(size).fill(0xff)
    const padded = pad(plain)
    assert.is(
      padded.length,
      PADDING_BUCKETS.find((bucket) => size + 4 <= bucket),
    )
    assert.equal(unpad(padded), plain)
  }
  assert.is(pad(new Uint8Array(LIMITS.value)).length, PADDING_BUCKETS.at(-1))
  assert.throws(
    () => pad(new Uint8Array(516 * 1024 - 3)),
    (error: unknown) => error instanceof CofferError && error.reason === 'oversize',
  )
})

test('padding that is not the one form of its content is refused', () => {
  const good = pad(utf8('hunter2'))
  const bad: Bytes[] = [
    new Uint8Array(0),
    new Uint8Array(3),
    good.slice(0, 255),
    concat(good, new Uint8Array(1)),
    concat(good, new Uint8Array(1024 - 256)),
    flipped(good, 255, 0),
    flipped(good, 4 + 7, 3),
    concat(u32be(253), new Uint8Array(252)),
    concat(u32be(0xffffffff), new Uint8Array(252)),
  ]
  for (const padded of bad) assert.is(unpad(padded), undefined)
})

test('a box to a key opens with its pair only, and a key of small order gets none', () => {
  const pair = boxKeyPair(new Uint8Array(32).fill(2))
  const box = sealTo(pair.publicKey, utf8('key'))
  assert.equal(openSealed(pair, box), utf8('key'))
  assert.is(openSealed(boxKeyPair(new Uint8Array(32).fill(3)), box), undefined)
  for (let i = 0; i < box.length; i++) assert.is(openSealed(pair, flipped(box, i, 0)), undefined)
  assert.is(openSealed(pair, box.slice(0, 47)), undefined)
  const smallOrder = [
    '00'.repeat(32),
    `01${'00'.repeat(31)}`,
    'e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800',
    '5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157',
    `ec${'ff'.repeat(30)}7f`,
    `ed${'ff'.repeat(30)}7f`,
    `ee${'ff'.repeat(30)}7f`,
  ]
  for (const hex of smallOrder) {
    assert.throws(
      () => sealTo(fromHex(hex)!, utf8('key')),
      (error: unknown) => error instanceof CofferError && error.reason === 'bad-key',
    )
  }
})

test('derived keys differ by key, type, parts and number', () => {
  const keys = [
    keyedHash(KEY, 'a'),
    keyedHash(KEY, 'b'),
    keyedHash(KEY, 'a', utf8('x')),
    keyedHash(new Uint8Array(32), 'a'),
    subkey(KEY, 1),
    subkey(KEY, 2),
    subkey(new Uint8Array(32), 1),
  ].map(toHex)
  assert.is(new Set(keys).size, keys.length)
})

test('local boxes open under their own type, key and parameters', () => {
  const keys = deriveLocalKeys(new Secret(new Uint8Array(32).fill(5)))
  const box = sealLocal('device', keys.deviceStore, AAD, new Secret(utf8('seed')), random)
  assert.equal(openLocal('device', keys.deviceStore, AAD, box).reveal(), utf8('seed'))
  const wrong = [
    () => openLocal('settings', keys.deviceStore, AAD, box),
    () => openLocal('device', keys.cache, AAD, box),
    () => openLocal('device', keys.index, AAD, box),
    () => openLocal('device', keys.deviceStore, utf8('other'), box),
    () => openLocal('device', keys.deviceStore, AAD, flipped(box, 30, 0)),
    () => openLocal('device', keys.deviceStore, AAD, new Uint8Array(0)),
  ]
  for (const work of wrong) {
    assert.throws(
      work,
      (error: unknown) => error instanceof CofferError && error.code === 'cannot-decrypt',
    )
  }
  const held = keys.cache.reveal()
  wipeLocalKeys(keys)
  assert.equal(held, new Uint8Array(32))
  const bytes = Uint8Array.of(1, 2)
  wipe(bytes)
  assert.equal(bytes, new Uint8Array(2))
})

test.run()
