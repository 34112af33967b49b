import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { idOf, type LogHash } from '../../../shared/ids.js'
import { RETRY } from './backoff.js'
import { nextWake, step } from './machine.js'
import type { VaultFacts } from './port.js'
import type { Effect } from './effects.js'
import { initialState, type Event, type State } from './state.js'

// A relay that would keep a device busy, or silent, for ever.

const logHash = idOf<LogHash>(new Uint8Array(32))
const FRESH: VaultFacts = {
  cursor: { pos: 0, logHash, generation: 0 },
  drafts: 0,
  draftSpan: { first: undefined, last: 0 },
  outbox: [],
  links: 1,
}

/** A machine at work: events go in, effects come out, time is the test's. */
class Bench {
  state: State
  now = 0
  facts: VaultFacts

  constructor(facts: VaultFacts = FRESH) {
    this.facts = facts
    this.state = initialState(facts)
  }

  take(event: Event): readonly Effect[] {
    const { now, facts } = this
    const { state, effects } = step(this.state, event, { now, chance: 0.5, facts })
    this.state = state
    return effects
  }

  get wake(): number | undefined {
    return nextWake(this.state, this.now)
  }
}

const sent = (effects: readonly Effect[]): string[] =>
  effects.flatMap((effect) => (effect.kind === 'send' ? [effect.request.kind] : []))

const open = { kind: 'open', after: { pos: 0 } } as const
const refusal = { kind: 'refused', code: 'not-found', reason: 'no-vault' } as const

test('a wait that a relay asks for is heeded for a minute, not for ages', () => {
  for (const retryAfter of [Number.MAX_SAFE_INTEGER, 2 ** 31]) {
    const bench = new Bench()
    bench.take({ kind: 'connected' })
    bench.take({ kind: 'refused', request: open, code: 'limit', reason: 'busy', retryAfter })
    assert.ok((bench.wake ?? Infinity) <= RETRY.most, `${bench.wake}`)
    bench.now = RETRY.most
    assert.equal(sent(bench.take({ kind: 'tick' })), ['open'])
  }
})

test('a relay that takes a vault and says again that it has none is asked ever more rarely', () => {
  const bench = new Bench()
  let creates = 0
  bench.take({ kind: 'connected' })
  while (bench.now < 300_000) {
    const asked = bench.take({ ...refusal, request: open })
    assert.ok(asked.some((effect) => effect.kind === 'port'))
    const work = { kind: 'links', from: 0 } as const
    const made = bench.take({ kind: 'portDone', work, answer: [new Uint8Array(1)] })
    assert.equal(sent(made), ['create'])
    creates += 1
    let again = bench.take({ kind: 'created', existed: false })
    while (sent(again).length === 0) {
      const { wake } = bench
      assert.ok(wake !== undefined && wake > bench.now)
      bench.now = wake ?? Infinity
      again = bench.take({ kind: 'tick' })
    }
    assert.ok(creates < 30, `${creates} in ${bench.now} ms`)
  }
  assert.ok(creates > 3, 'it does go on asking')
})

test('many small entries count for the memory that they take', () => {
  const bench = new Bench()
  bench.take({ kind: 'connected' })
  const head = { pos: 100_000 }
  const memberHead = { length: 1, hash: idOf<never>(new Uint8Array(32)) }
  bench.take({ kind: 'opened', head, generation: 1, floor: 0, memberHead })
  const bodies = Array.from({ length: 1000 }, () => new Uint8Array(1))
  for (let i = 0; i < 10; i++) {
    bench.take({ kind: 'entries', from: 1 + 1000 * i, bodies, head: 100_000 })
  }
  assert.ok(bench.state.queued > 1_000_000, `${bench.state.queued}`)
  // Nothing is left over once all is taken.
  let pos = 0
  for (let busy = bench.state.busy; busy?.kind === 'ingest'; busy = bench.state.busy) {
    pos += busy.bodies.length
    bench.facts = { ...FRESH, cursor: { ...FRESH.cursor, pos, generation: 1 } }
    bench.take({ kind: 'portDone', work: busy })
  }
  assert.is(pos, 10_000)
  assert.is(bench.state.queued, 0)
})

test('a relay that shows less than another device has signed to have read is asked once, then told on', () => {
  const bench = new Bench()
  const memberHead = { length: 1, hash: idOf<never>(new Uint8Array(32)) }
  const opened = (pos: number): Event => ({
    kind: 'opened',
    head: { pos },
    generation: 1,
    floor: 0,
    memberHead,
  })
  const alarms = (effects: readonly Effect[]): string[] =>
    effects.flatMap((effect) => (effect.kind === 'alarm' ? [effect.alarm.reason] : []))
  bench.take({ kind: 'connected' })
  bench.take(opened(0))
  const work = { kind: 'checkHead', head: new Uint8Array(1) } as const
  bench.take({ kind: 'portDone', work: { kind: 'restore' } })
  bench.take({ kind: 'head', head: work.head })
  bench.facts = { ...FRESH, ahead: { generation: 1, pos: 3 } }
  assert.equal(sent(bench.take({ kind: 'portDone', work })), ['open'])
  assert.equal(alarms(bench.take(opened(0))), ['log-withheld'])
  assert.equal(sent(bench.take({ kind: 'changed' })), [], 'once')
  bench.facts = { ...FRESH, ahead: { generation: 2, pos: 1 } }
  assert.equal(sent(bench.take({ kind: 'changed' })), ['open'])
  assert.equal(alarms(bench.take(opened(9))), ['log-withheld'], 'a generation that it denies')
})

test.run()
