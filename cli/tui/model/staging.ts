import { placeName, samePlace, type Place } from './place.js'

// Changes that are written down here and nowhere else until they are saved: all of one place as one transaction.

export type Staged = {
  readonly place: Place
  readonly name: string
  /** What is to be: bytes as base64, or undefined for a delete. */
  readonly value: string | undefined
  /** Only runners will open it: these, as typed, or those that are granted the name. */
  readonly seal?: { readonly to: readonly string[] } | undefined
  /** The version that it goes over: its id; undefined for a new name. */
  readonly over: string | undefined
  /** Somebody else wrote this name since. */
  readonly overtaken: boolean
}

/** One delete that was saved, and what brings it back. */
export type Deleted = { readonly place: Place; readonly name: string; readonly version: string }

const same = (
  one: { place: Place; name: string },
  other: { place: Place; name: string },
): boolean => one.name === other.name && samePlace(one.place, other.place)

/** Adds a change; of one name the last counts, and a delete of what is only staged leaves nothing. */
export function stage(staged: readonly Staged[], change: Staged): readonly Staged[] {
  const before = staged.find((one) => same(one, change))
  const others = staged.filter((one) => one !== before)
  // What it goes over stays what it was when the first change of the name was made.
  const over = before === undefined ? change.over : before.over
  const overtaken = before?.overtaken ?? change.overtaken
  return change.value === undefined && over === undefined
    ? others
    : [...others, { ...change, over, overtaken }]
}

export function stagedIn(staged: readonly Staged[], place: Place): readonly Staged[] {
  return staged.filter((one) => samePlace(one.place, place))
}

/** Takes out what was saved; a change of the same name that was made meanwhile stays. */
export function without(staged: readonly Staged[], saved: readonly Staged[]): readonly Staged[] {
  // Not by identity: one's own saving is heard of, too, and marks it as overtaken before its answer is there.
  return staged.filter(
    (one) =>
      !saved.some(
        (other) => same(one, other) && one.value === other.value && one.seal === other.seal,
      ),
  )
}

/** Marks what somebody else has written since. `names` null: it may be any. */
export function overtaken(
  staged: readonly Staged[],
  isIn: (place: Place) => boolean,
  names: readonly string[] | null,
): readonly Staged[] {
  const hit = (one: Staged): boolean =>
    isIn(one.place) && (names === null || names.includes(one.name))
  return staged.some(hit)
    ? staged.map((one) => (hit(one) ? { ...one, overtaken: true } : one))
    : staged
}

/** `2 changes in acme/web, 1 in /user/`. */
export function stagedSummary(staged: readonly Staged[]): string {
  const counts = new Map<string, number>()
  for (const { place } of staged) {
    counts.set(placeName(place), (counts.get(placeName(place)) ?? 0) + 1)
  }
  return [...counts]
    .map(
      ([name, count], i) =>
        `${count}${i > 0 ? '' : count === 1 ? ' change' : ' changes'} in ${name}`,
    )
    .join(', ')
}
