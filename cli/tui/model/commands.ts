import type { Effect } from './effect.js'
import type { Opening } from './opening.js'
import { stagedSummary } from './staging.js'
import type { Opened, State } from './state.js'
import { specOf, type ScreenState } from './screens/table.js'
import { turn, type Binding } from './turn.js'
import { unread } from './world.js'

// The key table: what applies everywhere, beside what each screen has of its own. Footer, help and palette are made of it.

type Command = Binding<ScreenState>

const DEEP: readonly Opening['screen'][] = ['secrets', 'detail', 'edit']
const CLOSED: readonly Opening['screen'][] = ['starting', 'unlock', 'setup']

const isOpen = (screen: ScreenState): boolean => !CLOSED.includes(screen.name)

/** The screens that a digit opens, in the header wherever there is room. */
export const MAIN_SCREENS: readonly {
  readonly key: string
  readonly screen: 'places' | 'conflicts' | 'people' | 'trust'
  readonly label: string
  readonly help: string
}[] = [
  { key: '1', screen: 'places', label: 'projects', help: 'projects, and your own vault' },
  { key: '2', screen: 'conflicts', label: 'conflicts', help: 'names that were written apart' },
  { key: '3', screen: 'people', label: 'people', help: 'people and devices' },
  { key: '4', screen: 'trust', label: 'trust', help: 'relay, queue, heads, alarms' },
]

function main(key: string, label: string, help: string, opening: Opening): Command {
  return {
    keys: [key],
    label,
    help,
    quiet: true,
    when: isOpen,
    run: (screen) => turn(screen, { kind: 'open', opening }),
  }
}

const does =
  (...effects: readonly Effect[]): Command['run'] =>
  (screen) =>
    turn(screen, ...effects)

/** What applies on every screen. A screen's own bindings come first. */
const EVERYWHERE: readonly Command[] = [
  {
    keys: ['esc', 'left', 'h', 'backspace'],
    label: 'back',
    help: 'back to where you came from',
    when: (screen) => DEEP.includes(screen.name) && workIn(screen) === undefined,
    run: does({ kind: 'back' }),
  },
  {
    keys: ['ctrl-s', 'w'],
    label: 'save',
    urgent: true,
    help: 'save what is staged: all of a place as one transaction',
    when: (screen, world) => isOpen(screen) && world.staged.length > 0,
    run: does({ kind: 'save' }),
  },
  {
    keys: ['u'],
    label: 'undo',
    urgent: true,
    help: 'take the newest staged change back, or bring back what was deleted last',
    when: (screen, { staged, deleted }) => isOpen(screen) && staged.length + deleted.length > 0,
    run: does({ kind: 'undo' }),
  },
  ...MAIN_SCREENS.map(({ key, screen, label, help }) => main(key, label, help, { screen })),
  {
    keys: ['!'],
    label: 'alarms',
    help: 'read the alarms',
    when: (screen, world) => isOpen(screen) && unread(world).length > 0,
    run: does({ kind: 'open', opening: { screen: 'trust' } }),
  },
  {
    keys: ['L'],
    label: 'lock',
    help: 'lock the home: keys and all that is shown are forgotten',
    quiet: true,
    when: isOpen,
    run: does({ kind: 'lock' }),
  },
]

/** Overlays and leaving: the frame's own. */
export const FRAME_KEYS = {
  palette: ['ctrl-p', ':'],
  help: ['?'],
  quit: ['q', 'ctrl-c'],
  suspend: ['ctrl-z'],
  redraw: ['ctrl-l'],
} as const

/** The bindings that apply now, the screen's own first. */
export function applicable({ screen }: Opened, { world }: State): readonly Command[] {
  return [...specOf(screen).bindings, ...EVERYWHERE].filter(
    ({ when }) => when === undefined || when(screen, world),
  )
}

/** The binding of a key. While letters are text, only keys that type nothing count, and only where that is meant. */
export function boundTo(
  opened: Opened,
  state: State,
  key: { readonly name: string; readonly text: string },
): Command | undefined {
  const typing = specOf(opened.screen).typing(opened.screen, state.world)
  if (typing && key.text !== '') return undefined
  return applicable(opened, state).find(
    ({ keys, whileTyping }) => keys.includes(key.name) && (!typing || whileTyping === true),
  )
}

function workIn(screen: ScreenState): string | undefined {
  return specOf(screen).unsaved?.(screen)
}

/** What is typed and staged nowhere, on any screen that is open. */
export function openWork({ stack }: State): string | undefined {
  return stack.map(({ screen }) => workIn(screen)).find((work) => work !== undefined)
}

/** What a lock threw away, in words that name nothing of it. */
export function lostWork(state: State): string | undefined {
  const { length } = state.world.staged
  const parts = [
    ...(length === 0 ? [] : [length === 1 ? '1 staged change' : `${length} staged changes`]),
    ...(openWork(state) === undefined ? [] : ['a value that was being edited']),
  ]
  return parts.length === 0 ? undefined : `not saved, and forgotten: ${parts.join(', ')}`
}

/** What would be lost by leaving: to be asked about. */
export function unsavedWork(state: State): string | undefined {
  const open = openWork(state)
  if (open !== undefined) return open
  const { staged } = state.world
  return staged.length === 0 ? undefined : `not saved yet: ${stagedSummary(staged)}`
}
