import type { Bytes } from '../../shared/bytes.js'
import {
  decode,
  encode,
  fixed,
  id,
  req,
  struct,
  text,
  uint,
  type TypeOf,
} from '../../shared/codec.js'
import type { Random } from '../../shared/crypto/random.js'
import { signKeyPair, type SignKeyPair } from '../../shared/crypto/sign.js'
import { CofferError } from '../../shared/errors.js'
import type { DeviceId, UserId } from '../../shared/ids.js'
import { LIMITS } from '../../shared/limits.js'
import { deviceIdOf, type DeviceKeys } from '../../shared/log/device.js'
import { Secret } from '../../shared/redacted.js'
import { openLocal, sealLocal, type LocalKeys } from '../core/crypto/passphrase.js'
import { boxKeyPair, pad, unpad, type BoxKeyPair } from '../core/crypto/seal.js'
import { readPrivate, writeAtomic } from '../home/files.js'
import type { Home } from '../home/home.js'

// `device` (SPEC section 4): who this home is, sealed under the device-store key.

const recordCodec = struct({
  version: req(0, uint(255)),
  signSeed: req(1, fixed(32)),
  boxSeed: req(2, fixed(32)),
  userId: req(3, id<UserId>(16)),
  /** Labels that members see: the person's name and e-mail address, and this device's name; each may be empty. */
  name: req(4, text(LIMITS.label)),
  email: req(5, text(LIMITS.label)),
  device: req(6, text(LIMITS.label)),
})
type Stored = TypeOf<typeof recordCodec>

const VERSION = 1
const NO_AAD = new Uint8Array(0)

/** What makes a device: its two seeds and whose it is. */
export type DeviceRecord = Omit<Stored, 'version'>

/** This home's device, keys expanded. */
export type Device = {
  readonly deviceId: DeviceId
  readonly userId: UserId
  readonly keys: DeviceKeys
  readonly sign: SignKeyPair
  readonly box: BoxKeyPair
  readonly name: string
  readonly email: string
  readonly device: string
}

/** A record with fresh keys. */
export function freshDevice(
  labels: Pick<DeviceRecord, 'userId' | 'name' | 'email' | 'device'>,
  random: Random,
): DeviceRecord {
  return { ...labels, signSeed: random(32), boxSeed: random(32) }
}

export function deviceOf({ signSeed, boxSeed, ...labels }: DeviceRecord): Device {
  const sign = signKeyPair(signSeed)
  const box = boxKeyPair(boxSeed)
  const keys = { sign: sign.publicKey, box: box.publicKey }
  return { ...labels, deviceId: deviceIdOf(keys), keys, sign, box }
}

/** The bytes of a `device` file. */
export function sealDevice(keys: LocalKeys, record: DeviceRecord, random: Random): Bytes {
  // Padded: the file's length would tell that of the labels.
  const plain = new Secret(pad(encode(recordCodec, { version: VERSION, ...record })))
  const sealed = sealLocal('device', keys.deviceStore, NO_AAD, plain, random)
  plain.wipe()
  return sealed
}

/** Seals the record into the home's `device` file, atomically and durably. */
export function writeDevice(
  home: Home,
  keys: LocalKeys,
  record: DeviceRecord,
  random: Random,
): void {
  writeAtomic(home.file('device'), sealDevice(keys, record, random))
}

/**
 * The record of the home's `device` file.
 * @throws CofferError `home` (reason `no-device`), `cannot-decrypt`, `format`.
 */
export function readDevice(home: Home, keys: LocalKeys): DeviceRecord {
  const sealed = readPrivate(home.file('device'), { maxBytes: LIMITS.homeFile, uid: home.uid })
  if (sealed === undefined) {
    throw new CofferError('home', `${home.file('device')} is missing`, {
      reason: 'no-device',
      next: 'join as a new device from another one: coffer device add',
    })
  }
  const plain = openLocal('device', keys.deviceStore, NO_AAD, sealed)
  const content = unpad(plain.reveal()) ?? NO_AAD
  const { version, ...record } = decode(recordCodec, content, 'the device file', LIMITS.homeFile)
  if (version === VERSION) return record
  throw new CofferError('home', 'the device file was made by a newer coffer', {
    reason: 'newer',
    next: 'upgrade coffer on this machine',
  })
}
