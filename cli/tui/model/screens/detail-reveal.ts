import { call, note, type Effect } from '../effect.js'
import { differing } from '../merge.js'
import type { Differing } from '../merge.js'
import { contextOf, referenceIn } from '../place.js'
import { turn, type Turn } from '../turn.js'
import { shownValue, tabsShown, textOf } from '../views/value.js'
import { paneRows } from '../views/detail-panes.js'
import { widthOf } from '../views/line.js'
import type { World } from '../world.js'
import {
  chosenEntry,
  currentOf,
  VERSIONS,
  type DetailState,
  type Entry,
  type Reveal,
} from './detail-state.js'

// Values leave the daemon when somebody asks to see or copy them, and the state after some seconds.

type S = DetailState

/** Forgets what was seen; what shows nothing else closes. */
export function masked(screen: S): S {
  const pane = screen.pane.kind === 'value' ? VERSIONS : screen.pane
  return { ...screen, reveal: undefined, pane, top: screen.pane === pane ? screen.top : 0 }
}

/** What there is to be read of an entry: nothing of a delete. */
function valueOf(entry: Entry): 'nothing' | 'sealed' | 'asked' | { readonly value: string } {
  if (entry.kind === 'staged') {
    return entry.staged.value === undefined ? 'nothing' : { value: entry.staged.value }
  }
  if (entry.version.kind === 'delete') return 'nothing'
  return entry.version.sealed === true ? 'sealed' : 'asked'
}

function asked({ place, secret }: S, id: string, world: World, tag: string): Effect {
  const context = contextOf(world.cwd, place)
  return call('secretGet', { context, name: referenceIn(place, secret), version: id }, tag)
}

const SEALED = note('it is sealed: only its runners open it', 'bad')

/** Shows the chosen value, or what is compared. */
export function revealing(screen: S, world: World): Turn<S> {
  const { pane } = screen
  const chosen = chosenEntry(screen, world)
  const entries = pane.kind === 'diff' ? [pane.before, pane.after] : chosen ? [chosen] : []
  const found = entries.map((entry) => ({ id: entry.id, value: valueOf(entry) }))
  if (found.some(({ value }) => value === 'sealed')) return turn(screen, SEALED)
  if (found.every(({ value }) => value === 'nothing')) {
    return turn(screen, note('a delete has no value'))
  }
  const values = Object.fromEntries(
    found.flatMap(({ id, value }) =>
      typeof value === 'object' ? [[id, value.value]] : value === 'nothing' ? [[id, '']] : [],
    ),
  )
  const ids = found.map(({ id }) => id)
  const reveal: Reveal = { ids, values, lines: undefined, until: 0 }
  const missing = ids.filter((id) => !Object.hasOwn(values, id))
  if (missing.length === 0) return shownNow(screen, reveal, world)
  const next = { ...screen, reveal }
  return turn(next, ...missing.map((id) => asked(screen, id, world, `show ${id}`)))
}

/** A value came. Whoever moved on meanwhile doesn't want to see it any more. */
export function arrived(screen: S, id: string, value: string, world: World): Turn<S> {
  const { reveal } = screen
  if (reveal === undefined || reveal.lines !== undefined || !reveal.ids.includes(id)) {
    return turn(screen)
  }
  const values = { ...reveal.values, [id]: value }
  const next = { ...reveal, values }
  return reveal.ids.every((one) => Object.hasOwn(values, one))
    ? shownNow(screen, next, world)
    : turn({ ...screen, reveal: next })
}

function shownNow(screen: S, reveal: Reveal, world: World): Turn<S> {
  const until = world.now + world.revealFor
  const [one = '', other] = reveal.ids.map((id) => reveal.values[id] ?? '')
  const lines = other === undefined ? linesOf(one) : compared(one, other)
  const needsPane = screen.pane.kind === 'versions' && !fitsLine(lines, world)
  const next: S = {
    ...screen,
    reveal: { ...reveal, lines, until },
    pane: needsPane ? { kind: 'value' } : screen.pane,
  }
  const timer: Effect = { kind: 'timer', ms: world.revealFor, tag: String(until) }
  return turn({ ...next, top: firstDifference(next, world) }, timer)
}

/** Where a comparison begins to be one, with a little of what stands before. */
function firstDifference(screen: S, { columns }: World): number {
  const first = paneRows(screen, columns).findIndex(({ sign }) => sign !== ' ')
  return Math.max(0, first - 2)
}

/** Columns that the overview has beside a value. */
export const BESIDE = 9

function fitsLine(lines: readonly Differing[], { columns }: World): boolean {
  return lines.length === 1 && widthOf(lines[0]?.text ?? '') <= columns - BESIDE
}

function linesOf(value: string): readonly Differing[] {
  return shownValue(value)
    .split('\n')
    .map((text) => ({ sign: ' ', text }))
}

/** Of what is no text only the sizes are told. */
function compared(before: string, after: string): readonly Differing[] {
  const [one, other] = [textOf(before), textOf(after)]
  if (one !== undefined && other !== undefined) {
    return differing(one, other).map(({ sign, text }) => ({ sign, text: tabsShown(text) }))
  }
  return [
    {
      sign: '-',
      text: one === undefined ? shownValue(before) : `text of ${one.length} characters`,
    },
    {
      sign: '+',
      text: other === undefined ? shownValue(after) : `text of ${other.length} characters`,
    },
  ]
}

/** Copies the chosen value. */
export function copying(screen: S, world: World): Turn<S> {
  const entry = chosenEntry(screen, world)
  const value = entry === undefined ? 'nothing' : valueOf(entry)
  if (entry === undefined || value === 'nothing') {
    return turn(screen, note('there is no value to copy'))
  }
  if (value === 'sealed') return turn(screen, SEALED)
  return value === 'asked'
    ? turn(screen, asked(screen, entry.id, world, 'copy'))
    : turn(screen, { kind: 'copy', value: value.value, what: `${screen.secret} (staged)` })
}

/** What is copied is named with its version, where that isn't the current one. */
export function copiedAs(screen: S, id: string, number: number): string {
  const isCurrent = currentOf(screen)?.version.id === id
  return isCurrent ? screen.secret : `${screen.secret} (version ${number})`
}
