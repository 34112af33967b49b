import fc from 'fast-check'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { concat, equal, toHex, u32be, u64be, type Bytes } from '../bytes.js'
import { cryptoReady, hash } from '../crypto/hash.js'
import { verdictOf } from '../testing/refusal.js'
import {
  changeOfRow,
  changesIn,
  compareBytes,
  leavesOf,
  rowOf,
  rowsOf,
  SnapshotTree,
  slotOf,
} from './snapshot-tree.js'

await cryptoReady

const slot = (n: number): Bytes => concat(u32be(n), u32be(0))
const change = (n: number): Bytes => hash('test-change', u32be(n))
const sorted = (rows: readonly Bytes[]): Bytes[] => rows.toSorted(compareBytes)

/** Rows of these slots, one change each. */
const drawn = (slots: readonly number[]): Bytes[] =>
  sorted(slots.map((n, i) => rowOf(slot(n), change(i))))

test('what a slot holds is proved by one leaf, and so is that it holds nothing', () => {
  fc.assert(
    fc.property(
      fc.array(fc.nat({ max: 60 }), { maxLength: 150 }),
      fc.nat({ max: 62 }),
      (slots, wanted) => {
        const rows = drawn(slots)
        const tree = new SnapshotTree(rows)
        const at = { root: tree.root, leaves: tree.leaves.length }
        const expected = rows.filter((row) => equal(slotOf(row), slot(wanted))).map(changeOfRow)
        assert.equal(changesIn(at, slot(wanted), tree.find(slot(wanted))), expected)
      },
    ),
    { numRuns: 60 },
  )
})

test('rows of one slot are never parted', () => {
  const leaves = leavesOf(drawn([...Array.from({ length: 40 }, () => 5), 6, 7]))
  assert.is(leaves.length, 2)
  assert.is(rowsOf(leaves[0]?.rows ?? new Uint8Array(0)).length, 40)
})

test('attack 23: a leaf that was changed, cut, moved or is another proves nothing', () => {
  const rows = drawn(Array.from({ length: 100 }, (_, i) => i))
  const tree = new SnapshotTree(rows)
  const at = { root: tree.root, leaves: tree.leaves.length }
  const proof = tree.find(slot(40))
  const said = (over: object): string =>
    verdictOf(() => changesIn(at, slot(40), { ...proof, ...over }))
  assert.is(said({}), 'holds')
  const bad = 'tampering/bad-snapshot'
  assert.is(said({ rows: proof.rows.subarray(40) }), bad)
  assert.is(said({ rows: new Uint8Array(0) }), bad)
  assert.is(said({ rows: concat(proof.rows, rowOf(slot(48), change(999))) }), bad)
  assert.is(said({ index: proof.index + 1 }), bad)
  assert.is(said({ index: 99 }), bad)
  assert.is(said({ path: proof.path.slice(1) }), bad)
  assert.is(said({ path: [...proof.path, new Uint8Array(32)] }), bad)
  assert.is(said({ until: undefined }), bad)
  assert.is(said({ from: slot(0) }), bad)
  assert.is(said(tree.find(slot(90))), bad)
  assert.is(
    verdictOf(() => changesIn({ ...at, leaves: 2 }, slot(40), proof)),
    bad,
  )
})

test('rows out of order or cut off are refused', () => {
  const [a, b] = drawn([1, 2])
  assert.ok(a && b)
  assert.is(
    verdictOf(() => rowsOf(concat(b, a))),
    'tampering/bad-snapshot',
  )
  assert.is(
    verdictOf(() => rowsOf(concat(a, a))),
    'tampering/bad-snapshot',
  )
  assert.is(
    verdictOf(() => rowsOf(concat(a, b).subarray(1))),
    'tampering/bad-snapshot',
  )
})

test('a proof grows with the logarithm of the rows only', () => {
  const size = (count: number): number => {
    const tree = new SnapshotTree(drawn(Array.from({ length: count }, (_, i) => i)))
    const { rows, path } = tree.find(slot(7))
    return rows.length + path.length * 32
  }
  assert.is(size(16 * 64) - size(16 * 8), 3 * 32)
})

test("SPEC's worked trees", () => {
  const row = (n: number): Bytes => rowOf(u64be(n), new Uint8Array(32).fill(n))
  const root = (count: number): string =>
    toHex(new SnapshotTree(Array.from({ length: count }, (_, i) => row(i + 1))).root)
  assert.is(root(0), '41210bb60f445f220a4c3f88b14cc9ccef03910b31db93c6d89ca07f1534e300')
  assert.is(root(2), '08fbf94508a81881605b1db9aeeda3a600ffbfc2c6176caf5d9c624822d34593')
  assert.is(root(17), '0df0219bf89368decfb6c2378e351f79f4a61c23624dcb4037065b2bb5e33b28')
})

test.run()
