import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { utf8 } from '../../../shared/bytes.js'
import { idOf, type LinkHash } from '../../../shared/ids.js'
import { partsOf } from './based.js'
import type { BasePiece, BaseWants } from './port.js'
import { phaseOf } from './status.js'
import { Harness, NO_LOG } from './testing/harness.js'

const ROWS: BaseWants = { upto: 40, part: 'rows', after: 0 }
const piece = (wanted: BaseWants): BasePiece => ({
  wanted,
  rows: new Uint8Array(0),
  entries: [],
  more: false,
})
const memberHead = { length: 3, hash: idOf<LinkHash>(new Uint8Array(32)) }
const opened = { kind: 'opened' as const, generation: 1, floor: 0, memberHead }
const AT_40 = { cursor: { pos: 40, logHash: NO_LOG, generation: 0 }, fresh: false, base: ROWS }

/** A machine of a device that has nothing, connected. */
function fresh(): Harness {
  const h = new Harness()
  h.facts.links = 0
  h.facts.fresh = true
  return h.on({ kind: 'connected' })
}

test('a device that has nothing reads the chain, then goes on from the newest snapshot', () => {
  const h = fresh()
  assert.equal(h.sent('chain'), [{ kind: 'chain', from: 0 }])
  h.on({ kind: 'chain', from: 0, links: [utf8('g'), utf8('l')], length: 3 })
  assert.is(h.work, 'takeChain')
  h.done({ links: 2 })
  assert.equal(h.sent('chain'), [{ kind: 'chain', from: 2 }])
  h.on({ kind: 'chain', from: 2, links: [utf8('m')], length: 3 })
  h.done({ links: 3 })
  assert.is(h.sent('newest').length, 1)
  h.on({ kind: 'newest', snapshots: [utf8('s')] })
  assert.is(h.work, 'adopt')
  h.done(AT_40)
  assert.equal(h.sent('open')[0]?.after.pos, 40)
  h.on({ ...opened, head: { pos: 40 } })
  assert.equal(h.sent('snapshotPart'), [{ kind: 'snapshotPart', wanted: ROWS }])
  assert.is(phaseOf(h.state), 'reading')
  h.on({ kind: 'piece', piece: piece(ROWS) })
  assert.is(h.work, 'takePiece')
  h.done({ base: undefined })
  assert.is(phaseOf(h.state), 'live')
  assert.equal(h.alarms, [])
})

test('without a snapshot it reads the log from its start', () => {
  const h = fresh()
  h.on({ kind: 'chain', from: 0, links: [], length: 0 })
  h.on({ kind: 'newest', snapshots: [] })
  assert.equal(h.sent('open')[0]?.after.pos, 0)
})

test('links that come by another way while it asks for the chain hold nothing up', () => {
  const h = fresh()
  h.facts.links = 2
  h.on({ kind: 'changed' })
  h.on({ kind: 'chain', from: 0, links: [utf8('g'), utf8('l')], length: 2 })
  assert.is(h.sent('newest').length, 1)
  h.on({ kind: 'newest', snapshots: [] })
  assert.equal(h.sent('open')[0]?.after.pos, 0)
})

test('one that does not count changes nothing', () => {
  const h = fresh()
  h.on({ kind: 'chain', from: 0, links: [], length: 0 })
  h.on({ kind: 'newest', snapshots: [utf8('s')] })
  h.done()
  assert.equal(h.sent('open')[0]?.after.pos, 0)
})

test('a device behind what the relay has pruned asks for chain and snapshot, and keeps what it has', () => {
  const h = new Harness()
  h.facts.cursor = { pos: 7, logHash: NO_LOG, generation: 1 }
  h.on({ kind: 'connected' })
  const request = { kind: 'open' as const, after: { pos: 7 } }
  h.on({ kind: 'refused', request, code: 'relay-refused', reason: 'stale-base' })
  assert.equal(h.sent('chain'), [{ kind: 'chain', from: 1 }])
  h.on({ kind: 'chain', from: 1, links: [], length: 1 })
  h.on({ kind: 'newest', snapshots: [utf8('s')] })
  assert.is(h.work, 'adopt')
  h.done(AT_40)
  assert.equal(h.sent('open')[0]?.after.pos, 40)
  assert.equal(h.alarms, [])
})

test('a relay that prunes and has no snapshot to show is a problem, asked again more and more rarely', () => {
  const h = new Harness()
  h.facts.cursor = { pos: 7, logHash: NO_LOG, generation: 1 }
  h.on({ kind: 'connected' })
  const request = { kind: 'open' as const, after: { pos: 7 } }
  h.on({ kind: 'refused', request, code: 'relay-refused', reason: 'stale-base' })
  h.on({ kind: 'chain', from: 1, links: [], length: 1 })
  h.on({ kind: 'newest', snapshots: [] })
  assert.is(h.state.openProblem?.reason, 'no-snapshot')
  assert.equal(h.sent('open'), [])
  assert.ok(h.state.openAt > h.now)
})

test('a snapshot that is replaced while it is read gives way to the newer one', () => {
  const h = new Harness()
  Object.assign(h.facts, AT_40)
  h.on({ kind: 'connected' }).on({ ...opened, head: { pos: 40 } })
  const [request] = h.sent('snapshotPart')
  assert.ok(request)
  if (request === undefined) return
  h.on({ kind: 'refused', request, code: 'relay-refused', reason: 'no-snapshot' })
  h.wake()
  h.on({ kind: 'chain', from: 1, links: [], length: 1 })
  assert.is(h.sent('newest').length, 1)
  h.on({ kind: 'newest', snapshots: [utf8('s')] })
  assert.is(h.work, 'adopt')
})

test('a large piece is taken part by part, each from where the one before it ended', () => {
  const places = Array.from({ length: 300 }, (_, i) => ({ pos: 2 * i + 11, body: utf8(`${i}`) }))
  const wanted: BaseWants = { upto: 900, part: 'entries', after: 10 }
  for (const more of [true, false]) {
    const parts = [...partsOf({ ...piece(wanted), entries: places, more })]
    assert.equal(
      parts.flatMap(({ entries }) => entries),
      places,
    )
    assert.ok(parts.length > 2)
    let after = 10
    for (const part of parts) {
      assert.equal(part.wanted, { ...wanted, after })
      after = part.entries.at(-1)?.pos ?? -1
    }
    assert.equal(
      parts.map((part) => part.more),
      parts.map((_, i) => more || i < parts.length - 1),
    )
  }
  // One without entries is taken, too: it may be the last, or rows.
  assert.equal([...partsOf(piece(ROWS))], [piece(ROWS)])
})

test.run()
