import { test } from 'uvu'
import { seededRandom } from '../vault/testing/devices.js'
import * as assert from 'uvu/assert'
import { concat, fromUtf8, toHex, u32be, utf8, type Bytes } from '../../../shared/bytes.js'
import { cryptoReady } from '../../../shared/crypto/hash.js'
import { bytesOf, idOf, type DeviceId, type VaultId } from '../../../shared/ids.js'
import { partContext } from '../../../shared/log/changeset.js'
import { deviceIdOf, type DeviceKeys } from '../../../shared/log/device.js'
import type { Wraps } from '../../../shared/log/link.js'
import {
  commitmentOf,
  epochBoxPair,
  epochStart,
  genesisContext,
  itemCommitment,
  itemKey,
  openLabel,
  openPart,
  sealLabel,
  sealPart,
  unwrap,
  vaultContext,
  wrapFor,
  type Part,
} from './epoch.js'
import { boxKeyPair, openSealed, seal, sealTo, type BoxKeyPair } from './seal.js'
import { verdictOf } from '../../../shared/testing/refusal.js'

const random = seededRandom('crypto')

await cryptoReady

const filled = (byte: number): Bytes => new Uint8Array(32).fill(byte)
const EPOCH = filled(1)
const VAULT = idOf<VaultId>(filled(2))
const AT = { vaultId: VAULT, device: idOf<DeviceId>(filled(3)), seq: 7, epoch: 1 }

function device(byte: number): { keys: DeviceKeys; box: BoxKeyPair; id: DeviceId } {
  const box = boxKeyPair(filled(byte))
  const keys = { sign: filled(byte + 100), box: box.publicKey }
  return { keys, box, id: deviceIdOf(keys) }
}

const [ann, bob] = [device(10), device(11)]
const START = epochStart(EPOCH, filled(5))
const FOR = { vault: vaultContext(VAULT), epoch: 1, device: ann.id, start: START }

test('each recipient opens its wrap to the key that the chain committed to', () => {
  const wraps = wrapFor(EPOCH, vaultContext(VAULT), 1, [ann.keys, bob.keys])
  assert.equal(unwrap(wraps, ann.box, FOR), EPOCH)
  assert.equal(unwrap(wraps, bob.box, { ...FOR, device: bob.id }), EPOCH)
  assert.ok(wraps.every((wrap) => wrap.box.length === 148))
})

test('a wrap that is missing, moved, corrupted, or of another vault, epoch or key is refused', () => {
  const wraps = wrapFor(EPOCH, vaultContext(VAULT), 1, [ann.keys, bob.keys])
  const put = (box: Bytes): Wraps => [{ device: ann.id, box }]
  const annBox = wraps[0]!.box
  const bad: [string, Wraps][] = [
    ['missing', wraps.slice(1)],
    ['empty table', []],
    ["another's", put(wraps[1]!.box)],
    ['corrupted', put(annBox.map((byte, i) => (i === 100 ? byte ^ 1 : byte)))],
    ['another vault', wrapFor(EPOCH, vaultContext(idOf<VaultId>(filled(9))), 1, [ann.keys])],
    ['another epoch', wrapFor(EPOCH, vaultContext(VAULT), 2, [ann.keys])],
    ['another key', wrapFor(filled(9), vaultContext(VAULT), 1, [ann.keys])],
    ["a genesis's", wrapFor(EPOCH, genesisContext(new Uint8Array(16)), 1, [ann.keys])],
    ['made for another device', put(sealTo(ann.keys.box, openSealed(bob.box, wraps[1]!.box)!))],
    ['short', put(sealTo(ann.keys.box, EPOCH))],
    ['long', put(sealTo(ann.keys.box, concat(openSealed(ann.box, annBox)!, new Uint8Array(1))))],
  ]
  for (const [what, table] of bad) {
    assert.is(
      verdictOf(() => unwrap(table, ann.box, FOR)),
      'tampering/bad-wrap',
      what,
    )
  }
  const other = epochStart(filled(9), filled(5))
  for (const start of [
    other,
    { ...START, commitment: other.commitment },
    { ...START, box: other.box },
  ]) {
    assert.is(
      verdictOf(() => unwrap(wraps, ann.box, { ...FOR, start })),
      'tampering/bad-wrap',
    )
  }
})

