import sodium from 'libsodium-wrappers'
import { concat, readU32be, u32be, type Bytes } from '../../../shared/bytes.js'
import { domain } from '../../../shared/crypto/hash.js'
import type { Random } from '../../../shared/crypto/random.js'
import { CofferError } from '../../../shared/errors.js'
import { PADDING_BUCKETS } from '../../../shared/limits.js'

const NONCE = 24

/** nonce ‖ XChaCha20-Poly1305 of `plain` under a 32-byte key, with a random nonce. */
export function seal(key: Bytes, aad: Bytes, plain: Bytes, random: Random): Bytes {
  const nonce = random(NONCE)
  const box = sodium.crypto_aead_xchacha20poly1305_ietf_encrypt(plain, aad, null, nonce, key)
  return concat(nonce, box)
}

/** The plaintext of what `seal` made, or undefined when key, data or anything of the box differs. */
export function open(key: Bytes, aad: Bytes, sealed: Bytes): Bytes | undefined {
  if (sealed.length < NONCE + 16) return undefined
  const nonce = sealed.subarray(0, NONCE)
  const box = sealed.subarray(NONCE)
  try {
    return sodium.crypto_aead_xchacha20poly1305_ietf_decrypt(null, box, aad, nonce, key)
  } catch {
    return undefined
  }
}

/** BLAKE2b-256 keyed with `key` over the domain tag and `parts`: the one way keys are derived here. */
export function keyedHash(key: Bytes, type: string, ...parts: readonly Bytes[]): Bytes {
  return sodium.crypto_generichash(32, concat(domain(type), ...parts), key)
}

/** `bytes` behind their 4-byte length, zero-padded to the next bucket (SPEC section 2). */
export function pad(bytes: Bytes): Bytes {
  const bucket = PADDING_BUCKETS.find((size) => bytes.length + 4 <= size)
  if (bucket === undefined) {
    throw new CofferError('limit', `a part has ${bytes.length} bytes, more than fit`, {
      reason: 'oversize',
    })
  }
  const out = new Uint8Array(bucket)
  out.set(u32be(bytes.length))
  out.set(bytes, 4)
  return out
}

/** What `pad` padded; undefined when length, bucket or the zeros behind are off. */
export function unpad(padded: Bytes): Bytes | undefined {
  if (padded.length < 4) return undefined
  const length = readU32be(padded)
  if (PADDING_BUCKETS.find((size) => length + 4 <= size) !== padded.length) return undefined
  if (padded.subarray(4 + length).some((byte) => byte !== 0)) return undefined
  return padded.subarray(4, 4 + length)
}

/** An X25519 key pair. */
export type BoxKeyPair = { readonly publicKey: Bytes; readonly privateKey: Bytes }

export function boxKeyPair(seed: Bytes): BoxKeyPair {
  const pair = sodium.crypto_box_seed_keypair(seed)
  return { publicKey: pair.publicKey, privateKey: pair.privateKey }
}

/**
 * `plain` sealed to an X25519 public key by nobody in particular.
 * @throws CofferError `tampering` (reason `bad-key`) for a key of small order, to which anyone could open it
 */
export function sealTo(publicKey: Bytes, plain: Bytes): Bytes {
  try {
    return sodium.crypto_box_seal(plain, publicKey)
  } catch (cause) {
    throw new CofferError(
      'tampering',
      'a box key is one to which anyone could open what is sealed',
      { reason: 'bad-key', cause },
    )
  }
}

/** What was sealed to this pair, or undefined. */
export function openSealed(pair: BoxKeyPair, box: Bytes): Bytes | undefined {
  try {
    return sodium.crypto_box_seal_open(box, pair.publicKey, pair.privateKey)
  } catch {
    return undefined
  }
}

/** Subkey `n` of the local root under context `coffer__` (SPEC section 4). */
export function subkey(root: Bytes, n: number): Bytes {
  return sodium.crypto_kdf_derive_from_key(32, n, 'coffer__', root)
}

/** Overwrites key bytes; best effort, since an engine may have copied them. */
export function wipe(bytes: Bytes): void {
  sodium.memzero(bytes)
}
