import { concat, equal, u32be, utf8, type Bytes } from '../../../shared/bytes.js'
import { hash } from '../../../shared/crypto/hash.js'
import type { Random } from '../../../shared/crypto/random.js'
import { CofferError } from '../../../shared/errors.js'
import { bytesOf, type DeviceId, type VaultId } from '../../../shared/ids.js'
import type { Header } from '../../../shared/log/changeset.js'
import { partContext } from '../../../shared/log/changeset.js'
import { deviceIdOf, type DeviceKeys } from '../../../shared/log/device.js'
import type { EpochStart, Wraps } from '../../../shared/log/link.js'
import { boxKeyPair, keyedHash, open, openSealed, pad, seal, sealTo, unpad } from './seal.js'
import type { BoxKeyPair } from './seal.js'

/** Public commitment to an epoch key: no second key can be passed off as it. */
export function commitmentOf(epochKey: Bytes): Bytes {
  return hash('epoch-commitment', epochKey)
}

/** The X25519 pair derived from an epoch key: sealers seal names to it. */
export function epochBoxPair(epochKey: Bytes): BoxKeyPair {
  return boxKeyPair(keyedHash(epochKey, 'epoch-box'))
}

/** What the link that starts an epoch says of its key. */
export function epochStart(epochKey: Bytes, wraps: Bytes): EpochStart {
  return { commitment: commitmentOf(epochKey), box: epochBoxPair(epochKey).publicKey, wraps }
}

/** Which key an epoch's key opens: the one of epoch `base`, for epoch `epoch` of a vault. */
type Step = { readonly vaultId: VaultId; readonly base: number; readonly epoch: number }

function stepContext({ vaultId, base, epoch }: Step): Bytes {
  return hash('epoch-before', bytesOf(vaultId), u32be(base), u32be(epoch))
}

/** The key of an epoch before, sealed under the new one: who is given this one reads history (SPEC section 5). */
export function sealBefore(epochKey: Bytes, before: Bytes, step: Step, random: Random): Bytes {
  return seal(keyedHash(epochKey, 'epoch-before'), stepContext(step), before, random)
}

/**
 * The key of the epoch before, checked against what the chain committed to.
 * @throws CofferError `tampering` (reason `bad-before`): history can't be read by newcomers until a member rotates anew
 */
export function openBefore(
  epochKey: Bytes,
  box: Bytes,
  step: Step,
  start: Pick<EpochStart, 'commitment'>,
): Bytes {
  const key = open(keyedHash(epochKey, 'epoch-before'), stepContext(step), box)
  if (key?.length === 32 && equal(commitmentOf(key), start.commitment)) return key
  throw new CofferError('tampering', "an epoch's key doesn't open the one before it", {
    reason: 'bad-before',
    next: 'have a member with the right to write change the key: coffer project rotate',
  })
}

function wrapPlain(epochKey: Bytes, vault: Bytes, epoch: number, device: DeviceId): Bytes {
  return concat(epochKey, vault, u32be(epoch), bytesOf(device))
}

/**
 * One epoch key sealed to each device. A genesis can't know its vault's id: it passes its nonce, doubled.
 */
export function wrapFor(
  epochKey: Bytes,
  vault: Bytes,
  epoch: number,
  keys: readonly DeviceKeys[],
): Wraps {
  return keys.map((one) => {
    const device = deviceIdOf(one)
    return { device, box: sealTo(one.box, wrapPlain(epochKey, vault, epoch, device)) }
  })
}

/**
 * The epoch key of this device's wrap.
 * @throws CofferError `tampering` (reason `bad-wrap`) when it isn't there, doesn't open, was made for another
 * vault, epoch or device, or isn't the key that the chain committed to: whose box key, to which those seal who may
 * write but not read, is the epoch's
 */
