import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { cryptoReady } from '../crypto/hash.js'
import { idOf, type LinkHash, type VaultId } from '../ids.js'
import { checkpointOf } from './checkpoint.js'
import { verdict, withAction } from './testing/attack.js'
import { checkpointOn } from './testing/checkpoints.js'
import { actor } from './testing/actors.js'
import { History } from './testing/history.js'
import type { Snapshot } from './snapshot.js'

await cryptoReady

const TEAM = `
  G  = genesis ann/a project
  A2 = add ann/a ann/b owner
  M1 = member ann/a bob/a reader
  M2 = member ann/a cat/a writer
  M3 = member ann/a dan/a viewer
  G -> A2 -> M1 -> M2 -> M3
`
const ALONE = `
  G = genesis ann/a user
  G
`
const team = (...lines: string[]): string => `${TEAM}\n${lines.join('\n')}`
const after = (...links: string[]): string => {
  const lines = links.map((link, i) => `X${i} = ${link}`)
  const names = links.map((_, i) => `X${i}`)
  return verdict(team(...lines, ['M3', ...names].join(' -> ')), names.at(-1) ?? '')
}

test('a snapshot counts when a reading device of somebody else names it', () => {
  assert.is(after('checkpoint bob/a ann/a'), 'holds')
  assert.is(after('checkpoint ann/a bob/a'), 'holds')
  const history = new History(team('X = checkpoint bob/a ann/a pos:7', 'M3 -> X'))
  assert.is(checkpointOf(history.fold('X'))?.pos, 7)
})

test("attack 54: one's own second device confirms nothing while another user could", () => {
  assert.is(after('checkpoint ann/a ann/a'), 'tampering/own-witness')
  assert.is(after('checkpoint ann/b ann/a'), 'tampering/own-witness')
})

test('where there is nobody else, another device of the same user confirms; and where there is none, nobody', () => {
  const one = (link: string, ...more: string[]): string =>
    verdict(
      [ALONE, ...more, `X = ${link}`, `${more.length === 0 ? 'G' : 'A'} -> X`].join('\n'),
      'X',
    )
  assert.is(one('checkpoint ann/a ann/a'), 'holds')
  const second = ['A = add ann/a ann/b owner', 'G -> A']
  assert.is(one('checkpoint ann/a ann/a', ...second), 'tampering/own-witness')
  assert.is(one('checkpoint ann/b ann/a', ...second), 'holds')
  // A recovery device lies in a drawer.
  const cold = ['A = add ann/a ann/b owner recovery', 'G -> A']
  assert.is(one('checkpoint ann/a ann/a', ...cold), 'holds')
})

test('who may not read neither makes a snapshot nor confirms one', () => {
  assert.is(after('checkpoint dan/a ann/a'), 'tampering/not-authorised')
  assert.is(after('checkpoint ann/a dan/a'), 'tampering/not-authorised')
  assert.is(after('checkpoint ann/a eve/a'), 'tampering/not-authorised')
})

test('a snapshot of another vault, chain, epoch or signer is refused', () => {
  const script = team('X = checkpoint bob/a ann/a', 'M3 -> X')
  const before = new History(script).fold('M3')
  const forged = (change: (one: Snapshot) => Snapshot): string =>
    verdict(
      script,
      'X',
      withAction(() => checkpointOn(before, 'ann/a', [], change)),
    )
  assert.is(
    forged((one) => one),
    'holds',
  )
  const zero = new Uint8Array(32)
  assert.is(
    forged((one) => ({ ...one, vaultId: idOf<VaultId>(zero) })),
    'tampering/foreign-vault',
  )
  const memberHead = { n: 4, hash: idOf<LinkHash>(zero) }
  assert.is(
    forged((one) => ({ ...one, memberHead })),
    'tampering/bad-checkpoint',
  )
  assert.is(
    forged((one) => ({
      ...one,
      memberHead: { n: 3, hash: before.hashes[3] ?? one.memberHead.hash },
    })),
    'tampering/bad-checkpoint',
  )
  assert.is(
    forged((one) => ({ ...one, epoch: 2 })),
    'tampering/wrong-epoch',
  )
  assert.is(
    forged((one) => ({ ...one, version: 2 })),
    'tampering/bad-checkpoint',
  )
  assert.is(
    forged((one) => ({ ...one, pos: 0 })),
    'tampering/bad-checkpoint',
  )
  const device = actor('ann/a').id
  const as = (maker: string): string =>
    verdict(
      script,
      'X',
      withAction(() => checkpointOn(before, maker, [], (one) => ({ ...one, device }))),
    )
  assert.is(as('ann/a'), 'holds')
  assert.is(as('cat/a'), 'tampering/bad-signature')
})

test('checkpoints only go on', () => {
  const first = 'checkpoint bob/a ann/a pos:50 head:cat/a:4'
  assert.is(after(first, 'checkpoint bob/a ann/a pos:60 head:cat/a:4'), 'holds')
  assert.is(after(first, 'checkpoint bob/a ann/a pos:50 head:cat/a:4'), 'tampering/bad-checkpoint')
  assert.is(after(first, 'checkpoint bob/a ann/a pos:60 head:cat/a:3'), 'tampering/bad-checkpoint')
  assert.is(after(first, 'checkpoint bob/a ann/a pos:60'), 'tampering/bad-checkpoint')
})

test('attack 53: a cut voids nothing that a checkpoint covers', () => {
  const first = 'checkpoint bob/a ann/a head:cat/a:4'
  assert.is(after('remove ann/a cat/a'), 'holds')
  assert.is(after(first, 'remove ann/a cat/a'), 'tampering/below-checkpoint')
  assert.is(after(first, 'remove ann/a cat/a cut:cat/a:3'), 'tampering/below-checkpoint')
  assert.is(after(first, 'remove ann/a cat/a cut:cat/a:4'), 'holds')
  assert.is(after(first, 'remove ann/a cat/a cut:cat/a:9'), 'holds')
  assert.is(after(first, 'role ann/a cat reader'), 'tampering/below-checkpoint')
  assert.is(after(first, 'role ann/a cat reader cut:cat/a:4'), 'holds')
})

test('what was void when a checkpoint was made stays so', () => {
  const cut = 'remove ann/a cat/a cut:cat/a:3'
  assert.is(after(cut, 'raise ann/a cut:cat/a:4'), 'holds')
  assert.is(
    after(cut, 'checkpoint bob/a ann/a head:cat/a:4', 'raise ann/a cut:cat/a:9'),
    'tampering/below-checkpoint',
  )
})

test.run()