test('attack 6: what is sent to a joiner holds no key that its relay could read', () => {
  const table = wrapFor(EPOCH, vaultContext(VAULT), 1, [ann.keys, bob.keys])
  for (const { box } of table) assert.not(toHex(box).includes(toHex(EPOCH)))
  assert.not.equal(
    table[0]?.box.slice(48),
    wrapFor(EPOCH, vaultContext(VAULT), 1, [ann.keys])[0]?.box.slice(48),
  )
})

test('the start of an epoch says nothing of its key but what fits it alone', () => {
  const start = epochStart(EPOCH, filled(5))
  assert.equal(start.commitment, commitmentOf(EPOCH))
  assert.equal(start.box, epochBoxPair(EPOCH).publicKey)
  assert.not.equal(start.commitment, commitmentOf(filled(9)))
  assert.not(toHex(concat(start.commitment, start.box)).includes(toHex(EPOCH)))
})

const sealed = (part: Part, plain: string): { box: Bytes; commitment: Bytes } =>
  sealPart(EPOCH, AT, 3, part, utf8(plain), random)

test('a part opens at its own place and nowhere else', () => {
  const meta = sealed('meta', 'name')
  const value = sealed('value', 'hunter2')
  assert.is(fromUtf8(openPart(EPOCH, AT, 3, 'meta', meta)), 'name')
  assert.is(fromUtf8(openPart(EPOCH, AT, 3, 'value', value)), 'hunter2')
  const elsewhere = [
    () => openPart(EPOCH, AT, 3, 'value', meta),
    () => openPart(EPOCH, AT, 4, 'value', value),
    () => openPart(EPOCH, { ...AT, seq: 8 }, 3, 'value', value),
    () => openPart(EPOCH, { ...AT, epoch: 2 }, 3, 'value', value),
    () => openPart(EPOCH, { ...AT, device: bob.id }, 3, 'value', value),
    () => openPart(EPOCH, { ...AT, vaultId: idOf<VaultId>(filled(9)) }, 3, 'value', value),
    () => openPart(filled(9), AT, 3, 'value', value),
  ]
  for (const work of elsewhere) assert.is(verdictOf(work), 'tampering/key-commitment')
})

test('a ciphertext moved together with a commitment made for its new place does not open there', () => {
  const value = sealed('value', 'hunter2')
  const moved = { ...AT, seq: 8 }
  const key = itemKey(EPOCH, moved, 3, 'value')
  const commitment = itemCommitment(key, moved, 3, 'value')
  assert.is(
    verdictOf(() => openPart(EPOCH, moved, 3, 'value', { ...value, commitment })),
    'tampering/bad-box',
  )
})

test('a second key for one ciphertext is refused before it is tried', () => {
  const key = filled(77)
  const plain = new Uint8Array(256)
  const box = seal(key, partContext(AT, 3, 'value'), plain, random)
  const commitment = itemCommitment(key, AT, 3, 'value')
  assert.is(
    verdictOf(() => openPart(EPOCH, AT, 3, 'value', { box, commitment })),
    'tampering/key-commitment',
  )
})

test('what opens but is not padded as it should be is refused', () => {
  const key = itemKey(EPOCH, AT, 3, 'value')
  const commitment = itemCommitment(key, AT, 3, 'value')
  const dirty = concat(u32be(2), new Uint8Array(252).fill(1))
  for (const plain of [dirty, new Uint8Array(0), new Uint8Array(255), new Uint8Array(1024)]) {
    const box = seal(key, partContext(AT, 3, 'value'), plain, random)
    assert.is(
      verdictOf(() => openPart(EPOCH, AT, 3, 'value', { box, commitment })),
      'tampering/bad-padding',
    )
  }
})

test('names, values and equal values of one size look alike', () => {
  const sizes = ['a', 'a'.repeat(200), ''].map((plain) => sealed('value', plain).box.length)
  assert.is(new Set(sizes).size, 1)
  const [one, two] = [sealed('value', 'same'), sealed('value', 'same')]
  assert.not.equal(one.box, two.box)
})

test('a label opens for the device that it names only', () => {
  const subject = bytesOf(ann.id)
  const box = sealLabel(EPOCH, subject, 'laptop', random)
  assert.is(fromUtf8(openLabel(EPOCH, subject, box) ?? utf8('-')), 'laptop')
  assert.is(openLabel(EPOCH, bytesOf(bob.id), box), undefined)
  assert.is(openLabel(filled(9), subject, box), undefined)
  assert.is(openLabel(EPOCH, subject, box.slice(1)), undefined)
})

test.run()
