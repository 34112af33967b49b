import { randomFillSync } from 'node:crypto'
import type { Random } from '../shared/crypto/random.js'

const pool = new Uint8Array(4096)
let used = pool.length

/**
 * The operating system's randomness. Small asks share one call: libsodium's own source crosses into JavaScript for
 * every four bytes (92 µs a nonce here, against 0.1).
 */
export const systemRandom: Random = (length) => {
  if (length > pool.length / 8) return randomFillSync(new Uint8Array(length))
  if (used + length > pool.length) {
    randomFillSync(pool)
    used = 0
  }
  const out = pool.slice(used, used + length)
  pool.fill(0, used, used + length)
  used += length
  return out
}
