import type { Method, Params } from '../../../shared/protocol/local.js'
import type { Dialog } from './dialog.js'
import type { Calling, Tone } from './event.js'
import type { Opening } from './opening.js'
import type { Staged } from './staging.js'

// What the model asks for. The first part is the shell's to do, the second is done by the reducer itself.

export type ShellEffect =
  | Calling
  | { readonly kind: 'timer'; readonly ms: number; readonly tag: string }
  /** Puts bytes (base64) on the clipboard, and takes them off again. `what` is for the note that says so. */
  | { readonly kind: 'copy'; readonly value: string; readonly what: string }
  /** Opens $EDITOR on a file in memory; `name` is for people. */
  | { readonly kind: 'edit'; readonly tag: string; readonly name: string; readonly text: string }
  | { readonly kind: 'suspend' }
  | { readonly kind: 'exit' }
  /** Draws the whole terminal anew. */
  | { readonly kind: 'redraw' }

export type AppEffect =
  | { readonly kind: 'open'; readonly opening: Opening }
  /** Opens in place of the screen that asks. */
  | { readonly kind: 'replace'; readonly opening: Opening }
  | { readonly kind: 'back' }
  | { readonly kind: 'dialog'; readonly dialog: Dialog }
  | { readonly kind: 'note'; readonly tone: Tone; readonly text: string }
  /** Writes a change down; nothing is saved. */
  | { readonly kind: 'stage'; readonly change: Staged }
  /** Takes the newest staged change back, or else the deletes of the last saving. */
  | { readonly kind: 'undo' }
  /** Saves what is staged. */
  | { readonly kind: 'save' }
  | { readonly kind: 'lock' }
  /** Reads status, places and alarms anew. */
  | { readonly kind: 'refresh' }

export type Effect = ShellEffect | AppEffect

/** An effect for the shell, and the screen that is to hear of it (0: the reducer itself). */
export type Request = { readonly owner: number; readonly effect: ShellEffect }

/** Calls the daemon. @param tag comes back with the answer */
export function call<M extends Method>(method: M, params: Params<M>, tag = ''): Calling {
  // One of the union's members for each method: the compiler doesn't follow that through the parameter.
  return { kind: 'call', method, params, tag } as Calling
}

export function note(text: string, tone: Tone = 'plain'): Effect {
  return { kind: 'note', tone, text }
}

export function open(opening: Opening): Effect {
  return { kind: 'open', opening }
}

export function ask(dialog: Dialog): Effect {
  return { kind: 'dialog', dialog }
}

/** What went wrong, for the message line. */
export function complain({ message, next }: { message: string; next: string }): Effect {
  return note(next === '' ? message : `${message}: ${next}`, 'bad')
}
