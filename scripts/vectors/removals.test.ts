import fc from 'fast-check'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { fromUtf8, type Bytes } from '../../shared/bytes.js'
import { changeIdOf } from '../../shared/log/changeset.js'
import { decodeWraps } from '../../shared/log/link.js'
import { epochAt } from '../../shared/log/membership.js'
import {
  epochStart,
  genesisContext,
  openLabel,
  openPart,
  unwrap,
  vaultContext,
} from '../../daemon/core/crypto/epoch.js'
import { reached } from '../../daemon/core/vault/epochs.js'
import { readFrozen } from './files.js'
import type { NamedChangeset } from './history.js'
import { foldTo, verdictOf } from './judge.js'
import { takeOfTeam } from './judge-team.js'
import { refusedOfTeam } from './refused-team.js'
import { foldedNames } from './removals.js'
import { epochKey, makeTeam } from './team.js'

// The frozen vectors of a team whose members come and go; vectors.test.ts makes their bytes again.

const { team: tables } = readFrozen()
const team = makeTeam(tables)
const { chain, history, membership } = team

test('every wrap opens for its device to the key of the epoch that its link leaves in force', () => {
  let opened = 0
  for (const { link, wraps, to } of chain.links) {
    const epoch = epochAt(membership, link.n)
    const { action } = link
    const vault =
      action.kind === 'genesis' ? genesisContext(action.body.nonce) : vaultContext(chain.vaultId)
    const start = epochStart(epochKey(epoch), new Uint8Array(0))
    for (const { box, id } of to) {
      const at = { vault, epoch, device: id, start }
      assert.equal(unwrap(decodeWraps(wraps ?? new Uint8Array(0)), box, at), epochKey(epoch))
      opened++
    }
  }
  assert.ok(opened > 20)
})

test('every label opens with the key that was in force before its link', () => {
  for (const { link, label, labels = [] } of chain.links) {
    const { body } = link.action
    const key = epochKey(link.n === 0 ? 1 : epochAt(membership, link.n - 1))
    const boxes = 'labels' in body ? body.labels : 'label' in body ? [body.label] : []
    const named = label === undefined ? labels : [label]
    assert.is(boxes.length, named.length)
    named.forEach(({ subject, text }, i) => {
      const plain = openLabel(key, subject, boxes[i] ?? new Uint8Array(0))
      assert.is(fromUtf8(plain ?? new Uint8Array(1)), text)
    })
  }
})

test('who is given the newest key follows it down to the first, past the epoch that opens none', () => {
  const keys = new Map(membership.epochs.map((_, i) => [i + 1, epochKey(i + 1)]))
  const from = (epoch: number): number[] =>
    [...reached(membership, keys, epoch)].toSorted((a, b) => a - b)
  assert.equal(from(5), [1, 2, 3, 4, 5])
  assert.equal(from(4), [4])
  assert.equal(from(3), [1, 2, 3])
})

test('every item opens under the key of its epoch', () => {
  for (const { header, items, plain } of history.made) {
    header.items.forEach((one, i) => {
      const open = (part: 'meta' | 'value', box: Bytes, commitment: Bytes): Bytes =>
        openPart(epochKey(header.epoch), header, i, part, { box, commitment })
      const [item, was] = [items[i]!, plain[i]!]
      open('meta', item.meta, one.metaCommitment)
      if (was.value !== undefined)
        assert.equal(open('value', item.value!, one.valueCommitment!), was.value)
    })
  }
})

/** What shows, by name, when changesets come in this order. */
function shown(last: string, order: readonly NamedChangeset[]): string {
  const { names, cuts } = foldedNames(foldTo(chain, last), order)
  const all = new Set(order.flatMap(({ plain }) => plain.map(({ meta }) => meta)))
  const live = [...all].map(({ space, name }) => {
    const ids = names.current(space, name)?.siblings.map(({ id }) => id) ?? []
    return `${space} ${name} ${ids.join()}`
  })
  return [...new Set(live), ...[...cuts.all].toSorted()].toSorted().join('\n')
}

test('what the changesets fold into does not depend on their order', () => {
  for (const last of ['remove', 'rewrap', 'member-fay']) {
    const links = foldTo(chain, last).hashes.length
    const made = history.made.filter(({ header }) => header.memberHead.n < links)
    const expected = shown(last, made)
    const keys = fc.array(fc.nat(1000), { minLength: made.length, maxLength: made.length })
    fc.assert(
      fc.property(keys, (order) => assert.is(shown(last, inOrder(made, order)), expected)),
      { numRuns: 50 },
    )
  }
})

/** Each after its prev and deps, as a graph takes them; among those that could come, by `order`. */
function inOrder(made: readonly NamedChangeset[], order: readonly number[]): NamedChangeset[] {
  const out: NamedChangeset[] = []
  let rest = made.map((one, i) => ({ one, at: order[i] ?? 0 }))
  while (rest.length > 0) {
    const here = new Set(out.map(({ hash }) => hash))
    const ready = rest
      .filter(({ one: { header } }) => {
        const refs = [...header.deps.map(({ hash }) => hash), ...(header.prev ? [header.prev] : [])]
        return refs.every((hash) => here.has(hash))
      })
      .toSorted((a, b) => a.at - b.at)
    const next = ready[0]
    if (next === undefined) throw new TypeError('a ring')
    out.push(next.one)
    rest = rest.filter((one) => one !== next)
  }
  return out
}

test('a void change shows nothing, and what was built on it shows', () => {
  const { names } = foldedNames(membership, history.made)
  const live = (name: string): unknown =>
    names.current('secret', name)?.siblings.map(({ id }) => id)
  const id = (name: string, i = 0): unknown => changeIdOf(history.get(name).hash, i)
  assert.equal(live('A'), [id('desk-1')], 'a void delete deletes nothing')
  assert.equal(live('B'), [id('phone-2')], 'what the void change superseded is superseded too')
  assert.equal(live('C'), [id('desk-3')], 'the cut was raised to it')
  assert.is(live('F'), undefined)
})

for (const { name, input, refused } of refusedOfTeam(team, tables)) {
  test(`refused: ${name}`, async () => {
    assert.is(await verdictOf(() => takeOfTeam(team, input)), refused)
  })
}

test.run()
