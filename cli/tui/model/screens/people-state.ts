import type { Dialog } from '../dialog.js'
import { call, type Effect } from '../effect.js'
import { fit, TOP, type ListState } from '../list.js'
import { contextOf, orgContext, placeName, type Place } from '../place.js'
import { turn, type Turn } from '../turn.js'
import { bodyHeight, type World } from '../world.js'
import {
  NOBODY,
  rowsOf,
  type Device,
  type Joiner,
  type Newcomer,
  type OrgPeople,
  type Row,
} from './people-rows.js'

// Who is in: the person's own devices, the people, invites and runners of each org, and above all who waits to be let in.

export type PeopleState = {
  readonly name: 'people'
  readonly devices: readonly Device[] | undefined
  readonly newcomers: readonly Newcomer[]
  readonly joiners: readonly Joiner[]
  readonly orgs: ReadonlyMap<string, OrgPeople>
  /** Orgs and projects that were asked for, by name: what is new is asked for when it comes. */
  readonly asked: ReadonlySet<string>
  /** The reading of who waits: when it was asked for last, and answers that are still to come. */
  readonly watch: { readonly at: number; readonly open: number }
  readonly rows: readonly Row[]
  readonly list: ListState
  /** What is being done; nothing else is begun meanwhile. */
  readonly working: string | undefined
  /** The row that a dialog is about, and the project where that was chosen. */
  readonly about: Row | undefined
  readonly project: string | undefined
  /** The form that comes back once a failure is read. */
  readonly again: Dialog | undefined
  /** What was to be changed after the last removal. */
  readonly rotate: Dialog | undefined
  /** The last code. */
  readonly code: Dialog | undefined
}

type S = PeopleState

export function openPeople(world: World): Turn<S> {
  const screen: S = {
    name: 'people',
    devices: undefined,
    newcomers: [],
    joiners: [],
    orgs: new Map(),
    asked: new Set(),
    watch: { at: 0, open: 0 },
    rows: [],
    list: TOP,
    working: undefined,
    about: undefined,
    project: undefined,
    again: undefined,
    rotate: undefined,
    code: undefined,
  }
  return reading(screen, world)
}

/** Asks for everything anew. */
export function reading(screen: S, world: World): Turn<S> {
  const context = contextOf(world.cwd)
  const { screen: known, effects } = catchingUp({ ...screen, asked: new Set() }, world)
  const watched = watching(known, world)
  return turn(watched.screen, call('deviceList', { context }), ...effects, ...watched.effects)
}

/** Asks for the orgs and projects that weren't there before, and forgets those that are gone. */
export function catchingUp(screen: S, world: World): Turn<S> {
  const { orgs } = world
  const projects = world.places.flatMap(({ place, role }) => {
    return place.kind === 'project' && ['owner', 'admin'].includes(role) ? [place] : []
  })
  const names = [...orgs, ...projects.map(placeName)]
  const effects = [
    ...orgs.filter((org) => !screen.asked.has(org)).flatMap((org) => readingOrg(org, world)),
    ...projects
      .filter((place) => !screen.asked.has(placeName(place)))
      .map((place) => readingRunners(place, world)),
  ]
  const known = new Map(orgs.map((org) => [org, screen.orgs.get(org) ?? NOBODY]))
  return turn(arranged({ ...screen, orgs: known, asked: new Set(names) }, world), ...effects)
}

/** Asks for the people of one org. */
export function readingOrg(org: string, world: World): readonly Effect[] {
  const context = orgContext(world.cwd, org)
  return [call('orgMemberList', { context }, org), call('orgInviteList', { context }, org)]
}

export function readingRunners(place: Extract<Place, { kind: 'project' }>, world: World): Effect {
  return call('runnerList', { context: contextOf(world.cwd, place) }, placeName(place))
}

/** Between two readings of who waits, in milliseconds: it asks the relays of all orgs. */
const PAUSE = 3000
/** An answer that hasn't come by then won't. */
const PATIENCE = 60_000

/** Asks who waits, unless that was asked just now. */
export function watching(screen: S, world: World): Turn<S> {
  const { at, open } = screen.watch
  if (world.now < at + (open > 0 ? PATIENCE : PAUSE)) return turn(screen)
  const context = contextOf(world.cwd)
  return turn(
    { ...screen, watch: { at: world.now, open: 2 } },
    call('deviceRequests', { context }),
    call('orgInviteRequests', { context }),
  )
}

/** Until the next look at who waits, in milliseconds. */
const WATCH = 5000

/** One answer on who waits has come; after the last one it is asked again, by and by. */
export function watched(screen: S): Turn<S> {
  const { at, open } = screen.watch
  const next = { ...screen, watch: { at, open: Math.max(0, open - 1) } }
  return open > 1 ? turn(next) : turn(next, { kind: 'timer', ms: WATCH, tag: String(at) })
}

/** Makes the rows anew; the choice stays with whom it was about. */
export function arranged(screen: S, world: World): S {
  const rows = rowsOf(screen)
  const before = chosen(screen)?.id
  const at = rows.findIndex(({ id }) => id === before)
  const list = { ...screen.list, at: at < 0 ? screen.list.at : at }
  return { ...screen, rows, list: fit(list, rows.length, bodyHeight(world)) }
}

/** What is known of an org, changed. */
export function withOrg(screen: S, org: string, change: Partial<OrgPeople>, world: World): S {
  const known = screen.orgs.get(org)
  if (known === undefined) return screen
  const orgs = new Map(screen.orgs).set(org, { ...known, ...change })
  return arranged({ ...screen, orgs }, world)
}

/** The row that keys are about. */
export function chosen(screen: S): Row | undefined {
  return screen.rows[screen.list.at]
}

/** Another choice. */
export function moved(screen: S, at: number, world: World): S {
  return { ...screen, list: fit({ ...screen.list, at }, screen.rows.length, bodyHeight(world)) }
}
