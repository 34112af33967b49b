import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { fromUtf8 } from '../../../shared/bytes.js'
import { cryptoReady } from '../../../shared/crypto/hash.js'
import { LIMITS } from '../../../shared/limits.js'
import { phaseOf } from './status.js'
import { entry, Harness } from './testing/harness.js'

await cryptoReady

const names = (entries: readonly Uint8Array[]): string[] =>
  entries.map((body) => fromUtf8(body) ?? '')

test('many entries go in few frames, at most a window of them', () => {
  const h = Harness.live()
  h.facts.outbox = Array.from({ length: 6000 }, (_, i) => entry(`n${i}`))
  h.on({ kind: 'changed' })
  assert.equal(
    h.sent('append').map(({ entries }) => entries.length),
    [1000, 1000, 1000, 1000],
  )
  const big = Harness.live()
  big.facts.outbox = ['a', 'b', 'c'].map((name) => entry(name, LIMITS.entry))
  big.facts.outbox = [...big.facts.outbox, ...['d', 'e'].map((name) => entry(name, 400_000))]
  big.on({ kind: 'changed' })
  assert.equal(
    big.sent('append').map(({ entries }) => entries.length),
    [1, 1, 1, 2],
  )
})

test('nothing leaves the outbox by an acknowledgement, and nothing is sent twice meanwhile', () => {
  const h = Harness.live(5)
  h.facts.outbox = [entry('a')]
  h.on({ kind: 'changed' })
  const tag = h.sent('append')[0]?.tag ?? 0
  h.on({ kind: 'appended', tag, positions: [6], head: { pos: 6 } })
  h.on({ kind: 'changed' })
  assert.is(h.sent('append').length, 0)
  assert.is(h.state.claims.size, 1)
  h.push(6, 1).at(6).done({ outbox: [] })
  assert.is(h.state.claims.size, 0)
  assert.equal(h.alarms, [])
})

test('what was in flight when the connection ended is sent again, byte for byte and in order', () => {
  const h = Harness.live(5)
  h.facts.outbox = [entry('a'), entry('b')]
  const first = h.on({ kind: 'changed' }).sent('append')
  h.on({ kind: 'disconnected' })
  assert.is(phaseOf(h.state), 'waiting')
  h.on({ kind: 'connected' }).opened(5)
  assert.equal(h.sent('append')[0]?.entries, first[0]?.entries)
})

test('a refusal that passes: all that followed waits as well, then goes again in order', () => {
  const h = Harness.live(5)
  h.facts.outbox = ['a', 'b'].map((name) => entry(name, LIMITS.entry))
  const [one, two] = h.on({ kind: 'changed' }).sent('append')
  assert.ok(one && two)
  h.refuse(one, 'busy', 4000)
  // Of course: the one before it is missing.
  h.refuse(two, 'bad-seq')
  assert.equal(h.alarms, [])
  assert.is(h.state.sendAt, h.now + 4000)
  assert.is(h.sent('append').length, 0)
  h.now += 4000
  h.on({ kind: 'tick' })
  assert.equal(
    h.sent('append').map(({ entries }) => entries[0]?.[0]),
    ['a', 'b'].map((name) => name.charCodeAt(0)),
  )
})

test('an acknowledged entry that is not at its place is an alarm, and is sent again', () => {
  const h = Harness.live(5)
  h.facts.outbox = [entry('a')]
  const tag = h.on({ kind: 'changed' }).sent('append')[0]?.tag ?? 0
  h.on({ kind: 'appended', tag, positions: [6], head: { pos: 6 } })
  h.push(6, 1).at(6).done()
  assert.equal(h.alarms, ['false-acknowledgement'])
  assert.is(h.sent('append').length, 0)
  h.wake()
  assert.equal(names(h.sent('append')[0]?.entries ?? []), ['a'])
})

test('an acknowledged entry past the end of the log is an alarm, and is sent again', () => {
  const h = Harness.live(5)
  h.facts.outbox = [entry('a')]
  const tag = h.on({ kind: 'changed' }).sent('append')[0]?.tag ?? 0
  h.on({ kind: 'appended', tag, positions: [6], head: { pos: 6 } })
  h.on({ kind: 'disconnected' }).on({ kind: 'connected' }).opened(5)
  assert.equal(h.alarms, ['false-acknowledgement'])
  assert.equal(names(h.sent('append')[0]?.entries ?? []), ['a'])
})

