import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { fromUtf8, type Bytes } from '../../../shared/bytes.js'
import { cryptoReady } from '../../../shared/crypto/hash.js'
import { headOf, roleAt } from '../../../shared/log/membership.js'
import { followOps } from './leaving.js'
import { leaves, meet, split, type Split } from './testing/split.js'
import type { Team } from './testing/team.js'

// A relay that showed two chains, and what its members do when they meet again (SPEC section 5).

await cryptoReady

/** A rotation and writes on either side. */
const usual = (): Split =>
  split(
    (t) => {
      t.rotate('dan/d')
      t.read('bob/b')
      t.write('bob/b', 'x', 'on the other branch')
      t.write('bob/b', 'y', 'there only')
      t.read('dan/d')
    },
    (t) => {
      t.rotate('ann/a')
      t.write('ann/a', 'z', 'here')
      t.read('ann/a')
    },
  )

function endFork(t: Team, by: string): void {
  const { open } = t.of(by).replica.forks
  const voids = open.map(({ n, hash }) => ({ n, hash }))
  t.link(by, () => ({ action: { kind: 'end-fork', body: { voids } } }))
}

const isForked = (t: Team, name: string): boolean => t.of(name).replica.isForked

function tell(t: Team, from: string, to: string): void {
  const { replica, store } = t.of(to)
  store.write(replica.checkHead(t.of(from).replica.signedHead()).ops)
}

test('attack 51: a link that lost a race and that nobody builds on is no fork', () => {
  const { t, branch } = split(
    (t) => t.rotate('dan/d'),
    (t) => t.rotate('ann/a'),
  )
  t.log.push(...branch)
  assert.ok(t.read('bob/b').includes('fork'), 'an alarm')
  assert.not(isForked(t, 'bob/b'), 'no fork')
  assert.ok(t.of('bob/b').replica.mayWrite)
})

test('attack 51: what a device that is out builds on its own link stops nobody', () => {
  const { t, branch } = split(
    (t) => {
      t.rotate('bob/b')
      t.rotate('bob/b')
      t.write('bob/b', 'x', 'from nowhere')
    },
    (t) => t.remove('ann/a', 'bob/b'),
  )
  t.log.push(...branch)
  t.read('dan/d')
  assert.not(isForked(t, 'dan/d'), 'nobody stops')
  assert.is(t.value('dan/d', 'x'), 'before')
})

test('attack 12: in a fork reads go on and writes stop, on both sides, also after a restart', () => {
  const { t } = usual()
  assert.ok(meet(t, 'bob/b').includes('fork'))
  tell(t, 'bob/b', 'ann/a')
  for (const name of ['ann/a', 'bob/b']) {
    assert.ok(isForked(t, name), name)
    t.restart(name)
    assert.ok(isForked(t, name), name)
    const { replica, store } = t.of(name)
    assert.not(replica.mayWrite, 'writes stop')
    store.write(replica.write([{ space: 'secret', name: 'w', value: undefined }]).ops)
    assert.is(replica.sealNext({ entries: 1, bytes: 1 }), undefined)
  }
  assert.is(t.value('bob/b', 'y'), 'there only')
  assert.is(t.value('ann/a', 'z'), 'here')
})

test('who follows the void branch goes over: writes go on, and what was written there is listed and can be read', () => {
  const { t } = usual()
  meet(t, 'bob/b')
  tell(t, 'bob/b', 'ann/a')
  endFork(t, 'ann/a')
  assert.not(isForked(t, 'ann/a'))
  t.read('bob/b')
  assert.ok(leaves(t, 'bob/b'))
  assert.not(isForked(t, 'bob/b'))
  const [ann, bob] = ['ann/a', 'bob/b'].map((name) => t.of(name).replica)
  assert.equal(bob?.membership?.hashes, ann?.membership?.hashes)
  assert.equal([t.value('bob/b', 'x'), t.value('bob/b', 'z')], ['before', 'here'])
  assert.is(t.value('bob/b', 'y'), undefined)
  const lost = bob?.lost() ?? []
  assert.equal(
    lost
      .map((change) => [change.name, bob && fromUtf8(bob.value(change))])
      .toSorted(([a = ''], [b = '']) => (a < b ? -1 : 1)),
    [
      ['x', 'on the other branch'],
      ['y', 'there only'],
    ],
  )
  assert.is(bob?.outboxCount, 0)
  t.write('bob/b', 'after', 'goes on')
  t.read('ann/a')
  assert.is(t.value('ann/a', 'after'), 'goes on')
  assert.not(leaves(t, 'bob/b'), 'once')
})

