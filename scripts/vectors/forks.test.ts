import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { decodeEntry } from '../../shared/log/entry.js'
import { mustLeave } from '../../shared/log/fork.js'
import { applyLink } from '../../shared/log/validate.js'
import { makeChain } from './chain.js'
import { makeBranches, partingOf, refusedEnds } from './forks.js'
import { verdictOf } from './judge.js'
import { FrozenWraps, unhex } from './people.js'

// The frozen branches; vectors.test.ts makes their bytes again.

const chain = makeChain(FrozenWraps.read())
const { all, n } = makeBranches(chain)

const leaves = (own: string, other: string): boolean => {
  const [a, b] = [own, other].map((name) => all.find(([one]) => one === name)?.[1].membership)
  if (a === undefined || b === undefined) throw new TypeError('no such branch')
  return mustLeave(a, b, partingOf(a, b))
}

test('who stands on a void branch goes over to the one that says so, and to no other', () => {
  assert.ok(leaves('nobody has ended it', 'goes on'))
  assert.ok(leaves('one link', 'goes on'))
  assert.not(leaves('goes on', 'nobody has ended it'))
  assert.not(leaves('one link', 'nobody has ended it'), 'nobody has said anything')
  assert.not(leaves('parts from that behind its first link', 'goes on'), 'it is not named')
})

test('of two that say so of each other one counts, and of an owner who is none here none', () => {
  const [one, other] = ['ended, and void by another', 'void by that, and ended']
  assert.is(Number(leaves(one, other)) + Number(leaves(other, one)), 1)
  assert.not(leaves('nobody has ended it', 'ended by an owner of its own'))
})

for (const { name, after, entry: bytes, refused } of refusedEnds(chain, n)) {
  test(`refused: end of a fork ${name}`, async () => {
    const branch = makeBranches(chain).all.find(([one]) => one === after)?.[1]
    if (branch === undefined) throw new TypeError('no such branch')
    const take = (): void => {
      const entry = decodeEntry(unhex(bytes))
      if (entry.kind !== 'link') throw new TypeError('no link')
      applyLink(branch.membership, entry.body.signed)
    }
    assert.is(await verdictOf(take), refused)
  })
}

test.run()