export function unwrap(
  wraps: Wraps,
  pair: BoxKeyPair,
  at: { vault: Bytes; epoch: number; device: DeviceId; start: Omit<EpochStart, 'wraps'> },
): Bytes {
  const box = wraps.find((wrap) => wrap.device === at.device)?.box
  const plain = box && openSealed(pair, box)
  const key = plain?.slice(0, 32)
  const bound =
    key !== undefined &&
    plain !== undefined &&
    equal(plain, wrapPlain(key, at.vault, at.epoch, at.device)) &&
    equal(commitmentOf(key), at.start.commitment) &&
    equal(epochBoxPair(key).publicKey, at.start.box)
  if (!bound) {
    throw new CofferError('tampering', 'the vault key sealed to this device is missing or wrong', {
      reason: 'bad-wrap',
      next: 'join again as a new device: coffer device add on another one',
    })
  }
  return key
}

/** Where an item's keys belong. */
export type Place = Pick<Header, 'vaultId' | 'device' | 'seq' | 'epoch'>
export type Part = 'meta' | 'value'

/** Key of one part of one item: nothing is stored per secret (SPEC section 6). */
export function itemKey(epochKey: Bytes, at: Place, index: number, part: Part): Bytes {
  const context = partContext(at, index, part)
  return keyedHash(epochKey, 'item-key', bytesOf(at.vaultId), bytesOf(at.device), context)
}

/** Public commitment to an item key, bound to its place. */
export function itemCommitment(key: Bytes, at: Place, index: number, part: Part): Bytes {
  return commitmentIn(partContext(at, index, part), key)
}

function commitmentIn(context: Bytes, key: Bytes): Bytes {
  return hash('item-commitment', key, context)
}

/** Padded part of an item sealed under its own key, and that key's commitment. */
export function sealUnder(
  key: Bytes,
  at: Place,
  index: number,
  part: Part,
  plain: Bytes,
  random: Random,
): { box: Bytes; commitment: Bytes } {
  const context = partContext(at, index, part)
  const box = seal(key, context, pad(plain), random)
  return { box, commitment: commitmentIn(context, key) }
}

/** The same under the key that the epoch's gives to this place. */
export function sealPart(
  epochKey: Bytes,
  at: Place,
  index: number,
  part: Part,
  plain: Bytes,
  random: Random,
): { box: Bytes; commitment: Bytes } {
  return sealUnder(itemKey(epochKey, at, index, part), at, index, part, plain, random)
}

/**
 * The plaintext of an item's part.
 * @throws CofferError `tampering`: `key-commitment` when the signed commitment is another key's, `bad-box` when
 * the ciphertext doesn't open at its place, `bad-padding`
 */
export function openUnder(
  key: Bytes,
  at: Place,
  index: number,
  part: Part,
  sealed: { box: Bytes; commitment: Bytes },
): Bytes {
  const context = partContext(at, index, part)
  const fail = (reason: string): never => {
    throw new CofferError('tampering', `an item's ${part} doesn't open`, { reason })
  }
  if (!equal(commitmentIn(context, key), sealed.commitment)) return fail('key-commitment')
  const padded = open(key, context, sealed.box)
  if (padded === undefined) return fail('bad-box')
  return unpad(padded) ?? fail('bad-padding')
}

/** The same by the key that the epoch's gives to this place. @throws CofferError `tampering` */
export function openPart(
  epochKey: Bytes,
  at: Place,
  index: number,
  part: Part,
  sealed: { box: Bytes; commitment: Bytes },
): Bytes {
  return openUnder(itemKey(epochKey, at, index, part), at, index, part, sealed)
}

function labelKey(epochKey: Bytes): Bytes {
  return keyedHash(epochKey, 'label-key')
}

/** A label (UTF-8 text) encrypted for a link; `subject` is the raw id of the device or invite that it names. */
export function sealLabel(epochKey: Bytes, subject: Bytes, label: string, random: Random): Bytes {
  return seal(labelKey(epochKey), hash('label', subject), pad(utf8(label)), random)
}

/** Bytes of a label, or undefined when it doesn't open. */
export function openLabel(epochKey: Bytes, subject: Bytes, box: Bytes): Bytes | undefined {
  const padded = open(labelKey(epochKey), hash('label', subject), box)
  return padded && unpad(padded)
}

/** What stands for the vault's id in the wraps of a genesis, whose hash isn't known yet. */
export function genesisContext(nonce: Bytes): Bytes {
  return concat(nonce, nonce)
}

/** What stands for the vault in wraps that later links carry. */
export function vaultContext(vaultId: VaultId): Bytes {
  return bytesOf(vaultId)
}
