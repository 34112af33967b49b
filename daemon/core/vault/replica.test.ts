import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { fromUtf8, utf8, type Bytes } from '../../../shared/bytes.js'
import { cryptoReady } from '../../../shared/crypto/hash.js'
import { CofferError } from '../../../shared/errors.js'
import type { Outcome } from './intake.js'
import { addDeviceEntry, reload, type TestDevice } from './testing/devices.js'
import { device } from './testing/pair.js'

await cryptoReady

const LIMIT = { entries: 100, bytes: 1 << 20 }

/** A log as an honest relay keeps it. */
class Log {
  readonly entries: Bytes[] = []

  append(bodies: readonly Bytes[]): void {
    this.entries.push(...bodies)
  }

  sync(device: TestDevice): Outcome {
    const { pos } = device.replica.cursor
    const outcome = device.replica.ingest(pos + 1, this.entries.slice(pos), 1)
    device.store.write(outcome.ops)
    return outcome
  }
}

function set(device: TestDevice, name: string, value: string | undefined): void {
  const bytes = value === undefined ? undefined : utf8(value)
  const { ops } = device.replica.write([{ space: 'secret', name, value: bytes }])
  device.store.write(ops)
}

function push(device: TestDevice, log: Log): void {
  for (;;) {
    const sealed = device.replica.sealNext(LIMIT)
    if (sealed === undefined) return
    device.store.write(sealed.ops)
    log.append(sealed.entries.map((entry) => entry.body))
  }
}

function get(device: TestDevice, name: string): string | undefined {
  const found = device.replica.get('secret', name)
  return found && fromUtf8(device.replica.value(found.winner))
}

function pair(now?: () => number): { a: TestDevice; b: TestDevice; log: Log } {
  const a = device('a', undefined, now)
  const log = new Log()
  log.append(a.replica.chainEntries(0))
  const b = device('b', a.replica, now)
  log.append([addDeviceEntry(a, b.identity)])
  log.sync(a)
  log.sync(b)
  return { a, b, log }
}

test('a draft is read at once and after a restart', () => {
  const a = device('a')
  set(a, 'db/password', 'hunter2')
  assert.is(get(a, 'db/password'), 'hunter2')
  a.replica = reload(a)
  assert.is(get(a, 'db/password'), 'hunter2')
  assert.is(a.replica.draftCount, 1)
})

test('a write reaches the other device, with its history, and survives restarts', () => {
  const { a, b, log } = pair()
  set(a, 'x', '1')
  set(a, 'x', '2')
  push(a, log)
  log.sync(a)
  assert.is(a.replica.outboxCount, 0)
  const outcome = log.sync(b)
  assert.equal(outcome.alarms, [])
  assert.is(get(b, 'x'), '2')
  assert.is(b.replica.history('secret', 'x').length, 2)
  for (const device of [a, b]) {
    device.replica = reload(device)
    assert.is(get(device, 'x'), '2')
    assert.is(device.replica.cursor.pos, log.entries.length)
  }
})

test('what was sealed but not met in the log stays in the outbox, byte for byte', () => {
  const { a, log } = pair()
  set(a, 'x', '1')
  push(a, log)
  const before = a.replica.outbox()
  a.replica = reload(a)
  assert.equal(a.replica.outbox(), before)
  assert.is(before.length, 1)
})

test('the same name written apart keeps both values, and one winner on both sides', () => {
  const { a, b, log } = pair()
  set(a, 'x', 'from a')
  set(b, 'x', 'from b')
  push(a, log)
  push(b, log)
  log.sync(a)
  log.sync(b)
  assert.is(get(a, 'x'), get(b, 'x'))
  for (const { replica } of [a, b]) assert.is(replica.current('secret', 'x')?.siblings.length, 2)
  set(a, 'x', 'merged')
  push(a, log)
  log.sync(b)
  assert.is(get(b, 'x'), 'merged')
  assert.not(b.replica.current('secret', 'x')?.conflict)
})

test('a put beats a concurrent delete, and is flagged', () => {
  const { a, b, log } = pair()
  set(a, 'x', '1')
  push(a, log)
  log.sync(a)
  log.sync(b)
  set(a, 'x', '2')
  set(b, 'x', undefined)
  push(a, log)
  push(b, log)
  log.sync(a)
  log.sync(b)
  assert.is(get(a, 'x'), '2')
  assert.is(get(b, 'x'), '2')
  assert.ok(b.replica.current('secret', 'x')?.conflict)
})

