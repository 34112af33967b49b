import { concat, equal, type Bytes } from '../../../shared/bytes.js'
import { hash } from '../../../shared/crypto/hash.js'
import { CofferError } from '../../../shared/errors.js'
import { bytesOf } from '../../../shared/ids.js'
import { partContext } from '../../../shared/log/changeset.js'
import { deviceIdOf, type DeviceKeys } from '../../../shared/log/device.js'
import { epochBoxPair, type Place } from './epoch.js'
import { openSealed, sealTo, type BoxKeyPair } from './seal.js'

// An item's keys, boxed to those who can't derive them (SPEC section 6): to runners, and, where the author can't read the
// vault, its meta key to the epoch.

/** An item's two keys; one that isn't given is absent. */
export type ItemKeys = { readonly meta: Bytes; readonly value?: Bytes }

const KEY = 32
const NO_KEY = new Uint8Array(KEY)

/** What a box says of where its keys belong and for whom it is. */
function belongs(at: Place, index: number, recipient: Bytes): Bytes {
  return hash('item-box', partContext(at, index, 'meta'), recipient)
}

/** An item's keys for one runner. @throws CofferError `tampering` (reason `bad-key`) for a key of small order */
export function boxKeys(to: DeviceKeys, keys: ItemKeys, at: Place, index: number): Bytes {
  const place = belongs(at, index, bytesOf(deviceIdOf(to)))
  return sealTo(to.box, concat(keys.meta, keys.value ?? NO_KEY, place))
}

/** An item's meta key for those who read the vault. `box` is the epoch's public box key. */
export function boxForEpoch(box: Bytes, metaKey: Bytes, at: Place, index: number): Bytes {
  return sealTo(box, concat(metaKey, belongs(at, index, box)))
}

function bad(): never {
  throw new CofferError('tampering', "the keys boxed with an item aren't its own", {
    reason: 'bad-box',
  })
}

/**
 * What `boxKeys` boxed to a device.
 * @throws CofferError `tampering` (reason `bad-box`) when it doesn't open, or was made for another item or device
 */
export function openKeys(
  pair: BoxKeyPair,
  recipient: Bytes,
  box: Bytes,
  at: Place,
  index: number,
): ItemKeys {
  const plain = openSealed(pair, box)
  if (plain?.length !== 3 * KEY) return bad()
  if (!equal(plain.subarray(2 * KEY), belongs(at, index, recipient))) return bad()
  const [meta, value] = [plain.slice(0, KEY), plain.slice(KEY, 2 * KEY)]
  return equal(value, NO_KEY) ? { meta } : { meta, value }
}

/** The meta key that `boxForEpoch` boxed. @throws CofferError `tampering` (reason `bad-box`) */
export function openForEpoch(epochKey: Bytes, box: Bytes, at: Place, index: number): Bytes {
  const pair = epochBoxPair(epochKey)
  const plain = openSealed(pair, box)
  if (plain?.length !== 2 * KEY) return bad()
  if (!equal(plain.subarray(KEY), belongs(at, index, pair.publicKey))) return bad()
  return plain.slice(0, KEY)
}
