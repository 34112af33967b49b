import type { Effect } from './effect.js'
import type { ScreenEvent } from './event.js'
import type { World } from './world.js'

/** What an event made of a screen. */
export type Turn<S> = { readonly screen: S; readonly effects: readonly Effect[] }

export function turn<S>(screen: S, ...effects: readonly Effect[]): Turn<S> {
  return { screen, effects }
}

/**
 * One row of the key table. From these come what a key does, the footer, the help and the palette: nothing does
 * anything that isn't listed there.
 */
export type Binding<S> = {
  /** Names of keys (key.ts); the first is shown. None: only in the palette. */
  readonly keys: readonly string[]
  /** For the footer: one or two words. */
  readonly label: string
  /** For help and palette: what it does, in a line. */
  readonly help: string
  /** Whether it applies now; always, when absent. */
  readonly when?: (screen: S, world: World) => boolean
  /** Not in the footer: what everybody tries first, or seldom needs; or what a key says no to now. */
  readonly quiet?: boolean | ((screen: S, world: World) => boolean)
  /** First in the footer: something waits for it. */
  readonly urgent?: boolean
  /** Applies also while letters are text. */
  readonly whileTyping?: boolean
  readonly run: (screen: S, world: World) => Turn<S>
}

/** How a screen behaves: pure functions of its state, of the world and of what happens. */
export type ScreenSpec<S> = {
  readonly title: (screen: S, world: World) => string
  /** Whether letters are text now, and no commands. */
  readonly typing: (screen: S, world: World) => boolean
  readonly bindings: readonly Binding<S>[]
  readonly update: (screen: S, event: ScreenEvent, world: World) => Turn<S>
  /** What would be lost by leaving it: asked about before. */
  readonly unsaved?: (screen: S) => string | undefined
}
