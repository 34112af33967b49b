import type { Bytes } from '../bytes.js'

/** A source of `length` random bytes; injected, so that vectors and simulations can be replayed. */
export type Random = (length: number) => Bytes
