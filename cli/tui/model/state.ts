import type { Dialog } from './dialog.js'
import type { Request } from './effect.js'
import type { Tone } from './event.js'
import type { ListState } from './list.js'
import type { ScreenState } from './screens/table.js'
import type { Staged } from './staging.js'
import type { TextField } from './text-field.js'
import type { World } from './world.js'

/** One screen that is open. Its number tells its answers from those of another that was there before. */
export type Opened = { readonly id: number; readonly screen: ScreenState }

export type Overlay =
  | {
      readonly kind: 'dialog'
      readonly owner: number
      readonly dialog: Dialog
      /** When it came, and the key that brought it; without one it came by itself. */
      readonly opened?: { readonly at: number; readonly by: string | undefined }
    }
  | { readonly kind: 'palette'; readonly query: TextField; readonly list: ListState }
  | { readonly kind: 'help'; readonly top: number }

export type State = {
  readonly world: World
  /** The last one is shown. */
  readonly stack: readonly [Opened, ...Opened[]]
  readonly nextId: number
  /** What is being saved: of the staged changes those that the daemon was sent and hasn't answered. */
  readonly sent: readonly Staged[]
  /** The readings under way, each with the request that waits for its answer. */
  readonly readings: ReadonlyMap<string, Request | undefined>
  readonly overlay: Overlay | undefined
  readonly note: { readonly tone: Tone; readonly text: string; readonly until: number } | undefined
}

export function topOf({ stack }: State): Opened {
  return stack[stack.length - 1] ?? stack[0]
}
