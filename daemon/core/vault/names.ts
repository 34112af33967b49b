import type { ChangeId, ChangesetHash } from '../../../shared/ids.js'
import { rank, type Change } from './change.js'
import { SPACES, type Space } from './records.js'

/** What a name holds now: the served change first among those that nothing supersedes. */
export type Current = {
  readonly winner: Change
  /** All live changes, the winner first. */
  readonly siblings: readonly Change[]
  readonly conflict: boolean
}

/** Deletes written apart agree: only where one of them is a value there is something to decide. */
function isConflict([winner, ...others]: readonly Change[]): boolean {
  return winner?.kind === 'put' && others.length > 0
}

/** `live`, greatest first, with one more: sorting anew each time would take minutes for a name that is flooded. */
function inserted(live: readonly Change[], change: Change): Change[] {
  let [low, high] = [0, live.length]
  while (low < high) {
    const middle = (low + high) >>> 1
    const at = live[middle]
    if (at !== undefined && rank(at, change) > 0) low = middle + 1
    else high = middle
  }
  return live.toSpliced(low, 0, change)
}

/** What the fold asks of the vault around a name. */
type Judge = {
  /** Whether a change counts for nothing. */
  readonly isVoid: (change: Change) => boolean
  /** Whether a changeset builds on another one. */
  readonly covers: (of: ChangesetHash, other: ChangesetHash) => boolean
  /** Whether something that isn't here superseded a change. */
  readonly isRetired?: (change: Change) => boolean
}

const NOTHING: Judge = { isVoid: () => false, covers: () => false }

/** Changes by their ids. Most names have one version, and a map of one takes 200 bytes. */
class Versions {
  #first: Change | undefined
  #all: Map<ChangeId, Change> | undefined

  get size(): number {
    return this.#all?.size ?? (this.#first === undefined ? 0 : 1)
  }

