import { LIMITS } from '../../../shared/limits.js'
import type { Bytes } from '../../../shared/bytes.js'

/** One value that is to be read, and how. */
export type Readable<T> = { readonly about: T; readonly open: () => Bytes }

/**
 * The values from place `after` on, as many as LIMITS.page takes, at least one; `next`: the place of the first that
 * isn't among them, null when all are.
 */
export function pageOf<T>(
  all: readonly Readable<T>[],
  after: number,
): { readonly read: { readonly about: T; readonly value: Bytes }[]; readonly next: number | null } {
  const read: { about: T; value: Bytes }[] = []
  let size = 0
  for (let at = after; at < all.length; at++) {
    const one = all[at]
    if (one === undefined) break
    const value = one.open()
    size += value.length
    if (size > LIMITS.page && read.length > 0) return { read, next: at }
    read.push({ about: one.about, value })
  }
  return { read, next: null }
}
