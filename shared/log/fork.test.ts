import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { cryptoReady } from '../crypto/hash.js'
import type { LinkHash } from '../ids.js'
import type { MemberHead } from './membership.js'
import { withAction } from './testing/attack.js'
import { after } from './testing/team.js'

await cryptoReady

const hash = (digit: string): LinkHash => digit.repeat(64) as LinkHash
const ended = (by: string, ...voids: MemberHead[]): string =>
  after(
    `rotate ${by}`,
    withAction(() => ({ kind: 'end-fork', body: { voids } })),
  )

test('an owner ends a fork, and nobody else', () => {
  assert.is(ended('ann/a', { n: 5, hash: hash('a') }), 'holds')
  assert.is(ended('bob/a', { n: 5, hash: hash('a') }), 'tampering/not-authorised')
  assert.is(ended('cat/a', { n: 5, hash: hash('a') }), 'tampering/not-authorised')
})

test('an end names links of other branches, in order and in places that this chain has', () => {
  const [a, b] = [hash('a'), hash('b')]
  assert.is(ended('ann/a', { n: 2, hash: b }, { n: 5, hash: a }), 'holds')
  assert.is(ended('ann/a', { n: 5, hash: a }, { n: 2, hash: b }), 'tampering/bad-fork')
  assert.is(ended('ann/a', { n: 5, hash: a }, { n: 5, hash: a }), 'tampering/bad-fork')
  assert.is(ended('ann/a', { n: 0, hash: a }), 'tampering/bad-fork')
  assert.is(ended('ann/a', { n: 6, hash: a }), 'tampering/bad-fork')
})

test.run()
