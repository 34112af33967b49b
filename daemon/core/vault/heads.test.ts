import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { utf8 } from '../../../shared/bytes.js'
import { cryptoReady } from '../../../shared/crypto/hash.js'
import { Team } from './testing/team.js'

// What a removed device, whose relay may lie for it, still says of the log.

await cryptoReady

/** Ann owns, Bob writes. */
function team(): Team {
  const one = new Team('ann/a')
  one.member('ann/a', ['bob/b'], 'writer')
  one.readAll()
  return one
}

test('a removed device raises no alarm by its signed heads', () => {
  const t = team()
  t.write('ann/a', 'x', 'one')
  const bob = t.of('bob/b').replica
  t.read('bob/b', [...t.log, utf8('another log')])
  const head = bob.signedHead()
  t.remove('ann/a', 'bob/b')
  t.readAll()
  t.write('ann/a', 'x', 'two')
  t.write('ann/a', 'x', 'three')
  t.read('ann/a')
  assert.equal(t.of('ann/a').replica.checkHead(head).alarms, [])
})

test('a removed device does not say how far the log reaches', () => {
  const t = team()
  t.remove('ann/a', 'bob/b')
  t.read('ann/a')
  const junk = Array.from({ length: 50 }, (_, i) => utf8(`entry ${i}`))
  t.read('bob/b', [...t.log, ...junk])
  assert.equal(t.of('ann/a').replica.checkHead(t.of('bob/b').replica.signedHead()).alarms, [])
  assert.is(t.of('ann/a').replica.ahead, undefined)
})

test('nor did it, once it is removed', () => {
  const t = team()
  const junk = Array.from({ length: 50 }, (_, i) => utf8(`entry ${i}`))
  t.read('bob/b', [...t.log, ...junk])
  t.of('ann/a').replica.checkHead(t.of('bob/b').replica.signedHead())
  assert.is(t.of('ann/a').replica.ahead?.pos, t.log.length + 50)
  t.remove('ann/a', 'bob/b')
  assert.is(t.of('ann/a').replica.ahead, undefined)
})

test('a removed device does not say that what the relay shows is fresh', () => {
  const t = team()
  t.remove('ann/a', 'bob/b')
  t.readAll()
  t.of('ann/a').replica.checkHead(t.of('bob/b').replica.signedHead())
  assert.is(t.of('ann/a').replica.seenAt(t.of('bob/b').identity.device), undefined)
})

test.run()