test('an owner on the void branch goes over first, and ends the fork there', () => {
  const { t } = usual()
  meet(t, 'dan/d')
  const { replica, identity, store } = t.of('dan/d')
  const [fork] = replica.forks.open
  assert.ok(fork)
  const own = replica.membership?.hashes[fork?.n ?? 0]
  store.write(followOps(replica, identity, store, fork?.hash ?? ('' as never)))
  t.restart('dan/d')
  t.read('dan/d')
  assert.ok(isForked(t, 'dan/d'), 'until it is ended')
  endFork(t, 'dan/d')
  assert.ok(own !== undefined && t.of('dan/d').replica.membership?.voids.has(own))
  meet(t, 'bob/b')
  assert.ok(leaves(t, 'bob/b'))
  t.read('ann/a')
  const heads = ['ann/a', 'bob/b', 'dan/d'].map((name) => headOf(t.of(name).replica.chain.known()))
  assert.equal(heads[1], heads[0])
  assert.equal(heads[2], heads[0])
})

test('attack 12: an owner whom this branch has removed leads nobody over to another', () => {
  const { t, branch } = split(
    (t) => {
      t.rotate('dan/d')
      const m = t.of('ann/a').replica.chain.known()
      const n = headOf(m).n + 1
      const hash = 'ab'.repeat(32) as never
      t.link('dan/d', () => ({ action: { kind: 'end-fork', body: { voids: [{ n, hash }] } } }))
    },
    (t) => t.remove('ann/a', 'dan/d'),
  )
  const there = branch.length
  assert.is(there, 2)
  t.read('bob/b')
  t.read('ann/a')
  // The true hash of the removal, as a thief who has seen it would name it.
  const removal = headOf(t.of('ann/a').replica.chain.known())
  const log = t.log.splice(0)
  t.log.push(...log.slice(0, removal.n + 1), ...branch.slice(0, 1))
  t.anew('dan/d', 'dan/again')
  t.read('dan/again')
  const voids = [{ n: removal.n, hash: removal.hash }]
  const { replica, store } = t.of('dan/again')
  assert.is(roleAt(replica.chain.known(), replica.own), 'owner')
  const { ops, entry } = replica.propose({ kind: 'end-fork', body: { voids } })
  store.write(ops)
  t.log.splice(0, t.log.length, ...log, branch[0] ?? entry, entry)
  t.read('bob/b')
  assert.ok(t.of('bob/b').replica.forks.hasEnd)
  assert.not(leaves(t, 'bob/b'), 'nobody is led over')
  assert.is(roleAt(t.of('bob/b').replica.chain.known(), replica.own), undefined)
})

test('two ends, each of which voids the other branch: all choose one', () => {
  const { t, base, branch } = usual()
  const here = t.log.slice(base.length)
  meet(t, 'dan/d')
  const on = (name: string, log: readonly Bytes[], end: string): Bytes[] => {
    t.log.splice(base.length, t.log.length, ...log)
    t.anew(name, end)
    t.read(end)
    const other = log === here ? branch : here
    t.log.push(...other)
    t.read(end)
    const [tip] = t.of(end).replica.forks.tips()
    const first = tip && t.of(end).replica.forks.firstOf(tip.hash)
    const { replica, store } = t.of(end)
    const voids = first === undefined ? [] : [first]
    const { ops, entry } = replica.propose({ kind: 'end-fork', body: { voids } })
    store.write(ops)
    return [...log, entry]
  }
  const one = on('ann/a', here, 'ann/end')
  const two = on('dan/d', branch, 'dan/end')
  const heads = [
    [one, two],
    [two, one],
  ].map(([first = [], second = []], i) => {
    const name = `bob/${i}`
    t.anew('bob/b', name)
    t.log.splice(base.length, t.log.length, ...first, ...second)
    t.read(name)
    leaves(t, name)
    t.read(name)
    return headOf(t.of(name).replica.chain.known())
  })
  assert.equal(heads[1], heads[0])
})

test.run()
