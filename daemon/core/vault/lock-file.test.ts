import * as fc from 'fast-check'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { cryptoReady } from '../../../shared/crypto/hash.js'
import { idOf, type AnyId, type ChangesetHash, type DeviceId } from '../../../shared/ids.js'
import { verdictOf } from '../../../shared/testing/refusal.js'
import { checkLock, formatLock, lockOf, parseLock, type Lock } from './lock-file.js'
import { pair, take, write } from './testing/pair.js'

await cryptoReady

const anyId = <T extends AnyId>(): fc.Arbitrary<T> =>
  fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => idOf<T>(bytes))
const lock: fc.Arbitrary<Lock> = fc
  .record({
    vaultId: anyId<Lock['vaultId']>(),
    relay: anyId<Lock['relay']>(),
    memberHead: fc.record({ n: fc.nat(), hash: anyId<Lock['memberHead']['hash']>() }),
    heads: fc.uniqueArray(
      fc.record({ device: anyId<DeviceId>(), seq: fc.maxSafeNat(), hash: anyId<ChangesetHash>() }),
      { maxLength: 32, selector: ({ device }) => device },
    ),
  })
  .map((one) => ({
    ...one,
    heads: one.heads.toSorted((a, b) => (a.device < b.device ? -1 : 1)),
  }))

test('a lock file is read as it was written, and nothing else is one', () => {
  const anything = fc.string({ unit: 'binary', minLength: 1, maxLength: 1 })
  fc.assert(
    fc.property(lock, fc.nat(), anything, (one, at, c) => {
      const content = formatLock(one)
      assert.is(formatLock(parseLock(content)), content)
      assert.equal(parseLock(content).memberHead.n, one.memberHead.n)
      const where = at % content.length
      const other = content.slice(0, where) + c + content.slice(where + 1)
      const verdict = verdictOf(() => assert.is(formatLock(parseLock(other)), other))
      assert.ok(['holds', 'format/lock-form'].includes(verdict), verdict)
    }),
  )
})

const H = (digit: string): string => digit.repeat(64)
const TEXT = `coffer-lock 1\nvault ${H('a')}\nrelay ${H('b')}\nmembers 3 ${H('c')}\nhead ${H('d')} 7 ${H('e')}\nhead ${H('f')} 12 ${H('0')}\n`

test('the form is strict', () => {
  assert.is(parseLock(TEXT).heads.length, 2)
  const refused = [
    '',
    TEXT.slice(0, -1),
    `${TEXT}\n`,
    ` ${TEXT}`,
    `\ufeff${TEXT}`,
    TEXT.replaceAll('\n', '\r\n'),
    TEXT.replace('lock 1', 'lock 2'),
    TEXT.replace('members 3', 'members 03'),
    TEXT.replace('members 3', 'members 99999999999999999'),
    TEXT.replace(' 7 ', '  7 '),
    TEXT.replace(H('a'), H('A')),
    TEXT.replace(`relay ${H('b')}\n`, ''),
    TEXT.replace(/(head d.*\n)(head f.*\n)/, '$2$1'),
    `${TEXT}<<<<<<< HEAD\n`,
    `${TEXT}note hello\n`,
    TEXT + `head ${H('f')} 12 ${H('0')}\n`.repeat(40),
  ]
  for (const content of refused) {
    assert.is(
      verdictOf(() => parseLock(content)),
      'format/lock-form',
      content,
    )
  }
  assert.is(
    verdictOf(() => parseLock(TEXT + 'x'.repeat(9000))),
    'limit/oversize',
  )
})

const relay = idOf<Lock['relay']>(new Uint8Array(32).fill(9))

/** Two devices of a vault on a relay, and its log. */
function onRelay(): ReturnType<typeof pair> {
  const all = pair()
  const { a } = all
  const { ops, entry } = a.replica.propose({ kind: 'relay', body: { relay } })
  a.store.write(ops)
  all.log.push(entry)
  for (const one of [all.a, all.b]) take(one, all.log)
  return all
}

test('a lock names what the log has shown; history holds it from then on', () => {
  const { a, b, log } = onRelay()
  const empty = lockOf(a.replica)
  assert.equal(empty.heads, [])
  const one = write(a, 'x')
  assert.equal(lockOf(a.replica), empty, 'what the relay has not shown is nobody else’s')
  take(a, [...log, ...one])
  const first = lockOf(a.replica)
  assert.is(first.heads.length, 1)
  assert.equal(checkLock(b.replica, first), { links: 0, changesets: 1 })
  const apart = write(b, 'y')
  const all = [...log, ...one, ...apart]
  for (const device of [a, b]) take(device, all)
  const both = lockOf(a.replica)
  assert.is(both.heads.length, 2)
  assert.equal(lockOf(b.replica), both)
  const joined = [...all, ...write(b, 'z')]
  take(b, joined)
  assert.is(lockOf(b.replica).heads.length, 1, 'it builds on both')
  for (const known of [empty, first, both]) {
    assert.equal(checkLock(b.replica, known), { links: 0, changesets: 0 })
  }
  assert.equal(checkLock(a.replica, lockOf(b.replica)), { links: 0, changesets: 1 })
})

test('attack 56: a lock of another vault, relay, chain or history is told from one that is ahead', () => {
  const { a, log } = onRelay()
  take(a, [...log, ...write(a, 'x')])
  const good = lockOf(a.replica)
  const [head] = good.heads
  assert.ok(head)
  const other = idOf<never>(new Uint8Array(32).fill(1))
  const { n } = good.memberHead
  const table: readonly (readonly [Partial<Lock>, string])[] = [
    [{ vaultId: other }, 'lock-vault'],
    [{ relay: other }, 'lock-relay'],
    [{ memberHead: { n, hash: other } }, 'lock-fork'],
    [{ memberHead: { n: 0, hash: other } }, 'lock-fork'],
    [{ heads: [{ ...head, hash: other }] }, 'lock-fork'],
    [{ heads: [{ ...head, seq: 2 }] }, 'lock-fork'],
    [{ heads: [{ ...head, device: other }] }, 'lock-fork'],
  ]
  for (const [change, reason] of table) {
    const verdict = verdictOf(() => checkLock(a.replica, { ...good, ...change }))
    assert.is(verdict, `tampering/${reason}`)
  }
  const ahead = { ...good, memberHead: { n: n + 2, hash: other } }
  assert.equal(checkLock(a.replica, ahead), { links: 2, changesets: 0 })
  const later = { ...good, heads: [head, { ...head, seq: 9, hash: other }] }
  assert.equal(checkLock(a.replica, later), { links: 0, changesets: 1 })
})

test.run()
