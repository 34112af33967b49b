import fc from 'fast-check'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { toHex, type Bytes } from '../../../shared/bytes.js'
import { decode, encode } from '../../../shared/codec.js'
import { cryptoReady } from '../../../shared/crypto/hash.js'
import { signedHeader } from '../../../shared/log/changeset.js'
import { signedCodec } from '../../../shared/log/signed.js'
import { signedSnapshot, type Snapshot } from '../../../shared/log/snapshot.js'
import { changesIn } from '../../../shared/log/snapshot-tree.js'
import { idOf, type VaultId } from '../../../shared/ids.js'
import { LIMITS } from '../../../shared/limits.js'
import { PLACED_ROW } from '../../../shared/protocol/relay-snapshot.js'
import { verdictOf } from '../../../shared/testing/refusal.js'
import type { MadeSnapshot } from './snapshot.js'
import { slotFor } from './snapshot.js'
import { addDeviceEntry, reload, testIdentity, type TestDevice } from './testing/devices.js'
import { changeset, device, pair, reasons, take, write } from './testing/pair.js'
import {
  checkpoint,
  forged,
  fresh,
  history,
  made,
  remove,
  seen,
  signedOf,
} from './testing/histories.js'
import { load, serve } from './testing/snapshots.js'

await cryptoReady

test('another device finds the same snapshot, and names it', () => {
  const { a, b, log } = history()
  const what = made(a)
  checkpoint(a, b, log, what)
  assert.is(a.replica.membership?.checkpoints.length, 1)
  // k (once), l (its delete), m (twice), n, o
  assert.is(what.rows.length / 16, 6)
})

test('its maker, or who read another log, names nothing', () => {
  const { a, b, log } = history()
  const what = made(a)
  assert.is(a.replica.snapshots.confirm(what.signed), undefined)
  log.push(...write(b, 'later'))
  take(a, log)
  // What came meanwhile doesn't matter: it is computed as of its own place.
  take(b, log)
  assert.ok(b.replica.snapshots.confirm(what.signed))
})

test('attack 23: the co-signer finds what a snapshot leaves out, adds or bends', () => {
  const { a, b } = history()
  const what = made(a)
  const said = (change: Partial<Snapshot>): string =>
    verdictOf(() => b.replica.snapshots.confirm(forged(a, what, change)))
  assert.is(said({}), 'holds')
  const bad = 'tampering/bad-snapshot'
  assert.is(said({ count: 5 }), bad)
  assert.is(said({ root: new Uint8Array(32) }), bad)
  assert.is(said({ heads: [] }), bad)
  assert.is(said({ leaves: 2 }), bad)
  assert.is(said({ pos: 9 }), bad)
  const other = signedSnapshot.read(decode(signedCodec, what.signed, 'a snapshot', 1 << 20))
  assert.is(said({ logHash: idOfSame(other.logHash) }), bad)
  const unsigned = decode(signedCodec, what.signed, 'a snapshot', 1 << 20)
  const broken = encode(signedCodec, { ...unsigned, signature: new Uint8Array(64) })
  assert.is(
    verdictOf(() => b.replica.snapshots.confirm(broken)),
    'tampering/bad-signature',
  )
})

/** Another hash of the same form. */
function idOfSame<T extends string>(id: T): T {
  return Array.from(id).toReversed().join('') as T
}

test('a fresh device goes on from it, and sees what the others see', () => {
  const { a, b, log } = history()
  const what = made(a)
  checkpoint(a, b, log, what)
  log.push(...write(a, 'after'), ...write(a, 'k', new Uint8Array(3).fill(9)))
  take(a, log)
  const served = serve(log, what)
  for (const order of ['snapshot first', 'log first']) {
    const one = fresh(a)
    one.store.write(one.replica.adopting.adopt([what.signed]))
    assert.is(one.replica.cursor.pos, what.pos)
    if (order === 'log first') assert.equal(reasons(take(one, log)), [])
    assert.equal(load(one, served), [], order)
    if (order === 'snapshot first') assert.equal(reasons(take(one, log)), [])
    assert.equal(seen(one), seen(a), order)
    one.replica = reload(one)
    assert.equal(seen(one), seen(a), order)
    assert.is(one.replica.adopting.wants, undefined)
    assert.equal(one.replica.restoreLost().ops, [], order)
    // All that is here holds when it is checked again, and nothing that a lock names is missing.
    const steps = one.replica.verification().steps()
    let step = steps.next()
    while (step.done !== true) step = steps.next()
    assert.is(step.value.pos, log.length)
  }
})

