import { LIMITS } from '../../../shared/limits.js'
import type { Bytes } from '../../../shared/bytes.js'
import { byCodePoint } from '../text.js'

/** One value that is to be read, its place among the others, and how. */
export type Readable<T> = {
  readonly key: string
  readonly about: T
  readonly open: () => Bytes
}

/** The place of a name among those that were asked for: it stays, whichever of them come and go. */
export function askedKey(index: number): string {
  return String(index).padStart(6, '0')
}

/**
 * The values from the key `after` on, as many as LIMITS.page takes, at least one; `next`: the key of the first that isn't
 * among them, null when all are. What comes and goes between two pages shifts no others.
 * @param all by key, ascending
 */
export function pageOf<T>(
  all: readonly Readable<T>[],
  after: string | undefined,
): {
  readonly read: { readonly about: T; readonly value: Bytes }[]
  readonly next: string | null
} {
  const read: { about: T; value: Bytes }[] = []
  let size = 0
  for (const one of all) {
    if (after !== undefined && byCodePoint(one.key, after) < 0) continue
    const value = one.open()
    size += value.length
    if (size > LIMITS.page && read.length > 0) return { read, next: one.key }
    read.push({ about: one.about, value })
  }
  return { read, next: null }
}
