import fc from 'fast-check'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { cryptoReady } from '../../../shared/crypto/hash.js'
import { LIMITS } from '../../../shared/limits.js'
import { nextWake } from './machine.js'
import { entry, Harness } from './testing/harness.js'

await cryptoReady

// Any order of events, also such as no honest relay sends: the machine keeps its promises to the replica.

type Move = (h: Harness) => void

const small = fc.integer({ min: 0, max: 12 })

const moves: fc.Arbitrary<Move> = fc.oneof(
  fc.constant<Move>((h) => h.on({ kind: 'connected' })),
  fc.constant<Move>((h) => h.on({ kind: 'disconnected' })),
  fc.constant<Move>((h) => h.on({ kind: 'tick' })),
  fc.constant<Move>((h) => h.on({ kind: 'retry' })),
  small.map(
    (id): Move =>
      (h) =>
        h.on({ kind: 'barrier', id }),
  ),
  small.map(
    (pos): Move =>
      (h) =>
        h.opened(pos, { generation: pos % 3, links: pos % 4 }),
  ),
  fc.tuple(small, small).map(
    ([from, n]): Move =>
      (h) =>
        h.push(from + 1, n + 1),
  ),
  fc.tuple(small, small).map(
    ([tag, pos]): Move =>
      (h) =>
        h.on({ kind: 'appended', tag, positions: [pos, pos + 1], head: { pos: pos + 1 } }),
  ),
  fc
    .constantFrom('busy', 'bad-seq', 'diverged', 'chain-moved', 'quota', 'no-vault')
    .chain((reason) =>
      small.map((tag): Move => (h) => {
        const base = { pos: 0 }
        const open = { kind: 'open', after: base } as const
        const append = { kind: 'append', tag, base, entries: [] } as const
        h.refuse(tag % 2 === 0 ? open : append, reason)
      }),
    ),
  small.map((n): Move => (h) => {
    h.facts.drafts = n
    h.on({ kind: 'changed' })
  }),
  fc.tuple(small, small).map(([pos, left]): Move => (h) => {
    const { busy } = h.state
    if (busy === undefined) return
    if (busy.kind === 'ingest') h.at(busy.from + busy.bodies.length - 1, pos % 3)
    if (busy.kind === 'rewind') h.facts.cursor = { ...h.facts.cursor, pos: 0, entryId: undefined }
    const outbox = Array.from({ length: left }, (_, i) => entry(`o${i}`))
    h.done(busy.kind === 'seal' ? { drafts: 0, outbox } : {}, { answer: [entry('link').body] })
  }),
  fc.constant<Move>((h) => {
    const work = h.state.busy
    if (work !== undefined) h.on({ kind: 'portFailed', work, code: 'storage', reason: 'full' })
  }),
  fc.integer({ min: 1, max: 100_000 }).map((ms): Move => (h) => {
    h.now += ms
    h.on({ kind: 'tick' })
  }),
)

function checkEffects(h: Harness, before: Harness['state']): void {
  const works = h.effects.flatMap((one) => (one.kind === 'port' ? [one.work] : []))
  assert.ok(works.length <= 1, 'one piece of work at a time')
  const [work] = works
  if (work !== undefined) {
    assert.is(h.state.busy, work)
    if (work.kind === 'ingest') assert.is(work.from, h.facts.cursor.pos + 1, 'contiguous')
    if (work.kind === 'seal') assert.ok(h.state.live && !h.state.restore, 'sealed when caught up')
  }
  for (const effect of h.effects) {
    if (effect.kind !== 'send') continue
    assert.ok(h.state.connected, 'nothing is sent without a connection')
    if (effect.request.kind !== 'append') continue
    const size = effect.request.entries.reduce((sum, body) => sum + body.length, 0)
    assert.ok(size < LIMITS.frame && effect.request.entries.length <= 1000)
    assert.is(effect.request.base.pos, h.facts.cursor.pos)
  }
  assert.ok(h.state.inFlight.length <= 4 && h.state.queued >= 0)
  const wake = nextWake(h.state, h.now)
  assert.ok(wake === undefined || wake > h.now, 'a wake lies ahead')
  if (before.connected && !h.state.connected) assert.is(h.state.inFlight.length, 0)
}

test('whatever happens in whatever order, the replica is asked for one contiguous thing at a time', () => {
  fc.assert(
    fc.property(fc.array(moves, { maxLength: 60 }), (run) => {
      const h = new Harness()
      for (const move of run) {
        const before = h.state
        h.effects = []
        move(h)
        if (h.state !== before) checkEffects(h, before)
      }
    }),
    { numRuns: 1500 },
  )
})

test.run()
