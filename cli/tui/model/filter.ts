import fuzzysort, { type Snapshot } from 'fuzzysort'

// Fuzzy search over names: letters in order, word starts and runs first; words by blanks in any order.

export type Searched = { readonly names: readonly string[]; readonly snapshot: Snapshot }

/** Names made ready for many searches. */
export function searched(names: readonly string[]): Searched {
  return { names, snapshot: fuzzysort.snapshot(names) }
}

/** The names that fit, the best first; all of them, in their order, for nothing typed. */
export function search({ names, snapshot }: Searched, query: string): readonly string[] {
  const wanted = query.trim()
  if (wanted === '') return names
  return fuzzysort.go(wanted, snapshot, { limit: 0, threshold: 0.1 }).map(({ target }) => target)
}

/** The places in `name` (UTF-16 units) of what was typed. */
export function hits(name: string, query: string): ReadonlySet<number> {
  const wanted = query.trim()
  const found = wanted === '' ? null : fuzzysort.single(wanted, name)
  return new Set(found?.indexes ?? [])
}
