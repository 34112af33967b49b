import { fit, TOP, type ListState } from '../list.js'
import { call, note, type Effect } from '../effect.js'
import { contextOf } from '../place.js'
import { turn, type Turn } from '../turn.js'
import { bodyHeight, type World } from '../world.js'
import {
  oneConflict,
  shownReference,
  sidesHeight,
  sidesOf,
  type Conflict,
  type OneConflict,
} from './conflict-sides.js'

// The list of all conflicts, and the one that is open.

export type ConflictsState = {
  readonly name: 'conflicts'
  /** Undefined until the first answer. */
  readonly conflicts: readonly Conflict[] | undefined
  readonly list: ListState
  /** Whether the daemon is being asked, and whether something changed since. */
  readonly asking: 'no' | 'once' | 'again'
  readonly one: OneConflict | undefined
  /** The reference of the conflict to open with the first answer. */
  readonly wanted: string | undefined
}

type S = ConflictsState

export function openConflicts(world: World, wanted?: string): Turn<S> {
  const one = undefined
  const screen = {
    name: 'conflicts',
    conflicts: undefined,
    list: TOP,
    asking: 'no',
    one,
    wanted,
  } as const
  return asked(screen, world)
}

function listing({ cwd }: World): Effect {
  return call('conflictsList', { context: contextOf(cwd), all: true })
}

/** Asks for the conflicts anew; while an answer is on its way once more after it, however much changes meanwhile. */
export function asked(screen: S, world: World): Turn<S> {
  return screen.asking === 'no'
    ? turn({ ...screen, asking: 'once' }, listing(world))
    : turn({ ...screen, asking: 'again' })
}

export function chosenConflict({ conflicts, list }: S): Conflict | undefined {
  return conflicts?.[list.at]
}

/** What the daemon says is in conflict now. */
export function listed(screen: S, conflicts: readonly Conflict[], world: World): Turn<S> {
  const before = chosenConflict(screen)?.reference
  const at = conflicts.findIndex(({ reference }) => reference === before)
  const place = { ...screen.list, at: at < 0 ? screen.list.at : at }
  const next: S = {
    ...screen,
    conflicts,
    list: fit(place, conflicts.length, bodyHeight(world)),
    asking: 'no',
  }
  const { screen: renewed, effects } = followed(begun(next, world), world)
  if (screen.asking !== 'again') return turn(renewed, ...effects)
  const again = asked(renewed, world)
  return turn(again.screen, ...effects, ...again.effects)
}

function begun({ wanted, ...screen }: S, world: World): S {
  const at = screen.conflicts?.findIndex(({ reference }) => reference === wanted) ?? -1
  const conflict = screen.conflicts?.[at]
  if (conflict === undefined) return { ...screen, wanted: undefined }
  const list = fit({ ...screen.list, at }, screen.conflicts?.length ?? 0, bodyHeight(world))
  return { ...screen, list, one: fitted(oneConflict(conflict), world), wanted: undefined }
}

/** The open conflict as it is now; it closes when somebody ended it. */
function followed(screen: S, world: World): Turn<S> {
  const { one, conflicts } = screen
  if (one === undefined) return turn(screen)
  const conflict = conflicts?.find(({ reference }) => reference === one.conflict.reference)
  if (conflict === undefined) {
    const word = `${shownReference(one.conflict)} is in conflict no more`
    return turn({ ...screen, one: undefined }, note(word))
  }
  const id = sidesOf(one.conflict)[one.list.at]?.id
  const at = sidesOf(conflict).findIndex((side) => side.id === id)
  const next = { ...one, conflict }
  const list = at < 0 ? oneConflict(conflict).list : { ...one.list, at }
  return turn({ ...screen, one: fitted({ ...next, list }, world) })
}

/** Keeps the chosen side within its window. */
export function fitted(one: OneConflict, world: World): OneConflict {
  const list = fit(one.list, sidesOf(one.conflict).length, sidesHeight(one, world))
  return { ...one, list }
}
