import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { cryptoReady } from '../crypto/hash.js'
import { verdictOf } from '../testing/refusal.js'
import { epochAt, openInvites, roleAt } from './membership.js'
import { verdict, withAction } from './testing/attack.js'
import { actor, emptyWraps } from './testing/actors.js'
import { History } from './testing/history.js'
import { changesetOf } from './testing/removals.js'
import { active, after, fold, team } from './testing/team.js'
import { checkWraps } from './wraps.js'

await cryptoReady

test('a removal is one link: who goes, what of theirs counts, and the new key for exactly those who read on', () => {
  const m = fold('remove bob/a cat/a cut:cat/a:4 cut:cat/b:2')
  assert.equal(active(m), ['ann/a', 'bob/a', 'bob/b', 'dan/a'])
  assert.is(epochAt(m), 2)
  assert.is(epochAt(m, m.hashes.length - 2), 1)
  const head = (name: string, seq: number) => [
    { from: m.hashes.length - 1, heads: [{ seq, hash: changesetOf(name, seq) }] },
  ]
  assert.equal(m.devices.get(actor('cat/a').id)?.cuts, head('cat/a', 4))
  assert.equal(m.devices.get(actor('cat/b').id)?.cuts, head('cat/b', 2))
  assert.equal(m.devices.get(actor('cat/c').id)?.cuts, [], 'it never wrote')
  assert.is(roleAt(m, actor('cat/a').id, m.hashes.length - 2), 'writer')
})

test('the wraps of a removal are for the readers that remain, and nobody else', () => {
  const history = new History(team('X = remove bob/a cat/a', 'M3 -> X'))
  const m = history.fold('X')
  const readers = [
    'ann/a',
    ...['bob/a', 'bob/b'].toSorted((a, b) => (actor(a).id < actor(b).id ? -1 : 1)),
    'dan/a',
  ]
  const link = history.link('X')
  const table = (names: readonly string[]) =>
    emptyWraps(...names.map((name) => actor(name).id)).bytes
  checkWraps(m, link, table(readers))
  for (const others of [[...readers, 'cat/a'], readers.slice(1), []]) {
    assert.is(
      verdictOf(() => checkWraps(m, link, table(others))),
      'tampering/bad-wraps',
    )
  }
  assert.is(
    verdictOf(() => checkWraps(m, link, undefined)),
    'tampering/bad-wraps',
  )
  // A table that fits its link's hash, and gives the key to somebody who was removed.
  const greedy = new History(team('X = remove bob/a cat/a', 'M3 -> X'), {
    X: withAction((action) => {
      if (action.kind !== 'remove' || action.body.epoch === undefined) return action
      const { hash: wraps } = emptyWraps(...[...readers, 'cat/a'].map((name) => actor(name).id))
      return { ...action, body: { ...action.body, epoch: { ...action.body.epoch, wraps } } }
    }),
  })
  assert.is(
    verdictOf(() => checkWraps(greedy.fold('X'), greedy.link('X'), table([...readers, 'cat/a']))),
    'tampering/bad-wraps',
  )
})

test('a removal without a new key, a key that was used before, or one that opens none before it is refused', () => {
  assert.is(after('remove bob/a dan/a'), 'holds')
  assert.is(after('remove bob/a dan/a epoch:none'), 'tampering/bad-epoch')
  const other = (change: object) =>
    withAction((action) =>
      action.kind === 'remove' && action.body.epoch !== undefined
        ? { ...action, body: { ...action.body, epoch: { ...action.body.epoch, ...change } } }
        : action,
    )
  assert.is(after('remove bob/a dan/a', other({ base: undefined })), 'tampering/bad-epoch')
  assert.is(after('remove bob/a dan/a', other({ base: 2 })), 'tampering/bad-epoch')
  assert.is(after('remove bob/a dan/a', other({ before: undefined })), 'tampering/bad-epoch')
  assert.is(
    verdict(
      team('R = rotate ann/a epoch:same', 'X = rotate ann/a epoch:same', 'M3 -> R -> X'),
      'X',
    ),
    'tampering/bad-epoch',
  )
  const viewer = ['V = member ann/a eve/a viewer', 'M3 -> V -> X']
  assert.is(verdict(team('X = remove ann/a eve/a', ...viewer), 'X'), 'holds')
  assert.is(verdict(team('X = remove ann/a eve/a epoch:x', ...viewer), 'X'), 'tampering/bad-epoch')
})