test('what has more changes than fit a frame has no snapshot', () => {
  const { a } = history()
  const what = made(a)
  assert.is(what.rows.length, 6 * PLACED_ROW)
  assert.ok(a.replica.snapshots.make(6))
  assert.is(a.replica.snapshots.make(5), undefined)
  // As many rows as may be fit a frame beside the largest signed snapshot.
  const [head] = signedOf(what).heads
  const largest = { ...head!, seq: Number.MAX_SAFE_INTEGER, memberN: LIMITS.links }
  const signed = forged(a, what, { heads: Array.from({ length: LIMITS.cuts }, () => largest) })
  assert.ok(signed.length + LIMITS.snapshotRows * PLACED_ROW < LIMITS.frame - 256)
})

test('one name is proved by one leaf, whatever else is in the vault', () => {
  const { a, b, log } = history()
  const what = made(a)
  checkpoint(a, b, log, what)
  const { snapshot, tree } = serve(log, what)
  const key = a.replica.chain.keys.get(snapshot.epoch) ?? new Uint8Array(32)
  const at = (name: string): string[] => {
    const slot = slotFor(key, snapshot, 'secret', name)
    return changesIn(snapshot, slot, tree.find(slot))
  }
  const ids = (name: string): string[] =>
    (a.replica.current('secret', name)?.siblings ?? []).map(({ id }) => id).toSorted()
  for (const name of ['k', 'l', 'm', 'n', 'o']) assert.equal(at(name).toSorted(), ids(name), name)
  assert.equal(at('never'), [])
  // Another snapshot of the same orders them otherwise: nothing links them.
  const again = signedSnapshot.read(decode(signedCodec, made(a).signed, 'a snapshot', 1 << 20))
  const slots = [snapshot, again].map((one) => toHex(slotFor(key, one, 'secret', 'k')))
  assert.is.not(slots[0], slots[1])
})

test('attack 23: entries or rows that the relay changes, holds back or adds do not count', () => {
  const { a, b, log } = history()
  const what = made(a)
  checkpoint(a, b, log, what)
  const served = serve(log, what)
  const verdict = (bent: Partial<typeof served>): string => {
    const one = fresh(a)
    one.store.write(one.replica.adopting.adopt([what.signed]))
    return verdictOf(() => load(one, { ...served, ...bent }))
  }
  assert.is(verdict({}), 'holds')
  assert.is(verdict({ entries: served.entries.slice(1) }), 'tampering/bad-snapshot')
  assert.is(verdict({ entries: served.entries.slice(0, -1) }), 'tampering/bad-snapshot')
  assert.is(verdict({ rows: served.rows.slice(1) }), 'tampering/bad-snapshot')
  assert.is(verdict({ rows: served.rows.toReversed() }), 'tampering/bad-snapshot')
  assert.is(verdict({ rows: [] }), 'tampering/bad-snapshot')
  // The first value of k, which was replaced: true, signed, and old.
  const old = log.findIndex((body) => reloadsK(a, body))
  const one = fresh(a)
  one.store.write(one.replica.adopting.adopt([what.signed]))
  const entries = [{ pos: old + 1, body: log[old] ?? new Uint8Array(0) }, ...served.entries]
  assert.equal(load(one, { ...served, entries }), ['bad-snapshot'])
  assert.equal(seen(one), seen(a))
})

/** Whether an entry is the first changeset of the vault. */
const reloadsK = ({ replica }: TestDevice, body: Bytes): boolean => {
  const first = replica.history('secret', 'k').at(-1)?.place?.changeset
  try {
    const { signed } = changeset(body)
    return signedHeader.id(signed) === first
  } catch {
    return false
  }
}