test('a transaction of many entries shows wholly or not at all, also over a restart', () => {
  const { a, b, log } = pair()
  const big = new Uint8Array(400 * 1024)
  const { ops } = a.replica.write(
    ['p', 'q', 'r'].map((name) => ({ space: 'secret', name, value: big })),
  )
  a.store.write(ops)
  const before = log.entries.length
  push(a, log)
  assert.ok(log.entries.length > before + 1)
  const rest = log.entries.splice(before + 1)
  log.sync(b)
  b.replica = reload(b)
  assert.is(b.replica.get('secret', 'p'), undefined)
  assert.equal(
    b.replica.waiting().map((one) => one.waits),
    ['items'],
  )
  log.append(rest)
  assert.equal(log.sync(b).alarms, [])
  assert.is(b.replica.get('secret', 'r')?.winner.size, big.length)
  assert.equal(b.replica.waiting(), [])
})

test('a gap in the log is refused, what is known is passed over', () => {
  const { a, b, log } = pair()
  set(a, 'x', '1')
  push(a, log)
  const { pos } = b.replica.cursor
  assert.throws(
    () => b.replica.ingest(pos + 2, log.entries.slice(pos + 1), 1),
    (error: unknown) => error instanceof CofferError && error.reason === 'gap',
  )
  b.store.write(b.replica.ingest(1, log.entries, 1).ops)
  assert.is(get(b, 'x'), '1')
})

test('a clock far ahead is flagged and superseded by the next write', () => {
  let now = 1_000_000
  const { a, b, log } = pair(() => now)
  now += 10 * 24 * 3600 * 1000
  set(b, 'x', 'future')
  now = 1_000_000
  push(b, log)
  log.sync(a)
  assert.ok(a.replica.get('secret', 'x')?.winner.ahead)
  set(a, 'x', 'now')
  push(a, log)
  log.sync(b)
  assert.is(get(b, 'x'), 'now')
  assert.is(a.replica.get('secret', 'x')?.winner.wall, 1_000_000)
})

test('signed heads agree on one log and tell two apart', () => {
  const { a, b, log } = pair()
  assert.equal(b.replica.checkHead(a.replica.signedHead()).alarms, [])
  assert.is(b.replica.confirmedAt, 1_000_000)
  set(a, 'x', '1')
  push(a, log)
  log.sync(a)
  set(b, 'y', '1')
  const other = new Log()
  other.append(log.entries.slice(0, 2))
  push(b, other)
  other.sync(b)
  assert.equal(
    b.replica.checkHead(a.replica.signedHead()).alarms.map((alarm) => alarm.reason),
    ['two-logs'],
  )
})

test('what other devices signed to have read survives a restart', () => {
  let now = 1_000_000
  const { a, b, log } = pair(() => now)
  const head = a.replica.signedHead()
  now += 5000
  b.store.write(b.replica.checkHead(head).ops)
  assert.is(reload(b).confirmedAt, 1_000_000)
  set(a, 'x', '1')
  push(a, log)
  log.sync(a)
  now += 5000
  const past = a.replica.signedHead()
  b.store.write(b.replica.checkHead(past).ops)
  const again = reload(b)
  assert.equal(again.ahead, { generation: 1, pos: 3 })
  assert.is(again.confirmedAt, 1_000_000, 'what is not here yet confirms nothing')
  b.replica = again
  log.sync(b)
  assert.is(b.replica.confirmedAt, 1_010_000)
  assert.is(reload(b).confirmedAt, 1_010_000)
  assert.is(reload(b).ahead, undefined)
})

test('attack 58: a head counts once, not after it came, and not from a clock that runs ahead', () => {
  let now = 1_000_000
  const { a, b } = pair(() => now)
  const honest = a.replica.signedHead()
  now += 1000
  const soon = a.replica.signedHead()
  now += 4000_000
  const late = a.replica.signedHead()
  now = 1_000_500
  b.replica.checkHead(honest)
  assert.is(b.replica.confirmedAt, 1_000_000)
  b.replica.checkHead(soon)
  assert.is(b.replica.confirmedAt, 1_000_500, 'its clock is half a second ahead')
  b.replica.checkHead(late)
  assert.is(b.replica.confirmedAt, 1_000_500, 'an hour ahead confirms nothing')
  assert.is(b.replica.latestClock, 5_001_000)
  now += 86_400_000
  for (const head of [honest, soon]) b.replica.checkHead(head)
  assert.is(b.replica.confirmedAt, 1_000_500, 'said again it is as old as it was')
})

test('a relay that lost its end gets it again', () => {
  const { a, b, log } = pair()
  set(a, 'x', '1')
  push(a, log)
  log.sync(a)
  log.sync(b)
  log.entries.pop()
  a.store.write(a.replica.rewind())
  a.store.write(a.replica.ingest(1, log.entries, 2).ops)
  const { ops, more } = a.replica.restoreLost()
  a.store.write(ops)
  assert.not(more)
  assert.is(a.replica.outboxCount, 1)
})

test.run()
