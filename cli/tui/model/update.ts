import { actions, matching } from './actions.js'
import { attended, isStray } from './attention.js'
import { boundTo, FRAME_KEYS, unsavedWork } from './commands.js'
import { confirmation, pastedInto, pressed as pressDialog } from './dialog.js'
import { call } from './effect.js'
import type { Answered, AppEvent, ScreenEvent } from './event.js'
import type { Key } from './key.js'
import { fit, move, TOP } from './list.js'
import { isOf } from './place.js'
import { coalesced } from './readings.js'
import { entered, turnedInto } from './entering.js'
import { learned, mine, refreshing, ROOT, saved, settled } from './root.js'
import { overtaken, without } from './staging.js'
import { topOf, type Overlay, type State } from './state.js'
import {
  asked,
  chain,
  noted,
  opened,
  savesAll,
  step,
  tell,
  tellAll,
  turned,
  type Step,
} from './step.js'
import { readersDialog } from './screens/edit-sealing.js'
import { specOf } from './screens/table.js'
import { EMPTY_FIELD, insert, typeInto } from './text-field.js'
import { overlaySize, type World } from './world.js'

// The whole interface as one function of what was and what happens. It knows no terminal, no clock and no socket.

export function initial(world: World): State {
  return {
    world,
    stack: [{ id: 1, screen: { name: 'starting' } }],
    nextId: 2,
    sent: [],
    readings: new Map(),
    overlay: undefined,
    note: undefined,
  }
}

/** What an event makes of the state, and what the shell is to do. */
export function update(state: State, event: AppEvent): Step {
  return attended(
    coalesced(state, event, (begun) => taken(begun, event)),
    event,
  )
}

function taken(state: State, event: AppEvent): Step {
  switch (event.kind) {
    case 'started':
      return step(state, ...refreshing(state.world))
    case 'tick':
      return step(ticked(state, event.now))
    case 'key':
      return state.overlay === undefined
        ? keyPressed({ ...state, note: undefined }, event.key)
        : overlayPressed(state, state.overlay, event.key)
    case 'paste':
      return pasted(state, event.text)
    case 'resized':
      return tellAll(
        { ...state, world: { ...state.world, columns: event.columns, rows: event.rows } },
        { kind: 'refreshed' },
      )
    case 'hidden':
      return tellAll(state, { kind: 'hidden' })
    case 'note':
      return step(noted(state, toldOf(state, event), event.tone))
    case 'daemon':
      return daemon(state, event.state)
    case 'sync-status':
      return synced(state, event)
    case 'no-home':
      return opened(state, { screen: 'setup' }, [])
    case 'state':
      return turnedInto(state, event.state)
    case 'changed':
      return changed(state, event)
    case 'to':
      return event.owner === ROOT
        ? heard(state, event.event)
        : tell(state, event.owner, event.event)
  }
}

/** What is told once the home is locked names nothing of what was in it. */
function toldOf({ world }: State, { text, tone }: Extract<AppEvent, { kind: 'note' }>): string {
  if (world.status?.state !== 'locked') return text
  return tone === 'bad' ? 'nothing was copied' : 'what was copied is cleared in its time'
}

function ticked(state: State, now: number): State {
  const note = state.note !== undefined && state.note.until <= now ? undefined : state.note
  return { ...state, note, world: { ...state.world, now } }
}

function daemon(state: State, daemon: World['daemon']): Step {
  const next = { ...state, world: { ...state.world, daemon } }
  return daemon === 'gone'
    ? step(next)
    : chain(step(next, ...refreshing(next.world)), (s) => tellAll(s, { kind: 'opened' }))
}

function synced(state: State, { sync }: Extract<AppEvent, { kind: 'sync-status' }>): Step {
  const next = { ...state, world: { ...state.world, sync } }
  // When all is sent no change of a secret tells so: lists are read again, or what waited would seem to wait on.
  const sent = sync.queued === 0 && (state.world.sync?.queued ?? 0) > 0
  const kind = sent ? 'opened' : 'refreshed'
  return chain(step(next, ...refreshing(next.world)), (s) => tellAll(s, { kind }))
}

