import sodium from 'libsodium-wrappers'
import { concat, utf8, type Bytes } from '../bytes.js'

/** Resolves when libsodium's WebAssembly is loaded; every composition root awaits it once. */
export const cryptoReady: Promise<void> = sodium.ready

/** Tags by their types, which are words of the code: there are a few dozen, each used thousands of times. */
const tags = new Map<string, Bytes>()

/**
 * The tag of a domain: `coffer/v1/<type>` and a zero byte, so that no tag is a prefix of another. Always the same bytes:
 * not to be written to.
 */
export function domain(type: string): Bytes {
  const known = tags.get(type)
  if (known !== undefined) return known
  const tag = utf8(`coffer/v1/${type}\0`)
  tags.set(type, tag)
  return tag
}

/** BLAKE2b-256 over the domain tag and `parts` (SPEC section 2). Callers fix the parts' lengths. */
export function hash(type: string, ...parts: readonly Bytes[]): Bytes {
  return sodium.crypto_generichash(32, concat(domain(type), ...parts), null)
}
