import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { fromUtf8 } from '../../../shared/bytes.js'
import { cryptoReady } from '../../../shared/crypto/hash.js'
import { backoff, RETRY } from './backoff.js'
import { phaseOf, problemOf } from './status.js'
import { entry, Harness } from './testing/harness.js'

await cryptoReady

const names = (entries: readonly Uint8Array[]): string[] =>
  entries.map((body) => fromUtf8(body) ?? '')

test('drafts are sealed when the log is read to its end, never before', () => {
  const h = new Harness().at(1)
  h.facts.drafts = 2
  h.on({ kind: 'connected' }).opened(3)
  assert.is(h.state.busy, undefined)
  h.push(2, 2)
  assert.is(h.state.busy?.kind, 'ingest')
  h.at(3).done()
  assert.is(h.work, 'restore')
  h.done()
  assert.is(h.work, 'seal')
  h.done({ drafts: 0, outbox: [entry('a'), entry('b')] })
  assert.equal(names(h.sent('append')[0]?.entries ?? []), ['a', 'b'])
  assert.is(h.sent('append')[0]?.base.pos, 3)
})

test('own writes and those of others take turns', () => {
  const h = Harness.live(5)
  h.facts.drafts = 1
  h.push(6, 1)
  h.push(7, 1)
  const turns = [h.state.busy?.kind]
  h.at(6).done()
  turns.push(h.state.busy?.kind)
  h.done({ drafts: 1 })
  turns.push(h.state.busy?.kind)
  assert.equal(turns, ['ingest', 'seal', 'ingest'])
})

test('a stranger to the vault is told so, and asks again rarely', () => {
  const h = new Harness()
  h.on({ kind: 'barrier', id: 1 }).on({ kind: 'connected' })
  h.refuse(h.sent('open')[0]!, 'no-vault').done({}, { answer: [entry('g').body] })
  h.refuse(h.sent('create')[0]!, 'no-vault')
  assert.is(phaseOf(h.state), 'blocked')
  assert.is(problemOf(h.state)?.reason, 'no-vault')
  assert.equal(h.effects.at(-1)?.kind, 'barrier')
  assert.ok(h.state.openAt > h.now)
})

test('a barrier waits for drafts, for their meeting in the log, and for a head asked after it', () => {
  const h = Harness.live(5)
  h.facts.drafts = 1
  h.on({ kind: 'barrier', id: 7 })
  assert.is(h.work, 'seal')
  h.done({ drafts: 0, outbox: [entry('a')] })
  const tag = h.sent('append')[0]!.tag
  // Somebody else's entry came first: the head after the append is 7.
  h.on({ kind: 'appended', tag, positions: [7], head: { pos: 7 } })
  h.push(6, 1, 7).at(6).done()
  assert.not(h.effects.some((effect) => effect.kind === 'barrier'))
  h.push(7, 1).at(7).done({ outbox: [] })
  assert.equal(
    h.effects.find((effect) => effect.kind === 'barrier'),
    { kind: 'barrier', id: 7, problem: undefined },
  )
})

test('writes that go on after a barrier was asked do not hold it up', () => {
  const h = Harness.live(5)
  Object.assign(h.facts, { drafts: 1, draftSpan: { first: 1, last: 1 } })
  h.on({ kind: 'barrier', id: 7 })
  // While the first draft is sealed a second one is written, and so on.
  h.done({ drafts: 1, draftSpan: { first: 2, last: 2 }, outbox: [entry('a')] })
  const tag = h.sent('append')[0]!.tag
  h.on({ kind: 'appended', tag, positions: [6], head: { pos: 6 } })
  h.done({ draftSpan: { first: 3, last: 3 }, outbox: [entry('a'), entry('b')] })
  assert.not(h.effects.some((effect) => effect.kind === 'barrier'))
  h.push(6, 1)
  while (h.state.busy?.kind === 'seal') h.done()
  assert.is(h.state.busy?.kind, 'ingest')
  h.at(6).done({ outbox: [entry('b')] })
  assert.ok(h.effects.some((effect) => effect.kind === 'barrier'))
})

test('a barrier with nothing queued asks for the head, and reads up to it', () => {
  const h = Harness.live(5)
  h.on({ kind: 'barrier', id: 1 })
  assert.is(h.sent('open').length, 1)
  h.opened(6)
  assert.not(h.effects.some((effect) => effect.kind === 'barrier'))
  h.push(6, 1).at(6).done()
  assert.ok(h.effects.some((effect) => effect.kind === 'barrier'))
})

test('a barrier ends with what waiting will not mend, and may be forgotten', () => {
  const h = Harness.live(5)
  h.facts.outbox = [entry('a')]
  h.on({ kind: 'barrier', id: 1 })
  const [append] = h.sent('append')
  h.on({ kind: 'refused', request: append!, code: 'limit', reason: 'quota' })
  const end = h.effects.find((effect) => effect.kind === 'barrier')
  assert.is(end?.kind === 'barrier' && end.problem?.reason, 'quota')
  h.on({ kind: 'barrier', id: 2 }).on({ kind: 'forget', id: 2 })
  assert.equal(h.state.barriers, [])
})

test('a disk that fails: nothing is taken, barriers hear of it, and it goes on when it works', () => {
  const h = Harness.live(5)
  h.on({ kind: 'barrier', id: 1 }).opened(6).push(6, 1)
  const work = h.state.busy
  h.on({ kind: 'portFailed', work: work!, code: 'storage', reason: 'full' })
  assert.is(problemOf(h.state)?.code, 'storage')
  assert.ok(h.effects.some((effect) => effect.kind === 'barrier' && effect.problem))
  h.wake()
  assert.is(h.sent('open')[0]?.after.pos, 5)
  h.opened(6).push(6, 1).at(6).done()
  assert.is(phaseOf(h.state), 'live')
  assert.is(problemOf(h.state), undefined)
})

test('signed heads: put after a sync, not too often; others are checked', () => {
  const h = new Harness().at(5)
  h.on({ kind: 'connected' }).opened(5).done()
  assert.is(h.work, 'signHead')
  assert.is(h.done({}, { answer: [entry('head').body] }).sent('putHead').length, 1)
  h.push(6, 1)
    .at(6)
    .done({ cursor: { ...h.facts.cursor, logHash: 'ff' as typeof h.facts.cursor.logHash } })
  assert.is(h.state.busy, undefined)
  h.wake()
  assert.is(h.work, 'signHead')
  h.done()
  h.on({ kind: 'head', head: entry('other').body })
  assert.is(h.work, 'checkHead')
  h.done({}, { alarms: ['two-logs'] })
  assert.is(h.work, 'rewind')
  // Once for a connection: a device that is behind says the same until it has caught up.
  h.done().opened(6).done()
  h.on({ kind: 'head', head: entry('other').body }).rest()
  h.on({ kind: 'head', head: entry('other').body }).done({}, { alarms: ['two-logs'] })
  assert.is.not(h.work, 'rewind')
})

test('backoff doubles from a second to a minute, never below half of that', () => {
  for (let failures = 1; failures < 100; failures++) {
    const full = Math.min(60_000, 1000 * 2 ** (failures - 1))
    assert.is(backoff(RETRY, failures, 0), Math.ceil(full / 2))
    assert.ok(backoff(RETRY, failures, 0.999999) <= full)
  }
})

test.run()
