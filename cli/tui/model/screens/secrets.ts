import { call, complain, note, open, type Effect } from '../effect.js'
import type { Answered, ScreenEvent } from '../event.js'
import { search, searched, type Searched } from '../filter.js'
import { fit, move, TOP, type ListState } from '../list.js'
import { contextOf, isOf, placeName, referenceIn, type Place } from '../place.js'
import { stagedIn } from '../staging.js'
import { EMPTY_FIELD, insert, typeInto, type TextField } from '../text-field.js'
import { turn, type Binding, type ScreenSpec, type Turn } from '../turn.js'
import { bodyHeight, type World } from '../world.js'
import { knownOf, parentOf, rowsIn, rowsOf, type Known, type Row, type Secret } from './rows.js'

// The secrets of one place: folders, a filter that narrows as one types, and what can be done to the chosen one.

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

type S = SecretsState

export function openSecrets(place: Place, world: World): Turn<S> {
  const none = knownOf([], [])
  const screen: S = {
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

function listing({ place }: S, world: World): Effect {
  const prefix = place.kind === 'user' ? { prefix: '/user/' } : {}
  return call('secretList', { context: contextOf(world.cwd, place), ...prefix })
}

export function chosen(screen: S): Row | undefined {
  return screen.rows[screen.list.at]
}

type ChosenSecret = Extract<Row, { kind: 'secret' }>

export function chosenSecret(screen: S): ChosenSecret | undefined {
  const row = chosen(screen)
  return row?.kind === 'secret' ? row : undefined
}

/** Makes the rows anew; the choice stays with its name where that is still there. */
function arranged(screen: S, world: World): S {
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
function renewed(screen: S, world: World): S {
  const known = knownOf(screen.secrets ?? [], stagedIn(world.staged, screen.place))
  const sameNames =
    known.names.length === screen.known.names.length &&
    known.names.every((name, i) => name === screen.known.names[i])
  const index = sameNames ? screen.index : searched(known.names)
  return arranged({ ...screen, known, index }, world)
}

function filtered(screen: S, query: TextField, world: World): S {
  // The best hit is the choice, as one goes on typing.
  const rewound = query.text === screen.query.text ? screen.list : TOP
  const next = arranged({ ...screen, query, rows: [], list: rewound }, world)
  return query.text === screen.query.text ? arranged({ ...screen, query }, world) : next
}

function update(screen: S, event: ScreenEvent, world: World): Turn<S> {
  switch (event.kind) {
    case 'opened':
      return turn(renewed(screen, world), listing(screen, world))
    case 'key':
      return pressed(screen, event.key, world)
    case 'paste':
      return screen.filtering
        ? turn(filtered(screen, insert(screen.query, event.text), world))
        : turn(screen)
    case 'answered':
      return answered(screen, event, world)
    case 'failed':
      return turn(screen, complain(event.failure))
    case 'changed':
      return isOf(screen.place, event.vault) ? turn(screen, listing(screen, world)) : turn(screen)
    case 'refreshed':
      return turn(renewed(screen, world))
    case 'timer':
      return turn(event.tag === screen.reveal?.name ? { ...screen, reveal: undefined } : screen)
    case 'hidden':
      return turn({ ...screen, reveal: undefined })
    default:
      return turn(screen)
  }
}

function pressed(screen: S, key: { name: string; text: string }, world: World): Turn<S> {
  const height = listHeight(world)
  const moves = screen.filtering
    ? /^(up|down|page-up|page-down|ctrl-p|ctrl-n)$/.test(key.name)
    : true
  const list = moves ? move(screen.list, key.name, screen.rows.length, height) : undefined
  if (list !== undefined) return turn({ ...screen, list })
  if (!screen.filtering) return turn(screen)
  const query = typeInto(screen.query, key)
  return turn(query === undefined ? screen : filtered(screen, query, world))
}

function answered(screen: S, event: Answered, world: World): Turn<S> {
  switch (event.method) {
    case 'secretList': {
      const { secrets, loading } = event.result
      return turn(renewed({ ...screen, secrets, loading }, world))
    }
    case 'secretGet':
      return event.tag === 'copy'
        ? turn(screen, { kind: 'copy', value: event.result.value, what: event.result.reference })
        : revealed(screen, event.tag, event.result.value, world)
    default:
      return turn(screen)
  }
}

function revealed(screen: S, name: string, value: string, world: World): Turn<S> {
  // Whoever moved on meanwhile doesn't want to see it any more.
  if (chosenSecret(screen)?.name !== name) return turn(screen)
  const until = world.now + world.revealFor
  return turn(
    { ...screen, reveal: { name, value, until } },
    { kind: 'timer', ms: world.revealFor, tag: name },
  )
}

function reading(screen: S, world: World, tag: 'reveal' | 'copy'): Turn<S> {
  const row = chosenSecret(screen)
  if (row === undefined) return turn(screen)
  if (row.staged?.value !== undefined) {
    return tag === 'copy'
      ? turn(screen, { kind: 'copy', value: row.staged.value, what: row.name })
      : revealed(screen, row.name, row.staged.value, world)
  }
  if (row.secret?.sealed === true) {
    return turn(screen, note(`${row.name} is sealed: only its runners open it`, 'bad'))
  }
  const name = referenceIn(screen.place, row.name)
  const context = contextOf(world.cwd, screen.place)
  return turn(screen, call('secretGet', { context, name }, tag === 'copy' ? 'copy' : row.name))
}

function entered(screen: S, world: World): Turn<S> {
  const row = chosen(screen)
  if (row === undefined) return turn(screen)
  if (row.kind === 'folder') {
    return turn(arranged({ ...screen, folder: row.name, list: TOP, rows: [] }, world))
  }
  const { place } = screen
  return turn(
    { ...screen, filtering: false, reveal: undefined },
    open({ screen: 'detail', place, name: row.name }),
  )
}

function left(screen: S, world: World): Turn<S> {
  if (screen.filtering || screen.query.text !== '') {
    return turn(filtered({ ...screen, filtering: false }, EMPTY_FIELD, world))
  }
  const up = arranged({ ...screen, folder: parentOf(screen.folder) }, world)
  const at = up.rows.findIndex(({ name }) => name === screen.folder)
  return turn({ ...up, list: fit({ ...up.list, at }, up.rows.length, listHeight(world)) })
}

function deleted(screen: S): Turn<S> {
  const row = chosenSecret(screen)
  if (row === undefined) return turn(screen)
  const { place } = screen
  const over = row.secret?.version.id
  const change = { place, name: row.name, value: undefined, over, overtaken: false }
  return turn({ ...screen, reveal: undefined }, { kind: 'stage', change })
}

const onSecret = (screen: S): boolean => chosenSecret(screen) !== undefined

const bindings: readonly Binding<S>[] = [
  {
    keys: ['enter'],
    label: 'open',
    help: 'open the folder or secret',
    whileTyping: true,
    when: (screen) => screen.rows.length > 0,
    run: entered,
  },
  {
    keys: ['right', 'l'],
    label: 'open',
    help: 'open the folder or secret',
    quiet: true,
    when: (screen) => screen.rows.length > 0,
    run: entered,
  },
  {
    keys: ['/', 'ctrl-f'],
    label: 'filter',
    help: 'narrow the list by what you type',
    when: ({ filtering }) => !filtering,
    run: (screen) => turn({ ...screen, filtering: true }),
  },
  {
    keys: ['esc', 'left', 'h', 'backspace'],
    label: 'up',
    help: 'leave the filter, or the folder',
    when: ({ query, folder, filtering }) => !filtering && (query.text !== '' || folder !== ''),
    run: left,
  },
  {
    keys: ['esc'],
    label: 'end filter',
    help: 'leave the filter',
    whileTyping: true,
    when: ({ filtering }) => filtering,
    run: left,
  },
  {
    keys: ['r'],
    label: 'reveal',
    help: 'show the value for some seconds',
    when: onSecret,
    run: (screen, world) =>
      screen.reveal === undefined
        ? reading(screen, world, 'reveal')
        : turn({ ...screen, reveal: undefined }),
  },
  {
    keys: ['y'],
    label: 'copy',
    help: 'copy the value; the clipboard clears itself',
    when: onSecret,
    run: (screen, world) => reading(screen, world, 'copy'),
  },
  {
    keys: ['e'],
    label: 'edit',
    help: 'edit the value',
    when: onSecret,
    run: (screen) =>
      turn(screen, open({ screen: 'edit', place: screen.place, name: chosenSecret(screen)?.name })),
  },
  {
    keys: ['a'],
    label: 'add',
    help: 'add a secret',
    run: (screen) => turn(screen, open({ screen: 'edit', place: screen.place, name: undefined })),
  },
  {
    keys: ['d'],
    label: 'delete',
    help: 'delete the secret, once you save',
    when: onSecret,
    run: deleted,
  },
]

export const secretsScreen: ScreenSpec<S> = {
  title: ({ place, folder }) =>
    `${placeName(place)}${place.kind === 'user' || folder === '' ? '' : '/'}${folder}`,
  typing: ({ filtering }) => filtering,
  bindings,
  update,
}
