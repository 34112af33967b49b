import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { Bytes } from '../../shared/bytes.js'
import { cryptoReady } from '../../shared/crypto/hash.js'
import { addDeviceEntry, testIdentity, type TestDevice } from '../core/vault/testing/devices.js'
import { Crew } from '../core/vault/testing/crew.js'
import { pair, take } from '../core/vault/testing/pair.js'
import { Notices } from './notices.js'

await cryptoReady

/** The log with a device that `by` lets in, which both have read. */
function grown(by: TestDevice, all: readonly TestDevice[], log: Bytes[], seed: string): void {
  const entry = addDeviceEntry(by, testIdentity(seed, 'user'))
  log.push(entry)
  for (const one of all) take(one, log)
}

/** The same as a restart finds it. */
function restarted(notices: Notices): Notices {
  const again = new Notices()
  for (const { table, key, value } of notices.unsaved) {
    if (value !== undefined) again.restore({ table, key, value })
  }
  return again
}

const names = (notices: Notices, { replica }: TestDevice): number[] =>
  notices.members(replica).map(({ n }) => n)

const told = (notices: Notices, { replica }: TestDevice): string[] =>
  notices.announce(replica).map(({ kind }) => kind)

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
  assert.ok(news?.kind === 'joined')
  assert.equal([news.role, news.author, more.length], ['owner', a.identity.device, 0])
  assert.equal(news.devices, [testIdentity('c', 'user').device])
  assert.equal(theirs.announce(b.replica), [], 'once')
  assert.equal(names(theirs, b), [2], 'it stays in the status')
  grown(a, [a, b], log, 'd')
  const again = restarted(theirs)
  assert.equal(names(again, b), [2, 3], 'after a restart')
  assert.equal(told(again, b), ['joined'])
  assert.is(again.acknowledge(b.replica, 5), 2)
  assert.equal(names(again, b), [])
  assert.is(again.acknowledge(b.replica, 6), 0)
  grown(a, [a, b], log, 'e')
  assert.equal(names(again, b), [4])
})

test('attack 40: what a runner is given is told once, each time it is given more', () => {
  const team = new Crew()
  const other = team.member('admin', 'admin')
  const ci = team.runner('ci')
  team.grant(ci, [])
  take(other, team.log)
  const [mine, theirs] = [new Notices(), new Notices()]
  assert.equal(told(theirs, other), ['joined'])
  team.grant(ci, ['A', 'B'])
  take(other, team.log)
  assert.equal(told(mine, team.owner), [], 'its own doing')
  const [given, ...more] = theirs.announce(other.replica)
  assert.ok(given?.kind === 'granted' && more.length === 0)
  assert.equal([given.runner, given.names], [ci.identity.device, ['A', 'B']])
  assert.equal(told(theirs, other), [], 'once')
  assert.is(theirs.grants(other.replica).length, 1, 'it stays in the status')
  const again = restarted(theirs)
  assert.equal(told(again, other), [])
  assert.is(again.acknowledge(other.replica, 5), 2)
  assert.equal(again.grants(other.replica), [])
  team.grant(ci, ['A', 'B', 'C'])
  take(other, team.log)
  assert.equal(told(again, other), ['granted'])
  assert.is(restarted(again).grants(other.replica).length, 1)
})

test.run()
