import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { cryptoReady } from '../../../shared/crypto/hash.js'
import { epochAt, readersOf } from '../../../shared/log/membership.js'
import { encodeWraps, type EpochStart } from '../../../shared/log/link.js'
import { epochStart, sealBefore, vaultContext, wrapFor } from '../crypto/epoch.js'
import type { Plan, planRewrap } from './removing.js'
import { Team } from './testing/team.js'

// Epochs whose keys don't lead where they should: what a writer who turned bad can do to newcomers, and what mends it.

await cryptoReady

type Parts = Parameters<typeof planRewrap>[0]

function team(): Team {
  const one = new Team('ann/a')
  one.member('ann/a', ['bob/b'], 'writer')
  one.member('ann/a', ['cat/c'], 'reader')
  one.readAll()
  return one
}

/** An epoch as a hostile writer makes it. */
function hostile({ chain, random }: Parts, how: { base?: number; sealed?: Uint8Array }): Plan {
  const m = chain.known()
  const [key, epoch] = [random(32), epochAt(m) + 1]
  const { base = epoch - 1, sealed = chain.keys.get(base) ?? new Uint8Array(32) } = how
  const keys = readersOf(m).map((one) => one.keys)
  const { bytes: wraps, hash } = encodeWraps(wrapFor(key, vaultContext(m.vaultId), epoch, keys))
  const before = sealBefore(key, sealed, { vaultId: m.vaultId, base, epoch }, random)
  const start: EpochStart = { ...epochStart(key, hash), base, before }
  return { action: { kind: 'rotate', body: { epoch: start } }, wraps }
}

test('an epoch that opens none before it is mended by a rotation', () => {
  const t = team()
  t.write('ann/a', 'x', 'old')
  t.readAll()
  t.link('bob/b', (parts) => hostile(parts, { sealed: new Uint8Array(32) }))
  assert.ok(t.read('ann/a').includes('bad-before'))
  t.rotate('ann/a')
  t.member('ann/a', ['dan/d'], 'reader')
  t.read('dan/d')
  assert.is(t.value('dan/d', 'x'), 'old')
})

test('what was written in the bad epoch does not keep a newcomer waiting for ever', () => {
  const t = team()
  t.readAll()
  t.link('bob/b', (parts) => hostile(parts, { sealed: new Uint8Array(32) }))
  t.readAll()
  t.write('ann/a', 'x', 'old')
  t.rotate('ann/a')
  t.write('ann/a', 'y', 'new')
  t.member('ann/a', ['dan/d'], 'reader')
  t.read('dan/d')
  assert.is(t.value('dan/d', 'y'), 'new')
})

test('an epoch that leads past one before it is noticed', () => {
  const t = team()
  t.rotate('ann/a')
  t.write('ann/a', 'x', 'second epoch')
  t.readAll()
  t.link('bob/b', (parts) => hostile(parts, { base: 1 }))
  assert.equal(t.read('ann/a'), ['skipped-epoch'])
})

test('and mended by a rotation', () => {
  const t = team()
  t.rotate('ann/a')
  t.write('ann/a', 'x', 'second epoch')
  t.readAll()
  t.link('bob/b', (parts) => hostile(parts, { base: 1 }))
  t.readAll()
  t.write('ann/a', 'y', 'third epoch')
  t.rotate('ann/a')
  t.write('ann/a', 'z', 'fourth epoch')
  t.member('ann/a', ['dan/d'], 'reader')
  t.read('dan/d')
  assert.is(t.value('dan/d', 'z'), 'fourth epoch')
})

test.run()