function changed(state: State, event: Extract<AppEvent, { kind: 'changed' }>): Step {
  const { vault, names } = event
  const staged = overtaken(state.world.staged, (place) => isOf(place, vault), names)
  const next = { ...state, world: { ...state.world, staged } }
  const requests = vault.kind === 'project' ? [] : refreshing(next.world)
  return chain(step(next, ...requests), (s) => tellAll(s, { kind: 'changed', vault, names }))
}

function keyPressed(state: State, key: Key): Step {
  const top = topOf(state)
  const binding = boundTo(top, state, key)
  if (binding !== undefined) return turned(state, top, binding.run(top.screen, state.world))
  const typing = specOf(top.screen).typing(top.screen, state.world) && key.text !== ''
  const frame = typing ? undefined : framePressed(state, key)
  return frame ?? tell(state, top.id, { kind: 'key', key })
}

function isOneOf(keys: readonly string[], { name }: Key): boolean {
  return keys.includes(name)
}

function framePressed(state: State, key: Key): Step | undefined {
  if (isOneOf(FRAME_KEYS.help, key)) return step({ ...state, overlay: { kind: 'help', top: 0 } })
  if (isOneOf(FRAME_KEYS.palette, key)) {
    return step({ ...state, overlay: { kind: 'palette', query: EMPTY_FIELD, list: TOP } })
  }
  if (isOneOf(FRAME_KEYS.redraw, key)) return step(state, mine({ kind: 'redraw' }))
  if (isOneOf(FRAME_KEYS.suspend, key)) return suspended(state)
  return isOneOf(FRAME_KEYS.quit, key) ? quit(state) : undefined
}

function suspended(state: State): Step {
  return chain(tellAll(state, { kind: 'hidden' }), (s) => step(s, mine({ kind: 'suspend' })))
}

function quit(state: State): Step {
  const work = unsavedWork(state)
  if (work === undefined) return step(state, mine({ kind: 'exit' }))
  const dialog = confirmation('quit', 'Leave without saving?', [work], 'leave')
  return step({ ...state, overlay: { kind: 'dialog', owner: ROOT, dialog } })
}

function overlayPressed(state: State, overlay: Overlay, key: Key): Step {
  if (isOneOf(FRAME_KEYS.redraw, key)) return step(state, mine({ kind: 'redraw' }))
  if (isOneOf(FRAME_KEYS.suspend, key)) return suspended(state)
  const closed = { ...state, overlay: undefined }
  switch (overlay.kind) {
    case 'dialog':
      return dialogPressed(state, overlay, key)
    case 'palette':
      return palettePressed(state, overlay, key)
    case 'help': {
      if (['esc', 'q', '?', 'enter', 'ctrl-c'].includes(key.name)) return step(closed)
      const moved = move({ at: overlay.top, top: 0 }, key.name, HELP_LINES, 1)
      return step(
        moved === undefined ? state : { ...state, overlay: { kind: 'help', top: moved.at } },
      )
    }
  }
}

/** More than help ever has. */
const HELP_LINES = 200

function dialogPressed(
  state: State,
  overlay: Extract<Overlay, { kind: 'dialog' }>,
  key: Key,
): Step {
  if (isStray(state, overlay, key)) return step(state)
  const { owner, dialog } = overlay
  const outcome = pressDialog(dialog, key, overlaySize(state.world))
  if (outcome.kind === 'stays') {
    return step({ ...state, overlay: { ...overlay, dialog: outcome.dialog } })
  }
  const { tag } = dialog
  const closed = { ...state, overlay: undefined }
  const event: ScreenEvent =
    outcome.kind === 'left'
      ? { kind: 'dialog-left', tag }
      : { kind: 'dialog', tag, values: outcome.values }
  return owner === ROOT ? heard(closed, event) : tell(closed, owner, event)
}