test('an entry said to be where others were read is looked up before it is called a lie', () => {
  const h = Harness.live(5)
  h.facts.outbox = [entry('a'), entry('b')]
  const tag = h.on({ kind: 'changed' }).sent('append')[0]?.tag ?? 0
  h.on({ kind: 'appended', tag, positions: [3, 4], head: { pos: 5 } })
  assert.is(h.work, 'confirm')
  h.done({ outbox: [entry('b')] })
  assert.equal(h.alarms, ['false-acknowledgement'])
  h.wake()
  const again = h.sent('append')[0]?.tag ?? 0
  h.on({ kind: 'appended', tag: again, positions: [4], head: { pos: 5 } }).done()
  // Twice: the log that was read isn't the one that the relay stands by.
  assert.is(h.work, 'rewind')
})

test('a relay that judges by another log: looked at again, then read from the start', () => {
  const h = Harness.live(5)
  h.facts.outbox = [entry('a')]
  h.refuse(h.on({ kind: 'changed' }).sent('append')[0]!, 'bad-seq')
  assert.is(h.sent('open').length, 1)
  // What the log has in the place of an entry leaves the outbox here.
  assert.is(h.opened(5).work, 'restore')
  h.done().wake()
  assert.equal(h.alarms, [])
  h.refuse(h.sent('append')[0]!, 'bad-seq')
  assert.equal(h.alarms, ['log-regression'])
  assert.is(h.work, 'rewind')
})

test('a vault that the relay does not know is made there, link by link, then opened', () => {
  const h = new Harness()
  h.facts.links = 3
  h.facts.drafts = 1
  h.refuse(h.on({ kind: 'connected' }).sent('open')[0]!, 'no-vault')
  assert.is(phaseOf(h.state), 'uploading')
  assert.is(h.work, 'links')
  const links = ['g', 'l1', 'l2'].map((name) => entry(name, 600_000).body)
  h.done({}, { answer: links })
  // As many as fit a frame; the rest when it is open.
  assert.is(h.sent('create')[0]?.links.length, 1)
  h.on({ kind: 'created', existed: false })
  h.opened(1, { links: 1 }).push(1, 1).at(1).done()
  assert.is(h.work, 'links')
  h.done({}, { answer: links.slice(1) })
  assert.is(h.sent('append')[0]?.entries.length, 1)
  h.on({ kind: 'appended', tag: h.sent('append')[0]!.tag, positions: [2], head: { pos: 2 } })
  assert.is(h.work, 'links')
  h.done({}, { answer: links.slice(2) })
  h.on({ kind: 'appended', tag: h.sent('append')[0]!.tag, positions: [3], head: { pos: 3 } })
  // Whether it has them is asked, not believed, before a draft builds on them.
  assert.is(h.sent('open').length, 1)
  h.opened(3, { links: 3 }).push(2, 2).at(3).done()
  assert.is(h.work, 'restore')
  assert.is(h.done().work, 'seal')
})

test('links that were acknowledged and are not there are an alarm', () => {
  const h = new Harness().at(1)
  h.facts.links = 2
  h.on({ kind: 'connected' }).opened(1, { links: 1 })
  h.done({}, { answer: [entry('l1').body] })
  h.on({ kind: 'appended', tag: h.sent('append')[0]!.tag, positions: [2], head: { pos: 2 } })
  h.opened(1, { links: 1 })
  assert.equal(h.alarms, ['false-acknowledgement'])
  assert.is(h.state.busy, undefined)
  h.wake()
  assert.is(h.work, 'links')
})

test('another chain at the relay is a fork after a few tries', () => {
  const h = Harness.live(5)
  h.facts.outbox = [entry('a')]
  h.on({ kind: 'changed' })
  for (let i = 0; i < 3; i++) {
    h.refuse(h.sent('append')[0]!, 'chain-moved')
    assert.equal(h.alarms, i < 2 ? [] : ['fork'])
    h.now = h.state.sendAt
    h.on({ kind: 'tick' })
  }
})

test.run()
