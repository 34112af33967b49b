import type { NotificationParams, Result } from '../../../shared/protocol/local.js'
import type { Context } from '../../../shared/protocol/local-common.js'
import { samePlace, type Place } from './place.js'
import type { Deleted, Staged } from './staging.js'

// What every screen may look at and none of them owns.

export type Status = Result<'status'>
export type Alarm = Result<'alarmsList'>['alarms'][number]

/** A place to keep secrets in, as the person may choose it. */
export type PlaceInfo = {
  readonly place: Place
  readonly vaultId: string
  readonly role: string
}

export type World = {
  /** Milliseconds since 1970, as of the last event. */
  readonly now: number
  readonly columns: number
  readonly rows: number
  /** The caller's folder. */
  readonly cwd: string
  /** What the caller's flags, variables and folder select: where to begin. */
  readonly start: Context
  /** Without it nothing is told by colour, weight or inversion alone; it never is anyway. */
  readonly colour: boolean
  /** For a screen reader: lines, no frames. */
  readonly reader: boolean
  /** How long a revealed value stays, in milliseconds. */
  readonly revealFor: number
  /** How long a copied value stays on the clipboard, in milliseconds. */
  readonly clipboardFor: number
  readonly daemon: 'connected' | 'gone'
  readonly status: Status | undefined
  readonly sync: NotificationParams<'syncStatus'> | undefined
  readonly places: readonly PlaceInfo[]
  /** The first reading of the places is through. */
  readonly placesRead: boolean
  /** Orgs of which the person is a member. */
  readonly orgs: readonly string[]
  readonly alarms: readonly Alarm[]
  /** Changes that aren't saved yet, of all places, the oldest first. */
  readonly staged: readonly Staged[]
  /** The deletes of the last saving, to be undone. */
  readonly deleted: readonly Deleted[]
}

/** What is known of a home before it is open, and after it was locked: neither values nor names. */
export const NOTHING_READ: Pick<
  World,
  'places' | 'placesRead' | 'orgs' | 'alarms' | 'staged' | 'deleted'
> = { places: [], placesRead: false, orgs: [], alarms: [], staged: [], deleted: [] }

/** Alarms that nobody has read. */
export function unread({ alarms }: World): readonly Alarm[] {
  return alarms.filter(({ readAt }) => readAt === null)
}

export type RelayState = NonNullable<Status['relay']>

const WORST_FIRST = ['refused', 'offline', 'connecting', 'connected'] as const

/** The relays that this home's vaults are on, the one in the worst state first. */
export function relaysOf({ status, sync }: World): readonly RelayState[] {
  const { relay, otherRelays } = sync ?? status ?? { relay: null, otherRelays: [] }
  const all = relay === null ? otherRelays : [relay, ...otherRelays]
  return WORST_FIRST.flatMap((state) => all.filter((one) => one.state === state))
}

/** What this device is in a place; undefined while nobody has said. */
export function roleIn({ places }: World, place: Place): string | undefined {
  return places.find((one) => samePlace(one.place, place))?.role
}

/** Whether it may write readable values there. What isn't known is left to the daemon. */
export function mayWrite(world: World, place: Place): boolean {
  return !['reader', 'viewer', 'sealer'].includes(roleIn(world, place) ?? '')
}

/** Whether it may set sealed values there, and nothing else. */
export function onlySeals(world: World, place: Place): boolean {
  return roleIn(world, place) === 'sealer'
}

/** Whether it may set values there, of either kind: to others the daemon would only say no. */
export function mayEdit(world: World, place: Place): boolean {
  return mayWrite(world, place) || onlySeals(world, place)
}

/** Whether this home is a device that nobody has let in yet. */
export function isWaiting({ status }: World): boolean {
  const own = status?.vaults.find(({ vault }) => vault.kind === 'user')
  return status?.state === 'unlocked' && status.joining && own?.role === null
}

/** Lines that a screen has for itself: the frame takes a header, a rule, a message and a footer. */
export function bodyHeight(world: World): number {
  return Math.max(1, world.rows - FRAME_LINES - (unread(world).length > 0 ? 1 : 0))
}

const FRAME_LINES = 4

/** A frame around what stands over a screen needs a window of this many lines. */
const FRAMED = 16

export function isFramed({ rows, reader }: World): boolean {
  return rows >= FRAMED && !reader
}

/** Lines that are longer are hard to read. */
const READABLE = 100

/** Columns of what stands over a screen, its frame included. */
export function overlayColumns(world: World): number {
  return isFramed(world) ? Math.min(world.columns, READABLE) : world.columns
}

/** Room within what stands over a screen: its title has a line. */
export function overlaySize(world: World): { readonly width: number; readonly height: number } {
  const border = isFramed(world) ? 2 : 0
  return {
    width: Math.max(1, overlayColumns(world) - 2 * border),
    height: Math.max(1, bodyHeight(world) - border - 1),
  }
}
