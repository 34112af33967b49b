import { call, type Effect } from '../effect.js'
import { search, searched, type Searched } from '../filter.js'
import { fit, TOP, type ListState } from '../list.js'
import { contextOf, type Place } from '../place.js'
import { stagedIn } from '../staging.js'
import { EMPTY_FIELD, type TextField } from '../text-field.js'
import { turn, type Turn } from '../turn.js'
import { bodyHeight, type World } from '../world.js'
import {
  knownOf,
  NO_ROWS,
  placeOf,
  rowAt,
  rowCount,
  rowsIn,
  type Known,
  type Row,
  type Rows,
  type Secret,
} from './rows.js'

// The secrets of one place as a list: folders, a filter that narrows as one types, and the chosen one.

/** A value that is shown for some seconds. */
export type Reveal = { readonly name: string; readonly value: string; readonly until: number }

export type SecretsState = {
  readonly name: 'secrets'
  readonly place: Place
  /** Undefined until the first answer. */
  readonly secrets: readonly Secret[] | undefined
  /** Entries still arrive. */
  readonly loading: boolean
  readonly known: Known
  readonly index: Searched
  readonly query: TextField
  readonly filtering: boolean
  readonly folder: string
  readonly rows: Rows
  readonly list: ListState
  readonly reveal: Reveal | undefined
  /** The name whose value was asked for to be shown: whatever takes the look away forgets it. */
  readonly awaited: string | undefined
}

export function openSecrets(place: Place, world: World): Turn<SecretsState> {
  const none = knownOf([], [])
  const screen: SecretsState = {
    name: 'secrets',
    place,
    secrets: undefined,
    loading: false,
    known: none,
    index: searched([]),
    query: EMPTY_FIELD,
    filtering: false,
    folder: '',
    rows: NO_ROWS,
    list: TOP,
    reveal: undefined,
    awaited: undefined,
  }
  return turn(screen, listing(screen, world))
}

/** Nothing is shown, and nothing that is still on its way will be. */
export function masked(screen: SecretsState): SecretsState {
  return { ...screen, reveal: undefined, awaited: undefined }
}

/** Lines for rows: the filter has one of its own. */
export function listHeight(world: World): number {
  return Math.max(1, bodyHeight(world) - 1)
}

/** Asks for the names anew. */
export function listing({ place }: SecretsState, world: World): Effect {
  const prefix = place.kind === 'user' ? { prefix: '/user/' } : {}
  return call('secretList', { context: contextOf(world.cwd, place), ...prefix })
}

/** The row that keys are about. */
export function chosen(screen: SecretsState): Row | undefined {
  return rowAt(screen.known, screen.rows, screen.list.at)
}

type ChosenSecret = Extract<Row, { kind: 'secret' }>

/** The same, where it is a secret. */
export function chosenSecret(screen: SecretsState): ChosenSecret | undefined {
  const row = chosen(screen)
  return row?.kind === 'secret' ? row : undefined
}

/** Makes the rows anew; the choice stays with its name where that is still there. */
export function arranged(screen: SecretsState, world: World): SecretsState {
  const { known, index, query, folder } = screen
  const filter = query.text.trim()
  const rows = filter === '' ? rowsIn(known, folder) : { folders: [], ...search(index, filter) }
  const at = placeOf(rows, chosen(screen)?.name)
  const list = { ...screen.list, at: at < 0 ? screen.list.at : at }
  return { ...screen, rows, list: fit(list, rowCount(rows), listHeight(world)) }
}

/** What the daemon, the staging or the window changed; nothing is made anew for nothing. */
export function renewed(
  screen: SecretsState,
  world: World,
  secrets = screen.secrets,
): SecretsState {
  const staged = stagedIn(world.staged, screen.place)
  const { changes } = screen.known
  const sameStaged =
    staged.length === changes.size && staged.every((one) => changes.get(one.name) === one)
  if (secrets === screen.secrets && sameStaged) {
    return { ...screen, list: fit(screen.list, rowCount(screen.rows), listHeight(world)) }
  }
  const known = knownOf(secrets ?? [], staged)
  const sameNames =
    known.names.length === screen.known.names.length &&
    known.names.every((name, i) => name === screen.known.names[i])
  const index = sameNames ? screen.index : searched(known.names)
  return arranged({ ...screen, secrets, known, index }, world)
}

/** Another filter: the best hit is the choice, as one goes on typing. */
export function filtered(screen: SecretsState, query: TextField, world: World): SecretsState {
  const same = query.text === screen.query.text
  return arranged({ ...screen, query, ...(same ? {} : { rows: NO_ROWS, list: TOP }) }, world)
}