test('attack 24: what was deleted while a device was away does not come back with it', () => {
  const { a, b, log } = pair()
  const both = (entries: Bytes[], who = [a, b]): void => {
    log.push(...entries)
    for (const one of who) take(one, log)
  }
  both(write(a, 'gone'))
  both(write(a, 'replaced'))
  const away = log.length
  // b goes away, with a draft of its own and an entry that it never saw again.
  b.store.write(b.replica.write([{ space: 'secret', name: 'draft', value: new Uint8Array(1) }]).ops)
  const c = device('c', a.replica)
  both([addDeviceEntry(a, c.identity)], [a])
  take(c, log)
  both(remove(a, 'gone'), [a, c])
  both(write(c, 'replaced', new Uint8Array(2)), [a, c])
  both(write(a, 'replaced', new Uint8Array(4)), [a, c])
  const what = made(a)
  const action = c.replica.snapshots.confirm(what.signed)
  assert.ok(action)
  if (action === undefined) return
  const { ops, entry } = c.replica.propose(action)
  c.store.write(ops)
  both([entry], [a, c])
  // What stood between is pruned; b comes back, behind the floor.
  assert.is(b.replica.cursor.pos, away)
  b.store.write(b.replica.ingestChain(a.replica.chainEntries(0)).ops)
  b.store.write(b.replica.adopting.adopt([what.signed]))
  assert.equal(load(b, serve(log, what)), [])
  take(b, log)
  const names = seen(b).map((text) => text.split('=')[0])
  assert.equal(names, ['draft', 'replaced'])
  assert.equal(seen(b).slice(1), seen(a))
  assert.is(b.replica.current('secret', 'gone')?.winner.kind, 'delete')
  assert.equal(b.replica.restoreLost().ops, [])
  b.replica = reload(b)
  assert.equal(seen(b).slice(1), seen(a))
  // Its draft goes out on top of all that.
  const sealed = b.replica.sealNext({ entries: 9, bytes: 9 })
  b.store.write(sealed?.ops ?? [])
  both(
    (sealed?.entries ?? []).map(({ body }) => body),
    [a, c],
  )
  assert.equal(seen(a), seen(b))
})

test('whatever was written, a fresh device that goes on from a snapshot sees the same', () => {
  const step = fc.record({
    who: fc.constantFrom('a', 'b'),
    name: fc.constantFrom('k', 'l', 'm'),
    what: fc.constantFrom('put', 'delete', 'apart', 'checkpoint'),
  })
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 25 }), (steps) => {
      const { a, b, log } = pair()
      log.push(addDeviceEntry(a, testIdentity('c')))
      for (const one of [a, b]) take(one, log)
      let what: MadeSnapshot | undefined
      for (const [i, { who, name, what: kind }] of steps.entries()) {
        const one = who === 'a' ? a : b
        const value = new Uint8Array(2).fill(i)
        if (kind === 'checkpoint') {
          const next = made(one)
          if (next.pos <= (what?.pos ?? 0) + 1) continue
          checkpoint(one, one === a ? b : a, log, next)
          what = next
          continue
        }
        if (kind === 'delete') log.push(...remove(one, name))
        else log.push(...write(one, name, value))
        // Apart: the other one writes the same name before it sees this.
        if (kind === 'apart') log.push(...write(one === a ? b : a, name, value))
        for (const each of [a, b]) take(each, log)
      }
      if (what === undefined) return
      const c = fresh(a)
      c.store.write(c.replica.adopting.adopt([what.signed]))
      assert.equal(load(c, serve(log, what)), [])
      assert.equal(reasons(take(c, log)), [])
      assert.equal(seen(c), seen(a))
    }),
    { numRuns: 25 },
  )
})

test("SPEC's worked slot", () => {
  const vaultId = idOf<VaultId>(new Uint8Array(32).fill(7))
  const at = { vaultId, nonce: new Uint8Array(16).fill(2) }
  const slot = slotFor(new Uint8Array(32).fill(1), at, 'secret', 'GITHUB_TOKEN')
  assert.is(toHex(slot), '26c35a36f970d1e4')
})

test('a new device starts from what its own person, an owner or an admin signed, and from nothing else', () => {
  const { a, b, log } = history()
  const what = made(a)
  const took = (body: Bytes): boolean => {
    const one = fresh(a)
    one.store.write(one.replica.adopting.adopt([body]))
    return one.replica.cursor.pos > 0
  }
  assert.ok(took(what.signed))
  assert.not(took(forged(b, what, {})), 'it says that somebody else made it')
  assert.not(took(forged(a, what, { pos: 0 })))
  assert.not(took(forged(a, what, { epoch: 2 })))
  assert.not(took(forged(a, what, { memberHead: { n: 0, hash: signedOf(what).memberHead.hash } })))
  assert.not(took(new Uint8Array(9)))
  const stranger = testIdentity('stranger').device
  assert.not(took(forged(a, what, { device: stranger })))
  // Of several, the one that reaches furthest.
  log.push(...write(a, 'later'))
  take(a, log)
  const later = made(a)
  const one = fresh(a)
  one.store.write(one.replica.adopting.adopt([what.signed, later.signed, what.signed]))
  assert.is(one.replica.cursor.pos, later.pos)
})

test.run()
