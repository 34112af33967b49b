import fuzzysort, { type Snapshot } from 'fuzzysort'

// Fuzzy search over names: letters in order, word starts and runs first; words by blanks in any order.

/** A score below which letters are merely somewhere. */
const THRESHOLD = 0.1

export type Searched = { readonly names: readonly string[]; readonly snapshot: Snapshot }

/** Names made ready for many searches. */
export function searched(names: readonly string[]): Searched {
  return { names, snapshot: fuzzysort.snapshot(names) }
}

/** More hits than anybody scrolls through: one types on instead. */
const LISTED = 1000

export type Found = { readonly names: readonly string[]; readonly total: number }

/** The names that fit, the best first and at most LISTED of them; all, in their order, for nothing typed. */
export function search({ names, snapshot }: Searched, query: string): Found {
  const wanted = query.trim()
  if (wanted === '') return { names, total: names.length }
  const hits = fuzzysort.go(wanted, snapshot, { limit: LISTED, threshold: THRESHOLD })
  return { names: hits.map(({ target }) => target), total: hits.total }
}

/** The places in `name` (UTF-16 units) of what was typed. */
export function hits(name: string, query: string): ReadonlySet<number> {
  const wanted = query.trim()
  const found = wanted === '' ? null : fuzzysort.single(wanted, name)
  return new Set(found?.indexes ?? [])
}
