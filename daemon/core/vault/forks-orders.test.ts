import fc from 'fast-check'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { Bytes } from '../../../shared/bytes.js'
import { cryptoReady } from '../../../shared/crypto/hash.js'
import { decodeEntry } from '../../../shared/log/entry.js'
import { signedLink } from '../../../shared/log/link.js'
import { leaves, meet, split } from './testing/split.js'
import type { Team } from './testing/team.js'

// Two branches of a chain in any order of arrival: what an owner has chosen is one chain for all (SPEC section 5).

await cryptoReady

/** One of two that remain, in the order that the numbers say. */
function woven(one: readonly Bytes[], two: readonly Bytes[], picks: readonly boolean[]): Bytes[] {
  const [left, right] = [[...one], [...two]]
  const out: Bytes[] = []
  for (let i = 0; left.length + right.length > 0; i++) {
    const from = (picks[i % picks.length] === true || right.length === 0) && left.length > 0
    out.push(...(from ? left : right).splice(0, 1))
  }
  return out
}

const deeds = fc.array(fc.constantFrom('rotate', 'write', 'bob'), { maxLength: 4 })
const picks = fc.array(fc.boolean(), { minLength: 1, maxLength: 12 })

test('whatever was done on two branches, and in whatever order it comes: one chain and one state, once an owner has ended it', () => {
  const property = fc.property(
    deeds,
    deeds,
    fc.array(picks, { minLength: 2, maxLength: 3 }),
    (there, here, orders) => {
      const act = (t: Team, by: string, all: readonly string[]): void => {
        t.rotate(by)
        for (const [i, one] of all.entries()) {
          t.read(by)
          if (one === 'rotate') t.rotate(by)
          else if (one === 'write') t.write(by, `n${i % 2}`, `${by} ${i}`)
          else {
            const name = by === 'ann/a' ? 'bob/here' : 'bob/b'
            t.read(name)
            t.write(name, `n${i % 2}`, `${name} ${i}`)
          }
        }
        t.read(by)
      }
      const { t, base, branch } = split(
        (t) => act(t, 'dan/d', there),
        (t) => {
          t.anew('bob/b', 'bob/here')
          act(t, 'ann/a', here)
        },
      )
      const [first] = branch
      const entry = first && decodeEntry(first)
      if (entry?.kind !== 'link') return assert.unreachable()
      const void_ = {
        n: signedLink.read(entry.body.signed).n,
        hash: signedLink.id(entry.body.signed),
      }
      t.link('ann/a', () => ({ action: { kind: 'end-fork', body: { voids: [void_] } } }))
      const chosen = t.log.slice(base.length)
      const seen = orders.map((order, i) => {
        const name = `dan/${i}`
        t.anew('dan/d', name)
        t.read(name, [...base, ...woven(chosen, branch, order)])
        leaves(t, name)
        meet(t, name)
        const { replica } = t.of(name)
        assert.not(replica.isForked)
        const values = ['x', 'n0', 'n1'].map((key) =>
          replica.current('secret', key)?.siblings.map(({ id }) => id),
        )
        return { chain: replica.membership?.hashes, values, waiting: replica.waiting().length }
      })
      t.read('ann/a')
      const { replica } = t.of('ann/a')
      for (const one of seen) {
        assert.equal(one, seen[0])
        assert.equal(one.chain, replica.membership?.hashes)
        assert.is(one.waiting, 0)
      }
    },
  )
  fc.assert(property, { numRuns: 25 })
})

test.run()
