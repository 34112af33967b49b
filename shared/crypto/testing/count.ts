import sodium from 'libsodium-wrappers'

// For tests only: work is promised in counts, which a slow machine doesn't change.

/** How many Ed25519 signatures `work` checks. */
export function verificationsOf(work: () => unknown): number {
  const name = 'crypto_sign_verify_detached'
  const verify: unknown = Reflect.get(sodium, name)
  if (typeof verify !== 'function') throw new TypeError(`libsodium has no ${name}`)
  let count = 0
  const counting = (...args: readonly unknown[]): unknown => {
    count++
    return Reflect.apply(verify, sodium, args)
  }
  Reflect.set(sodium, name, counting)
  try {
    work()
  } finally {
    Reflect.set(sodium, name, verify)
  }
  return count
}
