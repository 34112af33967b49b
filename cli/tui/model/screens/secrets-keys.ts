import { call, note, open } from '../effect.js'
import { fit, TOP } from '../list.js'
import { canonicalReference, contextOf, referenceIn } from '../place.js'
import { EMPTY_FIELD } from '../text-field.js'
import { turn, type Binding, type Turn } from '../turn.js'
import { mayEdit, mayWrite, type World } from '../world.js'
import { NO_ROWS, parentOf, placeOf, rowCount } from './rows.js'
import {
  arranged,
  chosen,
  chosenSecret,
  filtered,
  listHeight,
  masked,
  type SecretsState,
} from './secrets-list.js'

// What can be done to the secrets of a list.

type S = SecretsState

/** Shows a value for some seconds. */
export function revealed(screen: S, name: string, value: string, world: World): Turn<S> {
  // Whoever moved on meanwhile doesn't want to see it any more.
  if (chosenSecret(screen)?.name !== name) return turn({ ...screen, awaited: undefined })
  const until = world.now + world.revealFor
  return turn(
    { ...screen, reveal: { name, value, until }, awaited: undefined },
    { kind: 'timer', ms: world.revealFor, tag: String(until) },
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
  return tag === 'copy'
    ? turn(screen, call('secretGet', { context, name }, 'copy'))
    : turn(
        { ...screen, awaited: row.name },
        call('secretGet', { context, name }, `show ${row.name}`),
      )
}

function entered(screen: S, world: World): Turn<S> {
  const row = chosen(screen)
  if (row === undefined) return turn(screen)
  if (row.kind === 'folder') {
    return turn(arranged({ ...screen, folder: row.name, list: TOP, rows: NO_ROWS }, world))
  }
  const { place } = screen
  return turn(
    { ...masked(screen), filtering: false },
    open({ screen: 'detail', place, name: row.name }),
  )
}

function left(screen: S, world: World): Turn<S> {
  if (screen.filtering || screen.query.text !== '') {
    return turn(filtered({ ...screen, filtering: false }, EMPTY_FIELD, world))
  }
  const up = arranged({ ...screen, folder: parentOf(screen.folder) }, world)
  const at = placeOf(up.rows, screen.folder)
  return turn({ ...up, list: fit({ ...up.list, at }, rowCount(up.rows), listHeight(world)) })
}

function deleted(screen: S): Turn<S> {
  const row = chosenSecret(screen)
  if (row === undefined) return turn(screen)
  const { place } = screen
  const over = row.secret?.version.id
  const change = { place, name: row.name, value: undefined, over, overtaken: false }
  return turn(masked(screen), { kind: 'stage', change })
}

/** Nobody here can read it. */
function onSealed(screen: S): boolean {
  const row = chosenSecret(screen)
  return row?.secret?.sealed === true && row.staged?.value === undefined
}

/** Nobody has it yet. */
const isOnlyStaged = (screen: S): boolean => chosenSecret(screen)?.secret === undefined

const onSecret = (screen: S): boolean => chosenSecret(screen) !== undefined

export const secretsBindings: readonly Binding<S>[] = [
  {
    keys: ['enter'],
    label: 'open',
    help: 'open the folder or secret',
    whileTyping: true,
    when: (screen) => rowCount(screen.rows) > 0,
    run: entered,
  },
  {
    keys: ['right', 'l'],
    label: 'open',
    help: 'open the folder or secret',
    quiet: true,
    when: (screen) => rowCount(screen.rows) > 0,
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
    quiet: onSealed,
    run: (screen, world) =>
      screen.reveal === undefined ? reading(screen, world, 'reveal') : turn(masked(screen)),
  },
  {
    keys: ['y'],
    label: 'copy',
    help: 'copy the value; the clipboard clears itself',
    when: onSecret,
    quiet: onSealed,
    run: (screen, world) => reading(screen, world, 'copy'),
  },
  {
    keys: ['e'],
    label: 'edit',
    help: 'edit the value',
    when: (screen, world) => onSecret(screen) && mayEdit(world, screen.place),
    run: (screen) =>
      turn(
        masked(screen),
        open({ screen: 'edit', place: screen.place, name: chosenSecret(screen)?.name }),
      ),
  },
  {
    keys: ['a'],
    label: 'add',
    help: 'add a secret',
    when: ({ place }, world) => mayEdit(world, place),
    run: (screen) =>
      turn(masked(screen), open({ screen: 'edit', place: screen.place, name: undefined })),
  },
  {
    keys: ['d'],
    label: 'delete',
    help: 'delete the secret, once you save',
    when: (screen, world) =>
      onSecret(screen) && (mayWrite(world, screen.place) || isOnlyStaged(screen)),
    run: deleted,
  },
  {
    keys: ['C'],
    label: 'conflict',
    help: 'show the values that were written apart',
    when: (screen) => chosenSecret(screen)?.secret?.conflict === true,
    run: (screen) => {
      const reference = canonicalReference(screen.place, chosenSecret(screen)?.name ?? '')
      return turn(masked(screen), open({ screen: 'conflicts', reference }))
    },
  },
]
