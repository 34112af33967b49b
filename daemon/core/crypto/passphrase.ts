import { concat, type Bytes } from '../../../shared/bytes.js'
import { domain } from '../../../shared/crypto/hash.js'
import type { Random } from '../../../shared/crypto/random.js'
import { CofferError } from '../../../shared/errors.js'
import { Secret } from '../../../shared/redacted.js'
import { open, seal, subkey } from './seal.js'

// The local root: 32 random bytes that a passphrase or a key file opens, and from which all local keys derive
// (SPEC section 4).

/** Bytes of the local root, of the key that wraps it and of each key derived from it. */
export const ROOT_BYTES = 32
/** Nonce and Poly1305 tag around a wrapped root. */
export const WRAPPED_BYTES = 24 + ROOT_BYTES + 16

/** What the local root derives. */
export type LocalKeys = {
  /** Seals the `device` file. */
  readonly deviceStore: Secret
  /** Seals LevelDB values. */
  readonly cache: Secret
  /** Keys the BLAKE2b of names that make LevelDB keys. */
  readonly index: Secret
}

/** `nonce ‖ box` of XChaCha20-Poly1305 over `plain`; domain `type` and `aad` are authenticated. */
export function sealLocal(
  type: string,
  key: Secret,
  aad: Bytes,
  plain: Secret,
  random: Random,
): Bytes {
  return seal(key.reveal(), concat(domain(type), aad), plain.reveal(), random)
}

/** What `sealLocal` sealed. @throws CofferError `cannot-decrypt` for another key, type, aad or changed bytes. */
export function openLocal(type: string, key: Secret, aad: Bytes, sealed: Bytes): Secret {
  const plain = open(key.reveal(), concat(domain(type), aad), sealed)
  if (plain === undefined) {
    throw new CofferError('cannot-decrypt', "this home's keys do not open one of its files", {
      reason: 'wrong-key',
      next: 'bring the home back as a whole from a backup',
    })
  }
  return new Secret(plain)
}

/** The keys of a local root: crypto_kdf (BLAKE2b), context `coffer__`, subkeys 1, 2 and 3. */
export function deriveLocalKeys(root: Secret): LocalKeys {
  const derive = (id: number): Secret => new Secret(subkey(root.reveal(), id))
  return { deviceStore: derive(1), cache: derive(2), index: derive(3) }
}

/** Overwrites the keys. Best effort: the engine may have copied them before. */
export function wipeLocalKeys(keys: LocalKeys): void {
  keys.deviceStore.wipe()
  keys.cache.wipe()
  keys.index.wipe()
}
