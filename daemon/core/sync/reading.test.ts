import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { fromUtf8 } from '../../../shared/bytes.js'
import { cryptoReady } from '../../../shared/crypto/hash.js'
import { phaseOf } from './status.js'
import { entry, Harness } from './testing/harness.js'

await cryptoReady

const names = (entries: readonly Uint8Array[]): string[] =>
  entries.map((body) => fromUtf8(body) ?? '')

test('a vault is opened at its cursor, and what is pushed is ingested in order', () => {
  const h = new Harness().at(3)
  h.on({ kind: 'connected' })
  assert.equal(h.sent('open'), [{ kind: 'open', after: { pos: 3, entryId: entry('e3').id } }])
  h.opened(6)
  assert.is(phaseOf(h.state), 'reading')
  h.push(4, 2, 6)
  assert.is(h.work, 'ingest')
  h.push(6, 1)
  assert.equal(h.effects, [])
  h.at(5).done()
  const { busy } = h.state
  assert.is(busy?.kind === 'ingest' && busy.from, 6)
  h.at(6).done()
  assert.is(phaseOf(h.state), 'live')
})

test('entries that are known are skipped, also halfway', () => {
  const h = Harness.live(5)
  h.push(4, 2)
  assert.equal(h.effects, [])
  h.push(4, 4)
  const { busy } = h.state
  assert.ok(busy?.kind === 'ingest')
  assert.is(busy.from, 6)
  assert.equal(names(busy.bodies), ['e6', 'e7'])
})

test('a gap starts the pushes again at the cursor; many in a row take their time', () => {
  const h = Harness.live(5)
  for (let i = 0; i < 2; i++) {
    h.push(7, 1)
    assert.is(h.sent('open')[0]?.after.pos, 5)
    // What was under way before the answer is not believed.
    h.push(6, 1)
    assert.equal(h.effects, [])
    h.opened(7)
  }
  h.push(7, 1)
  assert.is(h.sent('open').length, 0)
  h.wake()
  assert.is(h.sent('open').length, 1)
})

test('entries that the relay named and never pushes are asked for again', () => {
  const h = Harness.live(5)
  h.facts.outbox = [entry('a')]
  const tag = h.on({ kind: 'changed' }).sent('append')[0]?.tag ?? 0
  h.on({ kind: 'appended', tag, positions: [6], head: { pos: 6 } })
  h.wake()
  assert.is(h.now, 16_000)
  assert.is(h.sent('open')[0]?.after.pos, 5)
})

test('a raised generation: reported, read from the start, and what is missing goes out', () => {
  const h = new Harness().at(5)
  h.on({ kind: 'connected' }).opened(4, { generation: 2 })
  assert.equal(h.alarms, ['generation-raised'])
  assert.is(h.work, 'rewind')
  h.facts.cursor = { ...h.facts.cursor, pos: 0, entryId: undefined, generation: 0 }
  h.done()
  assert.equal(h.sent('open')[0]?.after, { pos: 0 })
  h.opened(4, { generation: 2 }).push(1, 4).at(4, 2).done()
  assert.is(h.work, 'restore')
  h.done({ outbox: [entry('e5')] })
  assert.equal(names(h.sent('append')[0]?.entries ?? []), ['e5'])
})

test('a log that lost its end, or diverged, is an alarm and read from the start', () => {
  const shorter = new Harness().at(5)
  shorter.on({ kind: 'connected' }).opened(3)
  assert.equal(shorter.alarms, ['log-regression'])
  assert.is(shorter.work, 'rewind')
  const other = new Harness().at(5)
  const [open] = other.on({ kind: 'connected' }).sent('open')
  other.refuse(open!, 'diverged')
  assert.equal(other.alarms, ['log-regression'])
  assert.is(other.work, 'rewind')
  // A relay that never shows the same log twice is asked less and less often.
  other.done()
  other.refuse(other.sent('open')[0]!, 'diverged').done()
  assert.is(other.sent('open').length, 0)
  assert.ok(other.state.openAt > other.now)
})

test.run()
