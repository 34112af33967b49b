import { confirmation } from '../dialog.js'
import { ask } from '../effect.js'
import { turn, type Binding, type Turn } from '../turn.js'
import { moment } from '../views/time.js'
import type { World } from '../world.js'
import {
  authorName,
  chosenSide,
  oneConflict,
  shownReference,
  siblingsKey,
  sidesOf,
  type Side,
} from './conflict-sides.js'
import { mergeable, mergeBegun, readable, reading } from './conflict-merging.js'
import { baseText } from './conflict-values.js'
import { chosenConflict, fitted, type ConflictsState } from './conflicts-state.js'

// What can be done to conflicts.

type S = ConflictsState

function opened(screen: S, world: World): Turn<S> {
  const conflict = chosenConflict(screen)
  if (conflict === undefined) return turn(screen)
  return turn({ ...screen, one: fitted(oneConflict(conflict), world) })
}

/** Names author and time: whose value it is to be from now on. */
function choosing(screen: S, side: Side | undefined): Turn<S> {
  const { one } = screen
  if (one === undefined || side?.digit === undefined) return turn(screen)
  const { version } = side
  const shown = shownReference(one.conflict)
  const title = version.kind === 'delete' ? `Delete ${shown}?` : `Take ${side.label} for ${shown}?`
  const what = version.kind === 'delete' ? 'deleted' : 'written'
  const lines = [
    `${side.label}: ${what} by ${authorName(version.author)}, ${moment(version.at)}.`,
    'The other values stay in its history.',
  ]
  const tag = `choose ${side.id} ${siblingsKey(one.conflict)}`
  return turn(screen, ask(confirmation(tag, title, lines, 'take it')))
}

function revealing(screen: S, world: World): Turn<S> {
  const { one } = screen
  if (one === undefined) return turn(screen)
  if (one.reveal !== undefined) {
    return turn({ ...screen, one: { ...one, reveal: undefined, diff: false, top: 0 } })
  }
  const until = world.now + world.revealFor
  const calls = readable(one).map(({ id }) => reading(one, id, 'reveal', world))
  return turn(
    { ...screen, one: { ...one, reveal: { until, reads: {} }, top: 0 } },
    { kind: 'timer', ms: world.revealFor, tag: String(until) },
    ...calls,
  )
}

const sideAt = ({ one }: S, digit: number): Side | undefined =>
  one && sidesOf(one.conflict).find((side) => side.digit === digit)

function byDigit(digit: number): Binding<S> {
  return {
    keys: [String(digit)],
    label: 'choose',
    help: `take value ${digit}, and end the conflict`,
    quiet: true,
    when: (screen) => sideAt(screen, digit) !== undefined,
    run: (screen) => choosing(screen, sideAt(screen, digit)),
  }
}

const isOpen = ({ one }: S): boolean => one !== undefined

const inList: readonly Binding<S>[] = [
  {
    keys: ['enter', 'right', 'l'],
    label: 'open',
    help: 'show what was written apart',
    when: (screen) => !isOpen(screen) && chosenConflict(screen) !== undefined,
    run: opened,
  },
]

const inOne: readonly Binding<S>[] = [
  {
    keys: ['enter'],
    label: 'choose',
    help: 'take this value, and end the conflict',
    when: ({ one }) => one !== undefined && chosenSide(one)?.digit !== undefined,
    run: (screen) => choosing(screen, screen.one && chosenSide(screen.one)),
  },
  {
    keys: ['r'],
    label: 'reveal',
    help: 'show the values for some seconds, or no more',
    when: ({ one }) => one !== undefined && readable(one).length > 0,
    run: revealing,
  },
  {
    keys: ['D'],
    label: 'diff',
    help: 'show what is other than in the base, or all',
    when: ({ one }) => one !== undefined && baseText(one) !== undefined,
    run: (screen) =>
      turn({ ...screen, one: screen.one && { ...screen.one, diff: !screen.one.diff, top: 0 } }),
  },
  {
    keys: ['m'],
    label: 'merge',
    help: 'put the values together, line by line, in your editor',
    when: ({ one }) => one !== undefined && mergeable(one).length > 1,
    run: (screen, world) => {
      if (screen.one === undefined) return turn(screen)
      const { one, effects } = mergeBegun(screen.one, world)
      return turn({ ...screen, one }, ...effects)
    },
  },
  {
    keys: ['esc', 'left', 'h', 'backspace'],
    label: 'all',
    help: 'back to all conflicts',
    when: isOpen,
    run: (screen) => turn({ ...screen, one: undefined }),
  },
  ...Array.from({ length: 9 }, (_, i) => byDigit(i + 1)),
]

export const conflictsBindings: readonly Binding<S>[] = [...inList, ...inOne]
