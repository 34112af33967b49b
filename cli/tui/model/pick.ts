import type { AppEvent } from './event.js'
import { search, searched, type Found, type Searched } from './filter.js'
import { fit, move, TOP, type ListState } from './list.js'
import { fieldOf, insert, typeInto, type TextField } from './text-field.js'

// The one-shot picker: what is typed narrows the names, and one of them is the choice.

export type PickState = {
  readonly index: Searched
  readonly query: TextField
  readonly found: Found
  readonly list: ListState
  readonly columns: number
  readonly rows: number
}

export type PickOutcome =
  { readonly kind: 'chosen'; readonly name: string } | { readonly kind: 'cancelled' }

type PickTurn = { readonly state: PickState; readonly outcome?: PickOutcome }

/** @param query what is typed already */
export function openPick(
  names: readonly string[],
  query: string,
  size: { readonly columns: number; readonly rows: number },
): PickState {
  const index = searched(names)
  const field = fieldOf(query)
  return { index, query: field, found: search(index, query), list: TOP, ...size }
}

/** The names' lines: beside them stand the query and the keys. */
export function pickHeight({ rows }: Pick<PickState, 'rows'>): number {
  return Math.max(1, rows - 2)
}

/** The only name that fits; undefined when others do, too, or none does. */
export function onlyFit({ found }: PickState): string | undefined {
  return found.total === 1 ? found.names[0] : undefined
}

/** Letters are text here, so that only these move; the others are readline's. */
const MOVES: { readonly [key: string]: string } = {
  up: 'up',
  down: 'down',
  'ctrl-p': 'up',
  'ctrl-n': 'down',
  'ctrl-k': 'up',
  'ctrl-j': 'down',
  'page-up': 'page-up',
  'page-down': 'page-down',
}

const CANCELS = ['esc', 'ctrl-c', 'ctrl-g']

export function updatePick(state: PickState, event: AppEvent): PickTurn {
  switch (event.kind) {
    case 'key':
      return pressed(state, event.key)
    case 'paste':
      return { state: typed(state, insert(state.query, event.text)) }
    case 'resized': {
      const { columns, rows } = event
      const sized = { ...state, columns, rows }
      return {
        state: { ...sized, list: fit(state.list, state.found.names.length, pickHeight(sized)) },
      }
    }
    default:
      return { state }
  }
}

function pressed(state: PickState, key: { name: string; text: string }): PickTurn {
  const { found, list, query } = state
  if (CANCELS.includes(key.name)) return { state, outcome: { kind: 'cancelled' } }
  if (key.name === 'enter') {
    const name = found.names[list.at]
    return name === undefined ? { state } : { state, outcome: { kind: 'chosen', name } }
  }
  const moves = Object.hasOwn(MOVES, key.name) ? MOVES[key.name] : undefined
  if (moves !== undefined) {
    const moved = move(list, moves, found.names.length, pickHeight(state))
    return { state: { ...state, list: moved ?? list } }
  }
  const next = typeInto(query, key)
  return { state: next === undefined ? state : typed(state, next) }
}

/** Another filter: the best hit is the choice. */
function typed(state: PickState, query: TextField): PickState {
  if (query.text === state.query.text) return { ...state, query }
  return { ...state, query, found: search(state.index, query.text), list: TOP }
}
