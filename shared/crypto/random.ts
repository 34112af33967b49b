import sodium from 'libsodium-wrappers'
import type { Bytes } from '../bytes.js'

/** A source of `length` random bytes; injected, so that vectors and simulations can be replayed. */
export type Random = (length: number) => Bytes

/** The operating system's randomness, through libsodium. */
export const systemRandom: Random = (length) => sodium.randombytes_buf(length)
