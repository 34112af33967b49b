import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { Bytes } from '../../../shared/bytes.js'
import { decode, encode } from '../../../shared/codec.js'
import { cryptoReady } from '../../../shared/crypto/hash.js'
import { CofferError } from '../../../shared/errors.js'
import { idOf, type LinkHash, type VaultId } from '../../../shared/ids.js'
import { LIMITS } from '../../../shared/limits.js'
import { signedHeader } from '../../../shared/log/changeset.js'
import { decodeEntry, encodeEntry, entryIdOf } from '../../../shared/log/entry.js'
import { signedHead, type Head } from '../../../shared/log/head.js'
import { signedLink } from '../../../shared/log/link.js'
import { signedCodec } from '../../../shared/log/signed.js'
import { reload, testIdentity, type TestDevice } from './testing/devices.js'
import { changeset, device, forge, pair, reasons, take, write } from './testing/pair.js'

// A relay that would fill a device's memory and disk, hide its lies, or make it blame the wrong one.

await cryptoReady

test('changesets of nobody, under links that never come, fill neither memory nor disk', () => {
  const { a, b, log } = pair()
  const nobody = { ...b, identity: testIdentity('nobody', 'nobody') }
  const [model = new Uint8Array()] = write(b, 'model', new Uint8Array(200 * 1024))
  const future = { n: 1000, hash: idOf<LinkHash>(new Uint8Array(32)) }
  const junk = Array.from({ length: 100 }, (_, i) =>
    forge(nobody, model, (header) => ({
      ...header,
      device: nobody.identity.device,
      memberHead: future,
      seq: i + 1,
      ...(i === 0 ? {} : { prev: signedHeader.id(changeset(model).signed) }),
    })),
  )
  const outcome = take(a, [...log, ...junk, model])
  assert.is(a.replica.waiting().length, LIMITS.pendingStrange)
  assert.is(
    reasons(outcome).filter((one) => one === 'unknown-link').length,
    100 - LIMITS.pendingStrange,
  )
  assert.ok(a.replica.get('secret', 'model'), 'what is true counts all the same')
  const stored = a.store.dump().reduce((sum, line) => sum + line.length / 2, 0)
  assert.ok(stored < 2 * LIMITS.pendingStrange * 256 * 1024, `${stored} bytes on disk`)
})

test('a changeset that names its author falsely is refused although its link is not here yet', () => {
  const { a, b, log } = pair()
  const [model = new Uint8Array()] = write(b, 'model')
  const nobody = { ...b, identity: testIdentity('nobody', 'nobody') }
  const memberHead = { n: 1000, hash: idOf<LinkHash>(new Uint8Array(32)) }
  const foreign = idOf<VaultId>(new Uint8Array(32).fill(1))
  const outcome = take(a, [
    ...log,
    forge(nobody, model, (header) => ({ ...header, memberHead })),
    forge(b, model, (header) => ({ ...header, memberHead, vaultId: foreign })),
  ])
  assert.equal(reasons(outcome), ['bad-signature', 'foreign-vault'])
  assert.equal(a.replica.waiting(), [])
})

test('when too much waits for what is withheld, reading stops, and nothing true is passed over', () => {
  const { a, b, log } = pair()
  const value = new Uint8Array(500 * 1024)
  const count = Math.ceil(LIMITS.pendingBytes / value.length) + 2
  const all = Array.from({ length: count }, (_, i) => write(b, `n${i}`, value)).flat()
  const withheld = [...log, ...all.slice(1)]
  let stopped: unknown
  try {
    for (let end = log.length + 1; end <= withheld.length; end++) take(a, withheld.slice(0, end))
  } catch (error) {
    stopped = error
  }
  assert.is(stopped instanceof CofferError && stopped.reason, 'pending')
  // The shell loads it anew; once the relay shows what it withheld, all of it counts.
  a.replica.rewind()
  take(a, [...log, ...all])
  assert.is([...a.replica.live('secret')].length, count)
  assert.equal(a.replica.waiting(), [])
})

test('a relay that has lost a vault larger than one batch gets all of it again, in order', () => {
  const { a, log } = pair()
  const value = new Uint8Array(500 * 1024)
  const sent = Array.from({ length: 80 }, (_, i) => write(a, `n${i}`, value)).flat()
  take(a, [...log, ...sent])
  assert.is(a.replica.outboxCount, 0)
  const queued = write(a, 'queued', value)
  a.replica.rewind()
  a.store.write(a.replica.ingest(1, log, 2).ops)
  let batches = 0
  for (let more = true; more; batches++) {
    const batch = a.replica.restoreLost()
    const bytes = batch.ops.reduce((sum, op) => sum + (op.value?.length ?? 0), 0)
    assert.ok(bytes < LIMITS.storeBatch, `${bytes}`)
    a.store.write(batch.ops)
    more = batch.more
  }
  assert.ok(batches > 1)
  const hexes = (bodies: readonly Bytes[]): string[] => bodies.map((body) => entryIdOf(body))
  for (const replica of [a.replica, reload(a)]) {
    const bodies = replica.outbox().map(({ body }) => body)
    assert.equal(hexes(bodies), hexes([...sent, ...queued]))
  }
})

