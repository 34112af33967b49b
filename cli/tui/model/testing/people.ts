import type { Method, Params, Result } from '../../../../shared/protocol/local.js'
import type { Dialog } from '../dialog.js'
import type { Failure, ScreenEvent } from '../event.js'
import { topOf, type State } from '../state.js'
import { opened } from '../step.js'
import { update } from '../update.js'
import type { World } from '../world.js'
import { aState, keyOf, keysOf, NOON } from './world.js'

// The screen of people and devices, driven as a person and a daemon would.

export const FINGERPRINT = 'abcd-efgh-ijkl-mnop'

export function aMember(
  overrides: Partial<Result<'orgMemberList'>['members'][number]> = {},
): Result<'orgMemberList'>['members'][number] {
  return {
    userId: 'b0'.repeat(16),
    email: 'bob@example.org',
    name: 'Bob',
    level: 'write',
    since: NOON - 86_400_000,
    self: false,
    lookalike: false,
    ...overrides,
  }
}

export function aJoiner(
  overrides: Partial<Result<'orgInviteRequests'>['requests'][number]> = {},
): Result<'orgInviteRequests'>['requests'][number] {
  return {
    fingerprint: FINGERPRINT,
    org: 'acme',
    email: 'bob@example.org',
    name: 'Bob',
    level: 'write',
    at: NOON - 5000,
    expiresAt: NOON + 3_600_000,
    expired: false,
    ...overrides,
  }
}

export function aDevice(
  overrides: Partial<Result<'deviceList'>['devices'][number]> = {},
): Result<'deviceList'>['devices'][number] {
  return {
    deviceId: 'd1'.repeat(32),
    name: 'laptop',
    self: true,
    recovery: false,
    addedAt: NOON - 86_400_000,
    seenAt: NOON - 60_000,
    doubled: false,
    ...overrides,
  }
}

/** The interface with one of its screens on top, and every call that was made on the way. */
export class Driven {
  state: State
  calls: { readonly owner: number; readonly method: Method; readonly params: unknown }[] = []
  timers: string[] = []
  copies: string[] = []

  constructor(screen: 'people' | 'places', world: Partial<World> = {}) {
    const begun = opened(aState({ orgs: ['acme'], ...world }), { screen }, [])
    this.state = begun.state
    this.#note(begun.requests)
  }

  #note(requests: ReturnType<typeof update>['requests']): void {
    for (const { owner, effect } of requests) {
      if (effect.kind === 'call') {
        this.calls.push({ owner, method: effect.method, params: effect.params })
      }
      if (effect.kind === 'timer') this.timers.push(effect.tag)
      if (effect.kind === 'copy') this.copies.push(effect.value)
    }
  }

  #update(event: Parameters<typeof update>[1]): this {
    const { state, requests } = update(this.state, event)
    this.state = state
    this.#note(requests)
    return this
  }

  /** Presses keys by their names. */
  press(...names: readonly string[]): this {
    for (const name of names) this.#update({ kind: 'key', key: keyOf(name) })
    return this
  }

  type(text: string): this {
    for (const key of keysOf(text)) this.#update({ kind: 'key', key })
    return this
  }

  /** The number of the screen on top: whoever asks remembers it. */
  get owner(): number {
    return topOf(this.state).id
  }

  /** What an answer asks is read before the next key. */
  hear(event: ScreenEvent, owner = this.owner): this {
    this.#update({ kind: 'to', owner, event })
    return this.dialog === undefined ? this : this.tick(1000)
  }

  answer<M extends Method>(method: M, result: Result<M>, tag = '', owner = this.owner): this {
    return this.hear({ kind: 'answered', method, tag, result } as ScreenEvent, owner)
  }

  fail(method: Method, failure: Partial<Failure>, tag = ''): this {
    const whole: Failure = { code: 'refused', reason: '', message: 'no', next: '', ...failure }
    return this.hear({ kind: 'failed', method, tag, failure: whole })
  }

  tick(ms: number): this {
    return this.#update({ kind: 'tick', now: this.state.world.now + ms })
  }

  /** What the last call of a method was given. */
  lastCall<M extends Method>(method: M): Params<M> | undefined {
    return this.calls.findLast((one) => one.method === method)?.params as Params<M> | undefined
  }

  countOf(method: Method): number {
    return this.calls.filter((one) => one.method === method).length
  }

  get dialog(): Dialog | undefined {
    const { overlay } = this.state
    return overlay?.kind === 'dialog' ? overlay.dialog : undefined
  }

  get said(): string {
    return this.dialog !== undefined && 'lines' in this.dialog ? this.dialog.lines.join('\n') : ''
  }
}
