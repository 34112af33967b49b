import { toBase64 } from '../../../../shared/base64.js'
import { utf8 } from '../../../../shared/bytes.js'
import type { Effect } from '../effect.js'
import type { ScreenEvent } from '../event.js'
import type { Conflict } from '../screens/conflict-sides.js'
import { conflictsScreen } from '../screens/conflicts.js'
import { openConflicts, type ConflictsState } from '../screens/conflicts-state.js'
import { conflictsView } from '../views/conflicts.js'
import { bodyHeight, type World } from '../world.js'
import { aWorld, keyOf, NOON } from './world.js'

// Conflicts, and their screen as somebody uses it.

type Sibling = Conflict['siblings'][number]

export const REFERENCE = 'coffer://acme/web/CONFIG'
export const b64 = (text: string): string => toBase64(utf8(text))

export function aSibling(id: string, more: Partial<Sibling> = {}): Sibling {
  const author = { deviceId: id.repeat(32), device: `desk ${id}`, user: 'Bob', self: false }
  const version = { id: id.repeat(32), number: 2 }
  return { version, kind: 'put', at: NOON - 60_000, author, size: 3, winner: false, ...more }
}

export const OWN = { deviceId: 'aa'.repeat(32), device: 'laptop', self: true }
export const MINE = aSibling('aa', { author: OWN, winner: true })
export const THEIRS = aSibling('bb')
export const TWO: Conflict = {
  reference: REFERENCE,
  base: aSibling('ba'),
  siblings: [MINE, THEIRS],
}

/** A screen and what it asked for so far. */
export class Run {
  screen: ConflictsState
  effects: readonly Effect[]

  readonly world: World

  constructor(world: World = aWorld(), wanted?: string) {
    this.world = world
    const opened = openConflicts(world, wanted)
    this.screen = opened.screen
    this.effects = opened.effects
  }

  hear(event: ScreenEvent): this {
    const { screen, effects } = conflictsScreen.update(this.screen, event, this.world)
    return this.#now(screen, effects)
  }

  #now(screen: ConflictsState, effects: readonly Effect[]): this {
    this.screen = screen
    this.effects = effects
    return this
  }

  press(...keys: string[]): this {
    for (const name of keys) {
      const bound = conflictsScreen.bindings.find(
        ({ keys, when }) => keys.includes(name) && when?.(this.screen, this.world) !== false,
      )
      if (bound === undefined) this.hear({ kind: 'key', key: keyOf(name) })
      else {
        const { screen, effects } = bound.run(this.screen, this.world)
        this.#now(screen, effects)
      }
    }
    return this
  }

  list(...conflicts: Conflict[]): this {
    return this.hear({ kind: 'answered', method: 'conflictsList', tag: '', result: { conflicts } })
  }

  /** The daemon's answers to the reading of these versions. */
  read(purpose: string, values: { readonly [id: string]: string }): this {
    for (const [id, value] of Object.entries(values)) {
      const version = { id: id.repeat(32), number: 1 }
      const rest = { version, at: NOON, author: OWN, warnings: [] }
      const result = { reference: REFERENCE, value, ...rest }
      const tag = `${purpose} ${version.id}`
      this.hear({ kind: 'answered', method: 'secretGet', tag, result })
    }
    return this
  }

  get seen(): readonly string[] {
    const size = { width: this.world.columns, height: bodyHeight(this.world) }
    return conflictsView(this.screen, this.world, size).map(({ spans }) =>
      spans
        .map(({ text }) => text)
        .join('')
        .trimEnd(),
    )
  }

  /** The only effect of a kind. */
  asked<K extends Effect['kind']>(kind: K): Extract<Effect, { kind: K }> {
    const isIt = (one: Effect): one is Extract<Effect, { kind: K }> => one.kind === kind
    const [found, ...more] = this.effects.filter(isIt)
    if (found === undefined || more.length > 0) throw new Error(`not one ${kind}`)
    return found
  }

  get kinds(): readonly string[] {
    return this.effects.map(({ kind }) => kind)
  }

  /** Answers the dialog that was just asked. */
  answer(values: { readonly [name: string]: string } = {}): this {
    const { tag } = this.asked('dialog').dialog
    return this.hear({ kind: 'dialog', tag, values })
  }
}
