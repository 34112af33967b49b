import { call, type Effect } from '../effect.js'
import { fit, TOP, type ListState } from '../list.js'
import { contextOf, referenceIn, type Place } from '../place.js'
import { stagedIn, type Staged } from '../staging.js'
import { turn, type Turn } from '../turn.js'
import { bodyHeight, type World } from '../world.js'
import type { Differing } from '../merge.js'
import type { Result } from '../../../../shared/protocol/local.js'

// One secret: its versions, who can read it, and what of it is seen.

export type Version = Result<'secretHistory'>['versions'][number]

/** A line of the history: what is staged stands above what was written. */
export type Entry =
  | { readonly kind: 'staged'; readonly id: 'staged'; readonly staged: Staged }
  | { readonly kind: 'version'; readonly id: string; readonly version: Version }

/** What is seen of values: asked for by a key, and gone after some seconds. */
export type Reveal = {
  /** Which values: ids of entries. */
  readonly ids: readonly string[]
  readonly values: { readonly [id: string]: string }
  /** Made once all are there. A sign for each line of a comparison. */
  readonly lines: readonly Differing[] | undefined
  readonly until: number
}

export type Pane =
  | { readonly kind: 'versions' }
  /** A value of more than a line. */
  | { readonly kind: 'value' }
  | { readonly kind: 'diff'; readonly before: Entry; readonly after: Entry }

export type Readers = {
  readonly members?: Result<'projectMemberList'>['members']
  readonly devices?: Result<'deviceList'>['devices']
  readonly runners?: Result<'runnerList'>['runners']
}

export type DetailState = {
  readonly name: 'detail'
  readonly place: Place
  readonly secret: string
  /** Newest first; undefined until the first answer. */
  readonly versions: readonly Version[] | undefined
  /** Why there are none. */
  readonly problem: string | undefined
  readonly readers: Readers
  readonly list: ListState
  /** Which entry that is, and whether it was the current version; undefined: nobody chose yet. */
  readonly chosen: { readonly id: string; readonly current: boolean } | undefined
  readonly pane: Pane
  /** The first line shown of a pane that has more. */
  readonly top: number
  readonly reveal: Reveal | undefined
}

export const VERSIONS: Pane = { kind: 'versions' }

export function openDetail(place: Place, secret: string, world: World): Turn<DetailState> {
  const screen: DetailState = {
    name: 'detail',
    place,
    secret,
    versions: undefined,
    problem: undefined,
    readers: {},
    list: TOP,
    chosen: undefined,
    pane: VERSIONS,
    top: 0,
    reveal: undefined,
  }
  return turn(screen, ...asking(screen, world))
}

/** Asks for everything that is shown. */
export function asking(screen: DetailState, world: World): readonly Effect[] {
  const context = contextOf(world.cwd, screen.place)
  const who: readonly Effect[] =
    screen.place.kind === 'user'
      ? [call('deviceList', { context }, 'readers')]
      : [
          call('projectMemberList', { context }, 'readers'),
          call('runnerList', { context }, 'readers'),
        ]
  return [history(screen, world), ...who]
}

export function history({ place, secret }: DetailState, world: World): Effect {
  const context = contextOf(world.cwd, place)
  return call('secretHistory', { context, name: referenceIn(place, secret) }, 'history')
}

export function entriesOf(
  { place, secret, versions }: DetailState,
  world: World,
): readonly Entry[] {
  const staged = stagedIn(world.staged, place).find(({ name }) => name === secret)
  const written = (versions ?? []).map((version): Entry => ({
    kind: 'version',
    id: version.version.id,
    version,
  }))
  return staged === undefined ? written : [{ kind: 'staged', id: 'staged', staged }, ...written]
}

/** The entry that keys are about. */
export function chosenEntry(screen: DetailState, world: World): Entry | undefined {
  const entries = entriesOf(screen, world)
  return entries[Math.min(screen.list.at, entries.length - 1)]
}

/** What `get` serves; undefined where it is deleted, or not known yet. */
export function currentOf({ versions }: DetailState): Version | undefined {
  return versions?.find(({ current }) => current)
}

/** Whether values were written apart. */
export function isInConflict({ versions }: DetailState): boolean {
  return (versions ?? []).filter(({ sibling }) => sibling).length > 1
}

/** Lines of facts above the history: it has at least three lines of its own. */
export function factsHeight(facts: number, entries: number, height: number): number {
  return Math.max(1, Math.min(facts, height - Math.min(3, entries)))
}

/** The choice at this line. */
export function choosing(screen: DetailState, list: ListState, world: World): DetailState {
  const entry = entriesOf(screen, world)[list.at]
  const current = entry?.kind === 'version' && entry.version.current
  return { ...screen, list, chosen: entry && { id: entry.id, current } }
}

/**
 * The choice after the history or the staging changed: it stays with its version; whoever was at the current one is at what
 * is current now.
 */
export function kept(screen: DetailState, world: World): DetailState {
  const { chosen } = screen
  const entries = entriesOf(screen, world)
  const same = entries.findIndex(({ id }) => id === chosen?.id)
  const current = entries.findIndex((one) =>
    one.kind === 'staged'
      ? chosen === undefined && one.staged.value !== undefined
      : one.version.current,
  )
  const follows = chosen === undefined || chosen.current
  const at = same >= 0 && !(follows && current >= 0) ? same : current
  return choosing(screen, fit({ ...screen.list, at }, entries.length, bodyHeight(world)), world)
}