  add(change: Change): void {
    const first = this.#first
    if (first === undefined || (this.#all === undefined && first.id === change.id)) {
      this.#first = change
    } else {
      this.#all ??= new Map([[first.id, first]])
      this.#all.set(change.id, change)
    }
  }

  get(id: ChangeId): Change | undefined {
    if (this.#all !== undefined) return this.#all.get(id)
    return this.#first?.id === id ? this.#first : undefined
  }

  /** In the order in which they came. */
  values(): Iterable<Change> {
    return this.#all?.values() ?? (this.#first === undefined ? [] : [this.#first])
  }
}

/** The versions of one name. Its live set depends on the set of changes only, not on their order of arrival. */
class NameState {
  readonly changes = new Versions()
  /** Absent while nothing is: most names have one version. */
  #superseded: Set<ChangeId> | undefined
  /** Changesets whose author couldn't see the name, and which supersede all of it that they build on. Mostly absent. */
  #blind: readonly ChangesetHash[] | undefined
  live: readonly Change[] = []

  add(change: Change, judge: Judge): void {
    this.changes.add(change)
    const superseded = this.isSuperseded(change, judge)
    // A void change supersedes nothing by itself, but whoever built on it saw what it had superseded.
    if (judge.isVoid(change) && !superseded) return
    this.#act(change, judge)
    if (!superseded) this.live = inserted(this.live, change)
  }

  isSuperseded(change: Change, judge: Judge): boolean {
    const { id, place } = change
    if (this.#superseded?.has(id) === true || judge.isRetired?.(change) === true) return true
    return place !== undefined && this.#isCovered(place.changeset, judge)
  }

  #isCovered(changeset: ChangesetHash, { covers }: Judge): boolean {
    return this.#blind?.some((blind) => covers(blind, changeset)) === true
  }

  /** Supersedes what a change does; what of that is void passes on what it had superseded itself. */
  #act(change: Change, judge: Judge): void {
    let acted = false
    const next = [change]
    for (let at = next.pop(); at !== undefined; at = next.pop()) {
      const ids = at.parents.filter((id) => this.#superseded?.has(id) !== true)
      const all = ids.length > 0 ? (this.#superseded ??= new Set()) : undefined
      for (const id of ids) all?.add(id)
      for (const id of this.#cover(at, judge)) ids.push(id)
      acted ||= ids.length > 0
      for (const id of ids) {
        const one = this.changes.get(id)
        if (one !== undefined && judge.isVoid(one)) next.push(one)
      }
    }
    if (acted) this.live = this.live.filter((one) => !this.isSuperseded(one, judge))
  }

  /** Lets a change that was written blindly supersede what it builds on; gives what of that is here. */
  #cover({ sealed, place }: Change, judge: Judge): ChangeId[] {
    if (sealed !== 'item' || place === undefined) return []
    const { changeset } = place
    if (this.#isCovered(changeset, judge) || this.#blind?.includes(changeset) === true) return []
    const rest = (this.#blind ?? []).filter((blind) => !judge.covers(changeset, blind))
    this.#blind = [...rest, changeset]
    return [...this.changes.values()]
      .filter((one) => one.place !== undefined && judge.covers(changeset, one.place.changeset))
      .map(({ id }) => id)
  }
}

/** The fold of a vault's changes: a multi-value register per name (SPEC section 6). */
export class Names {
  readonly #spaces = new Map<Space, Map<string, NameState>>(
    SPACES.map((space) => [space, new Map()]),
  )
  readonly #judge: Judge

  /** When `isVoid` or `isRetired` of it changes its mind, `judgeAnew` is to be called. */
  constructor(judge: Judge = NOTHING) {
    this.#judge = judge
  }

  #space(space: Space): Map<string, NameState> {
    const found = this.#spaces.get(space)
    if (found === undefined) throw new TypeError('unknown space')
    return found
  }

  add(change: Change): void {
    const names = this.#space(change.space)
    let state = names.get(change.name)
    if (state === undefined) names.set(change.name, (state = new NameState()))
    state.add(change, this.#judge)
  }

  /** Puts sealed changes in the place of their drafts, and of the drafts that build on those. */
  replace(space: Space, name: string, by: ReadonlyMap<ChangeId, Change>): void {
    const before = this.#space(space).get(name)
    if (before === undefined) return
    const state = new NameState()
    for (const change of before.changes.values()) {
      state.add(by.get(change.id) ?? change, this.#judge)
    }
    this.#space(space).set(name, state)
  }

  /** Folds the names anew that changes of these changesets are of; gives those names. */
  judgeAnew(changesets: ReadonlySet<ChangesetHash>): { space: Space; name: string }[] {
    const out: { space: Space; name: string }[] = []
    if (changesets.size === 0) return out
    const touched = ({ place }: Change): boolean =>
      place !== undefined && changesets.has(place.changeset)
    for (const [space, names] of this.#spaces) {
      for (const [name, { changes }] of names) {
        if (![...changes.values()].some(touched)) continue
        this.replace(space, name, new Map())
        out.push({ space, name })
      }
    }
    return out
  }

  /** Every change of every name. */
  *all(): Generator<Change> {
    for (const names of this.#spaces.values()) {
      for (const { changes } of names.values()) yield* changes.values()
    }
  }

  /** What would be live in every name if there were only those changes that count so far. */
  *liveOf(counts: (change: Change) => boolean): Generator<Change> {
    for (const names of this.#spaces.values()) {
      for (const { changes, live } of names.values()) {
        const counted = [...changes.values()].filter(counts)
        if (counted.length === changes.size) {
          yield* live
          continue
        }
        const state = new NameState()
        for (const change of counted) state.add(change, this.#judge)
        yield* state.live
      }
    }
  }

  /** Changes of these changesets that nothing which counts supersedes. */
  unsuperseded(changesets: ReadonlySet<ChangesetHash>): Change[] {
    if (changesets.size === 0) return []
    return [...this.#spaces.values()].flatMap((names) =>
      [...names.values()].flatMap((state) =>
        [...state.changes.values()].filter(
          (change) =>
            change.place !== undefined &&
            changesets.has(change.place.changeset) &&
            !state.isSuperseded(change, this.#judge),
        ),
      ),
    )
  }

  /** What a name holds, deletes included; undefined for a name that never was. */
  current(space: Space, name: string): Current | undefined {
    const siblings = this.#space(space).get(name)?.live ?? []
    const winner = siblings[0]
    return winner && { winner, siblings, conflict: isConflict(siblings) }
  }

  /** Every name that holds a value, unsorted. */
  *live(space: Space): Generator<Current> {
    for (const { live: siblings } of this.#space(space).values()) {
      const winner = siblings[0]
      if (winner?.kind === 'put') yield { winner, siblings, conflict: isConflict(siblings) }
    }
  }

  /** Every name in conflict. */
  *conflicts(): Generator<Current> {
    for (const names of this.#spaces.values()) {
      for (const { live: siblings } of names.values()) {
        const winner = siblings[0]
        if (winner !== undefined && isConflict(siblings)) yield { winner, siblings, conflict: true }
      }
    }
  }

  /** All versions of a name, the newest clock first. */
  history(space: Space, name: string): Change[] {
    const changes = [...(this.#space(space).get(name)?.changes.values() ?? [])]
    // Most names have one version, and a listing asks for all names.
    if (changes.length < 2) return changes
    return changes.toSorted((a, b) => b.wall - a.wall || b.counter - a.counter || rank(b, a))
  }
}
