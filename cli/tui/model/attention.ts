import type { AppEvent } from './event.js'
import type { Key } from './key.js'
import { mine } from './root.js'
import type { Overlay, State } from './state.js'
import type { Step } from './step.js'
import type { World } from './world.js'

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
  // Its keys are shown when it takes some: timers and clocks may be a millisecond apart.
  const shown = by === undefined ? [mine({ kind: 'timer', ms: UNREAD + 5, tag: 'attention' })] : []
  return {
    state: { ...state, overlay: { ...overlay, opened } },
    requests: [...requests, ...shown],
  }
}

/** Whether a question came by itself, and so lately that it takes no key yet. */
export function isUnread({ now }: World, { opened }: Asking): boolean {
  if (opened === undefined || opened.by !== undefined) return false
  // A clock that is set back keeps no question closed.
  const age = now - opened.at
  return age >= 0 && age < UNREAD
}

/** Whether a key was meant for what stood there before: typed ahead, or the same enter once more. */
export function isStray({ world }: State, asking: Asking, key: Key): boolean {
  if (isUnread(world, asking)) return true
  return asking.dialog.kind === 'confirm' && key.name === 'enter' && asking.opened?.by === 'enter'
}
