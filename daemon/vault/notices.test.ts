import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { Bytes } from '../../shared/bytes.js'
import { cryptoReady } from '../../shared/crypto/hash.js'
import { addDeviceEntry, testIdentity, type TestDevice } from '../core/vault/testing/devices.js'
import { pair, take } from '../core/vault/testing/pair.js'
import { Notices } from './notices.js'

await cryptoReady

/** The log with a device that `by` lets in, which both have read. */
function grown(by: TestDevice, all: readonly TestDevice[], log: Bytes[], seed: string): void {
  const entry = addDeviceEntry(by, testIdentity(seed, 'user'))
  log.push(entry)
  for (const one of all) take(one, log)
}

const names = (notices: Notices, { replica }: TestDevice): number[] =>
  notices.members(replica).map(({ n }) => n)

test('attack 40: whoever another device lets in is told once, and stays until it is read', () => {
  const { a, b, log } = pair()
  const [mine, theirs] = [new Notices(), new Notices()]
  assert.equal(names(mine, a), [], 'what this device did itself')
  assert.equal(names(theirs, b), [], 'that it was let in')
  grown(a, [a, b], log, 'c')
  assert.equal(names(mine, a), [])
  assert.equal(mine.announce(a.replica), [])
  assert.equal(names(theirs, b), [2])
  const [news, ...more] = theirs.announce(b.replica)
  assert.equal(
    [news?.kind, news?.role, news?.author, more.length],
    ['joined', 'owner', a.identity.device, 0],
  )
  assert.equal(news?.devices, [testIdentity('c', 'user').device])
  assert.equal(theirs.announce(b.replica), [], 'once')
  assert.equal(names(theirs, b), [2], 'it stays in the status')
  grown(a, [a, b], log, 'd')
  const again = new Notices()
  for (const op of theirs.unsaved)
    if (op.value !== undefined) again.restore({ ...op, value: op.value })
  assert.equal(names(again, b), [2, 3], 'after a restart')
  assert.equal(
    again.announce(b.replica).map(({ n }) => n),
    [3],
  )
  assert.is(again.acknowledge(b.replica, 5), 2)
  assert.equal(names(again, b), [])
  assert.is(again.acknowledge(b.replica, 6), 0)
  grown(a, [a, b], log, 'e')
  assert.equal(names(again, b), [4])
})

test.run()
