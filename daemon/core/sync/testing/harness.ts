import { utf8, type Bytes } from '../../../../shared/bytes.js'
import { idOf, type EntryId, type LinkHash, type LogHash } from '../../../../shared/ids.js'
import { entryIdOf } from '../../../../shared/log/entry.js'
import { nextWake, step } from '../machine.js'
import type { VaultFacts } from '../port.js'
import type { Effect, Request } from '../effects.js'
import { initialState, type Event, type State } from '../state.js'

// For tests of the machine: events in, effects out, with facts that the test decides.

type Facts = { -readonly [K in keyof VaultFacts]: VaultFacts[K] }
type SendOf<K extends Request['kind']> = Extract<Request, { kind: K }>

export const NO_LOG = idOf<LogHash>(new Uint8Array(32))

/** An entry of the outbox that tells itself apart. */
export function entry(name: string, size = 0): { ordinal: number; body: Bytes; id: EntryId } {
  const body = new Uint8Array(Math.max(size, name.length))
  body.set(utf8(name))
  return { ordinal: 0, body, id: entryIdOf(body) }
}

export class Harness {
  facts: Facts = {
    cursor: { pos: 0, logHash: NO_LOG, generation: 0 },
    drafts: 0,
    draftSpan: { first: undefined, last: 0 },
    outbox: [],
    links: 1,
  }
  state: State = initialState(this.facts)
  now = 1000
  chance = 0
  /** Effects of the last event. */
  effects: readonly Effect[] = []
  readonly alarms: string[] = []

  on(event: Event): this {
    const at = {
      now: this.now,
      chance: this.chance,
      facts: { ...this.facts, draftSpan: this.#span() },
    }
    const { state, effects } = step(this.state, event, at)
    this.state = state
    this.effects = effects
    for (const effect of effects) {
      if (effect.kind === 'alarm') this.alarms.push(effect.alarm.reason)
    }
    return this
  }

  /** What a test that only counts drafts means: the first ones ever. */
  #span(): Facts['draftSpan'] {
    const { drafts, draftSpan } = this.facts
    if (drafts === 0) return { ...draftSpan, first: undefined }
    return draftSpan.first === undefined ? { first: 1, last: drafts } : draftSpan
  }

  /** Lets time pass to the machine's next wake. */
  wake(): this {
    const at = nextWake(this.state, this.now)
    if (at === undefined) throw new Error('the machine waits for nothing')
    this.now = at
    return this.on({ kind: 'tick' })
  }

  /** The requests of one kind among the last effects. */
  sent<K extends Request['kind']>(kind: K): SendOf<K>[] {
    return this.effects.flatMap((effect) =>
      effect.kind === 'send' && effect.request.kind === kind ? [effect.request as SendOf<K>] : [],
    )
  }

  /** The replica's work that was begun last. */
  get work(): string | undefined {
    return this.effects.flatMap((one) => (one.kind === 'port' ? [one.work.kind] : [])).at(-1)
  }

  /** Ends the work in progress, after the facts were changed to what it did. */
  done(change: Partial<Facts> = {}, told: { answer?: Bytes[]; alarms?: string[] } = {}): this {
    const { busy } = this.state
    if (busy === undefined) throw new Error('no work is in progress')
    Object.assign(this.facts, change)
    const { answer, alarms = [] } = told
    return this.on({
      kind: 'portDone',
      work: busy,
      ...(answer === undefined ? {} : { answer }),
      alarms: alarms.map((reason) => ({ reason, detail: '' })),
    })
  }

  /** Ends whatever the replica does, with nothing new, until it rests. */
  rest(): this {
    while (this.state.busy !== undefined) this.done()
    return this
  }

  opened(pos: number, more: { generation?: number; links?: number } = {}): this {
    const { generation = 1, links = this.facts.links } = more
    const hash = idOf<LinkHash>(new Uint8Array(32))
    const head = pos === 0 ? { pos } : { pos, entryId: entry(`e${pos}`).id }
    const memberHead = { length: links, hash }
    return this.on({ kind: 'opened', head, generation, floor: 0, memberHead })
  }

  /** A device that has read a log of `pos` entries and is caught up, with nothing to do. */
  static live(pos = 5): Harness {
    const harness = new Harness()
    harness.at(pos)
    harness.on({ kind: 'connected' }).opened(pos).rest()
    return harness
  }

  /** The cursor stands at `pos`. */
  at(pos: number, generation = 1): this {
    this.facts.cursor = { pos, entryId: entry(`e${pos}`).id, logHash: NO_LOG, generation }
    return this
  }

  push(from: number, count: number, head = from + count - 1): this {
    const bodies = Array.from({ length: count }, (_, i) => entry(`e${from + i}`).body)
    return this.on({ kind: 'entries', from, bodies, head })
  }

  refuse(request: Request, reason: string, retryAfter?: number): this {
    const wait = retryAfter === undefined ? {} : { retryAfter }
    const code = reason === 'no-vault' ? 'not-found' : 'relay-refused'
    return this.on({ kind: 'refused', request, code, reason, ...wait })
  }
}