test("a signed head past the relay's log is remembered, whatever else is said of it", () => {
  const { a, b, log } = pair()
  const more = [...log, ...write(a, 'x'), ...write(a, 'y')]
  take(a, more.slice(0, 3))
  const early = a.replica.signedHead()
  take(a, more)
  const late = a.replica.signedHead()
  assert.equal(b.replica.checkHead(late).alarms, [])
  assert.equal(b.replica.ahead, { generation: 1, pos: 4 })
  assert.equal(b.replica.checkHead(early).alarms, [], 'an older head, replayed')
  assert.equal(b.replica.ahead, { generation: 1, pos: 4 })
  take(b, more)
  assert.is(b.replica.ahead, undefined)
  assert.is(b.replica.confirmedAt, 1_000_000)
})

test('a head of a later generation is not forgotten, and compared once that is read', () => {
  const { a, b, log } = pair()
  const [x = new Uint8Array()] = write(a, 'x')
  const restored = device('b', a.replica)
  restored.replica.ingest(1, [...log, x], 2)
  take(a, [...log, x])
  a.replica.rewind()
  a.replica.ingest(1, [...log, ...write(a, 'y'), x], 2)
  const head = a.replica.signedHead()
  assert.equal(b.replica.checkHead(head).alarms, [])
  assert.equal(b.replica.ahead, { generation: 2, pos: 4 })
  assert.equal(
    restored.replica.checkHead(head).alarms.map(({ reason }) => reason),
    [],
    'it has read less',
  )
  const outcome = restored.replica.ingest(4, [x], 2)
  assert.ok(reasons(outcome).includes('two-logs'))
})

/** What `a` says of what it has read, but for `change`, signed by whomever. */
function headBy(by: TestDevice, a: TestDevice, change: Partial<Head> = {}): Bytes {
  const signed = decode(signedCodec, a.replica.signedHead(), 'a head', LIMITS.signedHead)
  const head = { ...signedHead.read(signed), ...change }
  return encode(signedCodec, signedHead.make(head, by.identity.sign.privateKey))
}

const toldOf = (one: TestDevice, body: Bytes): string[] =>
  one.replica.checkHead(body).alarms.map(({ reason }) => reason)

test("attack 58: freshness is another device's signed word, not the relay's, nor one's own", () => {
  const { a, b } = pair()
  const c = device('c')
  assert.equal(toldOf(b, headBy(c, a)), ['bad-signature'], "in a device's name")
  assert.equal(toldOf(b, headBy(c, a, { device: c.identity.device })), [], 'of nobody here')
  assert.equal(toldOf(b, headBy(b, a, { device: b.identity.device })), [], 'its own, shown again')
  assert.equal(toldOf(b, headBy(a, a, { vaultId: c.replica.vaultId })), ['foreign-vault'])
  assert.is(b.replica.confirmedAt, undefined)
  assert.equal(toldOf(b, headBy(a, a)), [])
  assert.is(b.replica.confirmedAt, 1_000_000)
})

test('attack 12: a device that saw another link says so by its head', () => {
  const { a, b } = pair()
  const other = idOf<LinkHash>(new Uint8Array(32))
  assert.equal(toldOf(b, headBy(a, a, { memberHead: { n: 1, hash: other } })), ['fork'])
  assert.is(b.replica.confirmedAt, undefined, 'that confirms nothing')
})

test('a link in the place of another blames nobody who did not sign it', () => {
  const { a, b, log } = pair()
  const [genesis = new Uint8Array(), add = new Uint8Array()] = log
  const other = device('c')
  const [foreign = new Uint8Array()] = other.replica.chainEntries(0)
  const entry = decodeEntry(add)
  if (entry.kind !== 'link') throw new TypeError('no link')
  const changed = { ...signedLink.read(entry.body.signed), time: 5 }
  const by = (who: TestDevice): Bytes =>
    encodeEntry({
      kind: 'link',
      body: { signed: signedLink.make(changed, who.identity.sign.privateKey) },
    })
  assert.equal(reasons(take(b, [...log, genesis, foreign, by(other)])), [
    'foreign-vault',
    'bad-signature',
  ])
  const forked = [...log, by(a)]
  b.replica.rewind()
  assert.equal(reasons(take(b, forked)), ['fork'])
  assert.equal(reasons(take(a, forked)), ['withdrawn-link'], 'a lost race shown to the loser')
})

test.run()
