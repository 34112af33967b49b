import sodium from 'libsodium-wrappers'
import { concat, utf8, type Bytes } from '../bytes.js'

/** Resolves when libsodium's WebAssembly is loaded; every composition root awaits it once. */
export const cryptoReady: Promise<void> = sodium.ready

/** The tag of a domain: `coffer/v1/<type>` and a zero byte, so that no tag is a prefix of another. */
export function domain(type: string): Bytes {
  return utf8(`coffer/v1/${type}\0`)
}

/** BLAKE2b-256 over the domain tag and `parts` (SPEC section 2). Callers fix the parts' lengths. */
export function hash(type: string, ...parts: readonly Bytes[]): Bytes {
  return sodium.crypto_generichash(32, concat(domain(type), ...parts), null)
}
