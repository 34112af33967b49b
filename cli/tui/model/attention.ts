import type { AppEvent } from './event.js'
import type { Key } from './key.js'
import type { Overlay, State } from './state.js'
import type { Step } from './step.js'

// A question can open under somebody's fingers: what was typed for what stood there before is no answer to it.

type Asking = Extract<Overlay, { kind: 'dialog' }>

/** So long nobody can have read a question that came by itself, in milliseconds. */
const UNREAD = 400

/** Notes what brought a question, where there is a new one. */
export function attended({ state, requests }: Step, event: AppEvent): Step {
  const { overlay, world } = state
  if (overlay?.kind !== 'dialog' || overlay.opened !== undefined) return { state, requests }
  const by = event.kind === 'key' ? event.key.name : undefined
  const opened = { at: world.now, by }
  return { state: { ...state, overlay: { ...overlay, opened } }, requests }
}

/** Whether a key was meant for what stood there before: typed ahead, or the same enter once more. */
export function isStray({ world }: State, { dialog, opened }: Asking, key: Key): boolean {
  if (opened === undefined) return false
  if (opened.by === undefined) return world.now < opened.at + UNREAD
  return dialog.kind === 'confirm' && key.name === 'enter' && opened.by === 'enter'
}
