import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { utf8, type Bytes } from '../../../shared/bytes.js'
import { cryptoReady } from '../../../shared/crypto/hash.js'
import { idOf, type ChangesetHash } from '../../../shared/ids.js'
import { signedHeader, type DeviceHead, type Header } from '../../../shared/log/changeset.js'
import { decodeEntry, encodeEntry } from '../../../shared/log/entry.js'
import { Clock, MAX_COUNTER } from './clock.js'
import { addDeviceEntry, testIdentity } from './testing/devices.js'
import { changeset, device, forge, pair, reasons, take, write } from './testing/pair.js'

// What a relay, or a member, can put into a log that an honest one never would.

await cryptoReady

const hashOf = (body: Bytes): ChangesetHash => signedHeader.id(changeset(body).signed)

test('a forged twin does not take the true changeset down with it', () => {
  const { a, b, log } = pair()
  const first = write(a, 'big', new Uint8Array(400 * 1024))
  const entries = [...first, ...write(a, 'x')]
  const [body = new Uint8Array()] = first
  const { signed, items } = changeset(body)
  const twin = encodeEntry({
    kind: 'changeset',
    body: {
      signed: { body: signed.body, signature: new Uint8Array(64) },
      items: items.slice(0, 0),
    },
  })
  const outcome = take(b, [...log, twin, ...entries])
  assert.equal(reasons(outcome), ['bad-signature'])
  assert.is(b.replica.get('secret', 'big')?.winner.size, 400 * 1024)
  assert.ok(b.replica.get('secret', 'x'))
  assert.equal(b.replica.waiting(), [])
})

test("a device does not continue another's history as its own", () => {
  const { a, b, log } = pair()
  const first = write(a, 'x')
  take(b, [...log, ...first])
  const [own = new Uint8Array()] = write(b, 'y')
  const borrowed = forge(b, own, (header) => ({
    ...header,
    seq: 2,
    prev: hashOf(first[0]!),
    deps: [],
  }))
  const outcome = take(a, [...log, ...first, borrowed])
  assert.equal(reasons(outcome), ['bad-seq'])
  assert.is(a.replica.get('secret', 'y'), undefined)
})

test('a dependency is the changeset that it names, and its links are known to whoever builds on it', () => {
  const check = (change: (dep: DeviceHead) => Partial<Header>): string[] => {
    const { a, b, log } = pair()
    const [x = new Uint8Array()] = write(a, 'x')
    take(b, [...log, x])
    const [y = new Uint8Array()] = write(b, 'y')
    const dep = { device: a.identity.device, seq: 1, hash: hashOf(x) }
    return reasons(take(a, [...log, x, forge(b, y, (header) => ({ ...header, ...change(dep) }))]))
  }
  assert.equal(
    check((dep) => ({ deps: [dep] })),
    [],
  )
  assert.equal(
    check((dep) => ({ deps: [{ ...dep, seq: 2 }] })),
    ['bad-deps'],
  )
  assert.equal(
    check((dep) => ({ deps: [{ ...dep, device: testIdentity('c').device }] })),
    ['bad-deps'],
  )
  // Written under the newest link, which the author of what builds on it says not to know.
  const { a, b, log } = pair()
  const more = [...log, addDeviceEntry(a, testIdentity('c'))]
  take(a, more)
  const [x = new Uint8Array()] = write(a, 'x')
  take(b, [...more, x])
  const [y = new Uint8Array()] = write(b, 'y')
  const memberHead = { n: 1, hash: b.replica.membership!.hashes[1]! }
  const behind = forge(b, y, (header) => ({ ...header, memberHead }))
  assert.equal(reasons(take(a, [...more, x, behind])), ['member-head-back'])
})

test('a changeset of an epoch that never was does not wait for its key', () => {
  const { a, b, log } = pair()
  const [own = new Uint8Array()] = write(b, 'y')
  const outcome = take(a, [...log, forge(b, own, (header) => ({ ...header, epoch: 2 }))])
  assert.equal(reasons(outcome), ['wrong-epoch'])
  assert.equal(a.replica.waiting(), [])
})

test('what a relay makes up to wait for ever has a cap', () => {
  const { a, b, log } = pair()
  const [own = new Uint8Array()] = write(b, 'y', new Uint8Array(512 * 1024))
  const memberHead = { n: 99, hash: b.replica.membership!.hashes[1]! }
  const entries = Array.from({ length: 132 }, (_, i) =>
    forge(b, own, (header) => ({ ...header, memberHead, seq: i + 2, prev: hashOf(own) })),
  )
  const alarms = reasons(take(a, [...log, ...entries]))
  assert.equal([...new Set(alarms)], ['unknown-link'])
  const held = a.replica.waiting().length
  assert.is(held, 132 - alarms.length)
  assert.ok(held <= 16, `${held}`)
})

test('a true link with a false table of wraps does not keep the true pair out', () => {
  const { a, log } = pair()
  const joiner = device('b', a.replica)
  const [genesis = new Uint8Array(), add = new Uint8Array()] = log
  const entry = decodeEntry(add)
  if (entry.kind !== 'link') throw new TypeError('no link')
  const false1 = encodeEntry({ kind: 'link', body: { signed: entry.body.signed } })
  const table = (entry.body.wraps ?? new Uint8Array()).map((byte, i) =>
    i === 60 ? byte ^ 1 : byte,
  )
  const false2 = encodeEntry({ kind: 'link', body: { signed: entry.body.signed, wraps: table } })
  const outcome = take(joiner, [genesis, false1, false2, add])
  assert.equal(reasons(outcome), ['bad-wraps', 'bad-wraps'])
  assert.is(joiner.replica.chain.current().epoch, 1)
})

test("heads that wait are compared where they stand, not against what isn't on disk yet", () => {
  const { a, b, log } = pair()
  const one = write(a, 'x')
  take(a, [...log, ...one])
  assert.equal(b.replica.checkHead(a.replica.signedHead()).alarms, [])
  const more = [...one, ...write(a, 'y'), ...write(a, 'z')]
  assert.equal(reasons(take(b, [...log, ...more])), [])
  const other = device('b', a.replica)
  take(other, log)
  assert.equal(other.replica.checkHead(a.replica.signedHead()).alarms, [])
  const outcome = take(other, [...log, ...more.slice(1), ...one])
  assert.ok(reasons(outcome).includes('two-logs'))
})

test('a clock at the end of its counter goes on', () => {
  const clock = new Clock()
  clock.observe({ wall: 1000, counter: MAX_COUNTER }, 900)
  assert.equal(clock.tick(900), { wall: 1001, counter: 0 })
  assert.equal(clock.tick(900), { wall: 1001, counter: 1 })
  assert.equal(clock.tick(2000), { wall: 2000, counter: 0 })
})

test('items without a changeset, or beyond it, change nothing', () => {
  const { a, b, log } = pair()
  const [own = new Uint8Array()] = write(b, 'y')
  const { items } = changeset(own)
  const stray = encodeEntry({
    kind: 'items',
    body: { changeset: idOf<ChangesetHash>(new Uint8Array(32)), first: 0, items },
  })
  const outcome = take(a, [...log, stray, utf8('junk'), own])
  assert.equal(reasons(outcome), ['bad-item', 'malformed'])
  assert.ok(a.replica.get('secret', 'y'))
})

test.run()
