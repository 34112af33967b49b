import { openWork, unsavedWork } from './commands.js'
import { confirmation, type Dialog } from './dialog.js'
import { call, type Effect, type Request } from './effect.js'
import type { ScreenEvent, Tone } from './event.js'
import type { Opening } from './opening.js'
import { mine, refreshing, restoring, ROOT, saving } from './root.js'
import { removalBy } from './screens/people-answers.js'
import { rotateDialog } from './screens/people-words.js'
import { openedAs, specOf } from './screens/table.js'
import { samePlace } from './place.js'
import { stage } from './staging.js'
import { topOf, type Opened, type State } from './state.js'
import type { Turn } from './turn.js'
import type { ScreenState } from './screens/table.js'

// What the effects of a screen do to the whole: those that the reducer does itself, and those that go out to the shell.

export type Step = { readonly state: State; readonly requests: readonly Request[] }

export function step(state: State, ...requests: readonly Request[]): Step {
  return { state, requests }
}

/** How long a message stays, in milliseconds. */
const NOTE_FOR = 8000

export function noted(state: State, text: string, tone: Tone): State {
  return { ...state, note: { text, tone, until: state.world.now + NOTE_FOR } }
}

/** One after the other, with all that they ask for. */
export function chain(first: Step, ...more: readonly ((state: State) => Step)[]): Step {
  return more.reduce((before, next) => {
    const after = next(before.state)
    return step(after.state, ...before.requests, ...after.requests)
  }, first)
}

/** Gives an event to one screen, if it is still there. */
export function tell(state: State, owner: number, event: ScreenEvent): Step {
  const found = state.stack.find(({ id }) => id === owner)
  if (found === undefined) return late(state, event)
  return turned(state, found, specOf(found.screen).update(found.screen, event, state.world))
}

/** Of what comes too late for its screen one thing is told all the same: what to change now that somebody may read less. */
function late(state: State, event: ScreenEvent): Step {
  const removal = event.kind === 'answered' ? removalBy(event) : undefined
  const open = state.world.status?.state === 'unlocked'
  if (removal === undefined || !open) return step(state)
  if (removal.names.length + removal.left.length + removal.warnings.length === 0) {
    return step(noted(state, removal.done, 'good'))
  }
  return step({ ...state, overlay: { kind: 'dialog', owner: ROOT, dialog: rotateDialog(removal) } })
}

/** Gives an event to every screen. */
export function tellAll(state: State, event: ScreenEvent): Step {
  const ids = state.stack.map(({ id }) => id)
  return chain(step(state), ...ids.map((id) => (next: State) => tell(next, id, event)))
}

/** A screen's turn: its new state, then its effects. */
export function turned(state: State, { id }: Opened, { screen, effects }: Turn<ScreenState>): Step {
  const stack = state.stack.map((one) => (one.id === id ? { id, screen } : one))
  const next = { ...state, stack: nonEmpty(stack, state) }
  return chain(step(next), ...effects.map((effect) => (after: State) => applied(after, id, effect)))
}

function nonEmpty(stack: readonly Opened[], { stack: [first] }: State): State['stack'] {
  const [bottom = first, ...above] = stack
  return [bottom, ...above]
}

function applied(state: State, owner: number, effect: Effect): Step {
  switch (effect.kind) {
    case 'open':
      return isMain(effect.opening) ? alone(state, effect.opening) : pushed(state, effect.opening)
    case 'replace':
      return opened(state, effect.opening, state.stack.slice(0, -1))
    case 'back':
      return back(state)
    case 'dialog':
      return asked(state, owner, effect.dialog)
    case 'note':
      return step(noted(state, effect.text, effect.tone))
    case 'stage': {
      const world = { ...state.world, staged: stage(state.world.staged, effect.change) }
      return tellAll({ ...state, world }, { kind: 'refreshed' })
    }
    case 'undo':
      return undone(state)
    case 'save':
      return saves(state)
    case 'lock':
      return locks(state)
    case 'refresh':
      return step(state, ...refreshing(state.world))
    default:
      return step(state, { owner, effect })
  }
}