test('what a removed device brought in goes with it, unless it is kept by name', () => {
  assert.is(after('remove cat/a cat/a alone'), 'tampering/bad-removal')
  assert.is(after('remove cat/a cat/b alone'), 'tampering/bad-removal')
  assert.equal(active(fold('remove cat/a cat/b')), ['ann/a', 'bob/a', 'bob/b', 'cat/a', 'dan/a'])
  assert.equal(active(fold('remove cat/a cat/b keep:cat/c')).slice(3), ['cat/a', 'cat/c', 'dan/a'])
  assert.is(
    after('remove cat/a cat/b keep:cat/a'),
    'tampering/bad-removal',
    'it descends from nobody removed',
  )
  assert.is(after('remove bob/a cat/b,dan/a'), 'tampering/bad-removal', 'two users')
  assert.is(after('remove bob/a cat/b,nobody/a'), 'tampering/device-unknown')
  assert.is(
    verdict(team('R = remove bob/a dan/a', 'X = remove bob/a dan/a', 'M3 -> R -> X'), 'X'),
    'tampering/device-unknown',
  )
})

test('nobody takes away a right that they could not give, but their own', () => {
  const verdicts = (by: string) =>
    ['ann/a', 'bob/a,bob/b', 'cat/a', 'dan/a'].map((whom) => after(`remove ${by} ${whom}`))
  const no = 'tampering/not-authorised'
  assert.equal(verdicts('bob/a'), [no, 'holds', 'holds', 'holds'])
  assert.equal(verdicts('cat/a'), [no, no, 'holds', no])
  assert.equal(verdicts('dan/a'), [no, no, no, 'holds'])
  assert.equal(
    verdicts('cat/c'),
    [no, no, no, no],
    'a reader removes no writer, its own person’s either',
  )
  assert.equal(verdicts('ann/a'), ['tampering/last-owner', 'holds', 'holds', 'holds'])
  assert.is(after('remove eve/a dan/a'), 'tampering/unknown-author')
})

test('a removed device signs nothing more, and neither of its keys returns', () => {
  const gone = ['R = remove bob/a cat/a', 'M3 -> R -> X']
  assert.is(verdict(team(...gone, 'X = invite cat/a code reader'), 'X'), 'tampering/unknown-author')
  assert.is(verdict(team(...gone, 'X = add cat/c cat/d reader'), 'X'), 'tampering/unknown-author')
  assert.is(verdict(team(...gone, 'X = member ann/a cat/a writer'), 'X'), 'tampering/device-known')
  assert.is(
    verdict(team(...gone, 'X = member ann/a cat/z writer'), 'X'),
    'holds',
    'with a new device',
  )
})

test('the invites of whom is removed are withdrawn by the same link', () => {
  const lines = [
    'I = invite bob/a code reader',
    'J = invite ann/a other reader',
    'K = invite cat/a mine reader cat',
  ]
  const m = new History(
    team(
      ...lines,
      'R = remove ann/a bob/a,bob/b',
      'S = remove ann/a cat/a',
      'M3 -> I -> J -> K -> R -> S',
    ),
  )
  assert.equal(
    openInvites(m.fold('R')).map(({ author }) => author),
    [actor('ann/a').id, actor('cat/a').id],
  )
  assert.is(openInvites(m.fold('S')).length, 1)
})

test.run()