function palettePressed(
  state: State,
  overlay: Extract<Overlay, { kind: 'palette' }>,
  key: Key,
): Step {
  const closed = { ...state, overlay: undefined }
  const found = matching(actions(closed), overlay.query.text)
  const height = overlaySize(state.world).height
  if (key.name === 'esc' || key.name === 'ctrl-c') return step(closed)
  if (key.name === 'enter') {
    const action = found[fit(overlay.list, found.length, height).at]
    const top = topOf(closed)
    return action === undefined
      ? step(closed)
      : turned(closed, top, action.binding.run(top.screen, state.world))
  }
  const moves = key.text === '' && !['home', 'end'].includes(key.name)
  const list = moves ? move(overlay.list, key.name, found.length, height) : undefined
  if (list !== undefined) return step({ ...state, overlay: { ...overlay, list } })
  const query = typeInto(overlay.query, key)
  return step(query === undefined ? state : { ...state, overlay: { ...overlay, query, list: TOP } })
}

function pasted(state: State, text: string): Step {
  const { overlay } = state
  if (overlay?.kind === 'dialog') {
    return step({ ...state, overlay: { ...overlay, dialog: pastedInto(overlay.dialog, text) } })
  }
  if (overlay?.kind === 'palette') {
    return step({
      ...state,
      overlay: { ...overlay, query: insert(overlay.query, text), list: TOP },
    })
  }
  return overlay === undefined ? tell(state, topOf(state).id, { kind: 'paste', text }) : step(state)
}

/** What the reducer's own requests brought. */
function heard(state: State, event: ScreenEvent): Step {
  switch (event.kind) {
    case 'answered': {
      const { world, requests } = learned(saved(state.world, event, state.sent), event)
      const sent = without(state.sent, settled(state.sent, event))
      const next = followed({ ...state, world, sent }, state, event)
      const told = (s: State): Step => tellAll(s, { kind: 'refreshed' })
      return chain(next, (s) => step(s, ...requests), told)
    }
    case 'failed': {
      const sent = without(state.sent, settled(state.sent, event))
      // Who isn't let in yet can't read everything: the first steps tell of what they ask for themselves.
      if (topOf(state).screen.name === 'setup') return step({ ...state, sent })
      const { code, message, next } = event.failure
      // The screen says so itself; what was asked before it was locked is nobody's matter now.
      if (code === 'locked') return step({ ...state, sent })
      const said = [...failedSaving(event), message, next].filter(Boolean).join(': ')
      return step(noted({ ...state, sent }, said, 'bad'))
    }
    case 'dialog':
      if (event.tag === 'quit') return step(state, mine({ kind: 'exit' }))
      if (event.tag === 'lock') return step(state, mine(call('lock', {})))
      return event.tag === 'save-over' ? savesAll(state) : step(state)
    default:
      return step(state)
  }
}

/** The calls that save what is staged. */
const SAVING: readonly string[] = ['secretSetMany', 'secretRemove', 'secretSet']

/** Where an answer leads: to another screen, when the home's state is another; to a word on what was done. */
function followed(state: State, before: State, event: Answered): Step {
  const { method } = event
  if (method === 'status') return entered(state, before)
  if (method === 'secretSetMany' || method === 'secretRemove') {
    const undo = state.world.deleted.length > 0 && method === 'secretRemove'
    // The other half of a saving may have been refused: that word isn't covered by this one.
    return state.note?.tone === 'bad' && state.world.staged.length > 0
      ? step(noted(state, state.note.text, 'bad'))
      : step(noted(state, undo ? 'deleted: u brings it back' : 'saved', 'good'))
  }
  if (event.method === 'secretSet') {
    const { overlay } = state
    const before = overlay?.kind === 'dialog' ? overlay.dialog : undefined
    return asked(state, ROOT, readersDialog(before, event.result))
  }
  if (method === 'secretRollback') return step(noted(state, 'brought back', 'good'))
  return step(state)
}

/** Whose saving it was that failed: what is left stays staged. */
function failedSaving({ method, tag }: { method: string; tag: string }): readonly string[] {
  return SAVING.includes(method) ? [`not saved: ${tag}`] : []
}
