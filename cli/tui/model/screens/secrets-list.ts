import { call, type Effect } from '../effect.js'
import { search, searched, type Searched } from '../filter.js'
import { fit, TOP, type ListState } from '../list.js'
import { contextOf, type Place } from '../place.js'
import { stagedIn } from '../staging.js'
import { EMPTY_FIELD, type TextField } from '../text-field.js'
import { turn, type Turn } from '../turn.js'
import { bodyHeight, type World } from '../world.js'
import { knownOf, rowsIn, rowsOf, type Known, type Row, type Secret } from './rows.js'

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
  readonly rows: readonly Row[]
  readonly list: ListState
  readonly reveal: Reveal | undefined
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
    rows: [],
    list: TOP,
    reveal: undefined,
  }
  return turn(screen, listing(screen, world))
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
  return screen.rows[screen.list.at]
}

type ChosenSecret = Extract<Row, { kind: 'secret' }>

/** The same, where it is a secret. */
export function chosenSecret(screen: SecretsState): ChosenSecret | undefined {
  const row = chosen(screen)
  return row?.kind === 'secret' ? row : undefined
}

/** Makes the rows anew; the choice stays with its name where that is still there. */
export function arranged(screen: SecretsState, world: World): SecretsState {
  const staged = stagedIn(world.staged, screen.place)
  const { known, index, query, folder } = screen
  const rows =
    query.text.trim() === ''
      ? rowsIn(known, folder, staged)
      : rowsOf(known, search(index, query.text), staged)
  const before = chosen(screen)?.name
  const at = rows.findIndex(({ name }) => name === before)
  const list = fit(
    { ...screen.list, at: at < 0 ? screen.list.at : at },
    rows.length,
    listHeight(world),
  )
  return { ...screen, rows, list }
}

/** What the daemon or the staging changed. */
export function renewed(screen: SecretsState, world: World): SecretsState {
  const known = knownOf(screen.secrets ?? [], stagedIn(world.staged, screen.place))
  const sameNames =
    known.names.length === screen.known.names.length &&
    known.names.every((name, i) => name === screen.known.names[i])
  const index = sameNames ? screen.index : searched(known.names)
  return arranged({ ...screen, known, index }, world)
}

/** Another filter: the best hit is the choice, as one goes on typing. */
export function filtered(screen: SecretsState, query: TextField, world: World): SecretsState {
  const rewound = query.text === screen.query.text ? screen.list : TOP
  const next = arranged({ ...screen, query, rows: [], list: rewound }, world)
  return query.text === screen.query.text ? arranged({ ...screen, query }, world) : next
}
