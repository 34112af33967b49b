import sodium from 'libsodium-wrappers'
import { concat, type Bytes } from '../bytes.js'
import { domain } from './hash.js'

/** An Ed25519 key pair as libsodium keeps it: the private key is seed ‖ public key. */
export type SignKeyPair = { readonly publicKey: Bytes; readonly privateKey: Bytes }

/** The Ed25519 pair of a 32-byte seed. */
export function signKeyPair(seed: Bytes): SignKeyPair {
  const pair = sodium.crypto_sign_seed_keypair(seed)
  return { publicKey: pair.publicKey, privateKey: pair.privateKey }
}

/** Ed25519 signature (64 bytes) over the domain tag and `body` (SPEC section 2). */
export function sign(type: string, body: Bytes, privateKey: Bytes): Bytes {
  return sodium.crypto_sign_detached(concat(domain(type), body), privateKey)
}

/** Whether `signature` is `publicKey`'s over the domain tag and `body`; false for any malformed input. */
export function verify(type: string, signature: Bytes, body: Bytes, publicKey: Bytes): boolean {
  if (signature.length !== 64 || publicKey.length !== 32) return false
  try {
    return sodium.crypto_sign_verify_detached(signature, concat(domain(type), body), publicKey)
  } catch {
    return false
  }
}
