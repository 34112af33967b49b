import * as assert from 'uvu/assert'
import type { Request } from '../effect.js'
import type { AppEvent, ScreenEvent } from '../event.js'
import type { Place } from '../place.js'
import type { Staged } from '../staging.js'
import { topOf, type State } from '../state.js'
import { update } from '../update.js'
import type { World } from '../world.js'
import { aState, aStatus, keyOf, keysOf } from './world.js'

// The whole interface with somebody at the keyboard, and a daemon that says what a test has it say.

const WEB: Place = { kind: 'project', org: 'acme', project: 'web' }
const PLACES = [
  { place: { kind: 'user' }, vaultId: 'u', role: 'owner' },
  { place: WEB, vaultId: 'w', role: 'owner' },
] as const
export const VAULT = { vaultId: 'w', kind: 'project', org: 'acme', project: 'web' } as const

export const aChange = (name: string, more: Partial<Staged> = {}): Staged => ({
  place: WEB,
  name,
  value: 'c2VjcmV0',
  over: `${name}-1`,
  overtaken: false,
  ...more,
})

/** A state, and what the shell was asked for in the last step. */
export class Run {
  state: State
  requests: readonly Request[] = []

  constructor(world: Partial<World> = {}) {
    this.state = aState()
    this.status('unlocked')
    const places = { places: PLACES, orgs: ['acme'] }
    this.state = { ...this.state, world: { ...this.state.world, ...places, ...world } }
  }

  hear(event: AppEvent): this {
    const { state, requests } = update(this.state, event)
    this.state = state
    this.requests = requests
    return this
  }

  press(...names: readonly string[]): this {
    for (const name of names) this.hear({ kind: 'key', key: keyOf(name) })
    return this
  }

  type(text: string): this {
    for (const key of keysOf(text)) this.hear({ kind: 'key', key })
    return this
  }

  to(owner: number, event: ScreenEvent): this {
    return this.hear({ kind: 'to', owner, event })
  }

  status(state: 'none' | 'locked' | 'unlocked'): this {
    const result = aStatus({ state })
    return this.to(0, { kind: 'answered', method: 'status', tag: '', result })
  }

  /** What comes back for the place when everything that was sent is saved. */
  saved(method: 'secretSetMany' | 'secretRemove'): this {
    const tag = 'acme/web'
    return method === 'secretRemove'
      ? this.to(0, { kind: 'answered', method, tag, result: { references: [], warnings: [] } })
      : this.to(0, {
          kind: 'answered',
          method,
          tag,
          result: { vault: VAULT, created: [], changed: [], unchanged: [], warnings: [] },
        })
  }

  /** Likewise for one that was sealed. */
  sealed(name: string): this {
    const reference = `coffer://acme/web/${name}`
    const rest = { version: { id: 'ab'.repeat(32), number: 1 }, created: true, warnings: [] }
    const ci = { deviceId: 'ee'.repeat(32), name: 'ci', fingerprint: 'aaaa-bbbb-cccc-dddd' }
    const result = { reference, ...rest, sealedTo: [ci] }
    return this.to(0, { kind: 'answered', method: 'secretSet', tag: reference, result })
  }

  get screens(): readonly string[] {
    return this.state.stack.map(({ screen }) => screen.name)
  }

  get calls(): readonly string[] {
    return this.requests.flatMap(({ effect }) => (effect.kind === 'call' ? [effect.method] : []))
  }

  get dialog(): string | undefined {
    const { overlay } = this.state
    return overlay?.kind === 'dialog' ? overlay.dialog.title : undefined
  }
}

/** In the secrets of a project. */
export function inWeb(world: Partial<World> = {}): Run {
  const run = new Run({ orgs: ['acme'], ...world })
  run
    .hear({ kind: 'key', key: keyOf(':') })
    .type('go to acme/web')
    .press('enter')
  const { id, screen } = topOf(run.state)
  assert.is(screen.name, 'secrets')
  const result = { vault: VAULT, loading: false, secrets: [], warnings: [] }
  return run.to(id, { kind: 'answered', method: 'secretList', tag: '', result })
}