/** A question takes the place of what stands there; whoever asked before hears that nobody answers any more. */
export function asked(state: State, owner: number, dialog: Dialog): Step {
  const { overlay } = state
  const next: State = { ...state, overlay: { kind: 'dialog', owner, dialog } }
  return overlay?.kind === 'dialog' && overlay.owner !== ROOT
    ? tell(next, overlay.owner, { kind: 'dialog-left', tag: overlay.dialog.tag })
    : step(next)
}

function isMain({ screen }: Opening): boolean {
  return screen !== 'detail' && screen !== 'edit' && screen !== 'secrets'
}

/** A main screen closes all others: not what somebody is typing. */
function alone(state: State, opening: Opening): Step {
  const work = openWork(state)
  return work === undefined
    ? opened(state, opening, [])
    : step(noted(state, `${work}: stage it (^s) or leave it (esc) first`, 'bad'))
}

/** What a lock would throw away is asked about. */
function locks(state: State): Step {
  const work = unsavedWork(state)
  if (work === undefined) return step(state, mine(call('lock', {})))
  const lines = [work, 'A lock forgets it.']
  const dialog = confirmation('lock', 'Lock without saving?', lines, 'lock')
  return step({ ...state, overlay: { kind: 'dialog', owner: ROOT, dialog } })
}

function pushed(state: State, opening: Opening): Step {
  return opened(state, opening, state.stack)
}

/** Opens a screen above those that stay. */
export function opened(state: State, opening: Opening, below: readonly Opened[]): Step {
  const { screen, effects } = openedAs(opening, state.world)
  const id = state.nextId
  const [bottom, ...above] = [...below, { id, screen }]
  if (bottom === undefined) return step(state)
  const next: State = { ...state, nextId: id + 1, stack: [bottom, ...above], overlay: undefined }
  return turned(next, { id, screen }, { screen, effects })
}

function back(state: State): Step {
  if (state.stack.length === 1) return step(state)
  const [bottom, ...above] = state.stack.slice(0, -1)
  if (bottom === undefined) return step(state)
  const next: State = { ...state, stack: [bottom, ...above] }
  return tell(next, topOf(next).id, { kind: 'opened' })
}

function undone(state: State): Step {
  const { world } = state
  if (world.staged.length > 0) {
    const last = world.staged.at(-1)
    const next = { ...state, world: { ...world, staged: world.staged.slice(0, -1) } }
    return tellAll(noted(next, `taken back: ${last?.name ?? ''}`, 'plain'), { kind: 'refreshed' })
  }
  const next = { ...state, world: { ...world, deleted: [] } }
  return step(next, ...restoring(world))
}

/** Sends what is staged. A place's next saving waits for the end of the one before: its answer tells which it is of. */
export function savesAll(state: State): Step {
  const { world, sent } = state
  const staged = world.staged.filter(
    ({ place }) => !sent.some((other) => samePlace(place, other.place)),
  )
  if (staged.length === 0) return step(noted(state, 'still saving', 'plain'))
  return step({ ...state, sent: [...sent, ...staged] }, ...saving(staged, world))
}

/** Over what others wrote meanwhile only by consent. */
function saves(state: State): Step {
  const { world, sent } = state
  // One's own saving is heard of, too: what is on its way was asked about before.
  const over = world.staged
    .filter((one) => one.overtaken && !sent.some(({ place }) => samePlace(place, one.place)))
    .map(({ name }) => name)
  if (over.length === 0) return savesAll(state)
  const lines = ['Written by somebody else since you changed it here:', ...over]
  const dialog = confirmation('save-over', 'Save over newer values?', lines, 'save mine')
  return step({ ...state, overlay: { kind: 'dialog', owner: ROOT, dialog } })
}
