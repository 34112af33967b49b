import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { concat, utf8, type Bytes } from '../../../shared/bytes.js'
import { cryptoReady } from '../../../shared/crypto/hash.js'
import { bytesOf, idOf, type DeviceId, type VaultId } from '../../../shared/ids.js'
import { deviceIdOf } from '../../../shared/log/device.js'
import { verdictOf } from '../../../shared/testing/refusal.js'
import { seededRandom } from '../vault/testing/devices.js'
import { boxForEpoch, boxKeys, openForEpoch, openKeys } from './boxes.js'
import { epochBoxPair, openUnder, sealUnder } from './epoch.js'
import { boxKeyPair, openSealed, sealTo } from './seal.js'

await cryptoReady

const filled = (byte: number): Bytes => new Uint8Array(32).fill(byte)
const AT = {
  vaultId: idOf<VaultId>(filled(2)),
  device: idOf<DeviceId>(filled(3)),
  seq: 7,
  epoch: 1,
}
const KEYS = { meta: filled(11), value: filled(12) }

function runner(byte: number): {
  readonly keys: { readonly sign: Bytes; readonly box: Bytes }
  readonly pair: ReturnType<typeof boxKeyPair>
  readonly id: Bytes
} {
  const pair = boxKeyPair(filled(byte))
  const keys = { sign: filled(byte + 100), box: pair.publicKey }
  return { keys, pair, id: bytesOf(deviceIdOf(keys)) }
}

const [ci, other] = [runner(20), runner(21)]

test('keys come out of a box as they went in, with a value or without', () => {
  const box = boxKeys(ci.keys, KEYS, AT, 3)
  assert.is(box.length, 144)
  assert.equal(openKeys(ci.pair, ci.id, box, AT, 3), KEYS)
  const told = boxKeys(ci.keys, { meta: KEYS.meta }, AT, 3)
  assert.is(told.length, 144)
  assert.equal(openKeys(ci.pair, ci.id, told, AT, 3), { meta: KEYS.meta })
})

test('a box opens for nobody else and nowhere else', () => {
  const box = boxKeys(ci.keys, KEYS, AT, 3)
  const plain = openSealed(ci.pair, box) ?? new Uint8Array()
  const elsewhere = [
    () => openKeys(other.pair, other.id, box, AT, 3),
    () => openKeys(ci.pair, other.id, box, AT, 3),
    () => openKeys(ci.pair, ci.id, box, AT, 4),
    () => openKeys(ci.pair, ci.id, box, { ...AT, seq: 8 }, 3),
    () => openKeys(ci.pair, ci.id, box, { ...AT, epoch: 2 }, 3),
    () => openKeys(ci.pair, ci.id, box, { ...AT, vaultId: idOf<VaultId>(filled(9)) }, 3),
    () => openKeys(ci.pair, ci.id, box, { ...AT, device: idOf<DeviceId>(filled(9)) }, 3),
    // A reader that hands its box on to another.
    () => openKeys(other.pair, other.id, sealTo(other.keys.box, plain), AT, 3),
    () => openKeys(ci.pair, ci.id, sealTo(ci.keys.box, plain.subarray(1)), AT, 3),
    () => openKeys(ci.pair, ci.id, sealTo(ci.keys.box, concat(plain, filled(0))), AT, 3),
  ]
  for (const work of elsewhere) assert.is(verdictOf(work), 'tampering/bad-box')
})

test('the epoch’s box holds the meta key alone, for those who have the epoch’s key', () => {
  const epoch = filled(1)
  const { publicKey, privateKey } = epochBoxPair(epoch)
  const box = boxForEpoch(publicKey, KEYS.meta, AT, 3)
  assert.is(box.length, 112)
  assert.equal(openForEpoch(epoch, box, AT, 3), KEYS.meta)
  assert.is(openSealed({ publicKey, privateKey }, box)?.length, 64)
  for (const work of [
    () => openForEpoch(filled(9), box, AT, 3),
    () => openForEpoch(epoch, box, AT, 4),
    () => openForEpoch(epoch, box, { ...AT, seq: 8 }, 3),
  ])
    assert.is(verdictOf(work), 'tampering/bad-box')
})

test('one ciphertext under two keys for two readers: the commitment takes one of them (attack 37)', () => {
  const random = seededRandom('boxes')
  const true37 = sealUnder(KEYS.value, AT, 3, 'value', utf8('hunter2'), random)
  const box = boxKeys(other.keys, { meta: KEYS.meta, value: filled(13) }, AT, 3)
  const given = openKeys(other.pair, other.id, box, AT, 3).value ?? new Uint8Array()
  assert.is(
    verdictOf(() => openUnder(given, AT, 3, 'value', true37)),
    'tampering/key-commitment',
  )
})

test.run()
