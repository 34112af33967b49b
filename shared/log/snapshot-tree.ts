import { concat, concatAll, equal, type Bytes } from '../bytes.js'
import { hash } from '../crypto/hash.js'
import { CofferError } from '../errors.js'
import { idOf, type ChangeId } from '../ids.js'

// The tree under a snapshot's root (SPEC section 7). A row is slot[8] ‖ change id[32]; rows ascend. A slot hides the
// name: only who holds the epoch's key can tell it. All rows of one slot stand in one leaf, and a leaf says from which
// slot on it is the only one: so one leaf proves what a name holds, and that there is nothing else.

export const SLOT = 8
const ROW = SLOT + 32
/** A leaf is full with so many rows; those of one slot are never parted. */
const LEAF_ROWS = 16

const NO_SLOT = new Uint8Array(SLOT)

/** One leaf: its rows packed, and the slots that it alone holds, from `from` up to before `until` (its end: undefined). */
export type Leaf = {
  readonly from: Bytes
  readonly until: Bytes | undefined
  readonly rows: Bytes
}

/** One leaf with the hashes that lead from it to the root, the nearest first. */
export type LeafProof = {
  readonly index: number
  readonly until?: Bytes | undefined
  readonly from: Bytes
  readonly rows: Bytes
  readonly path: readonly Bytes[]
}

export function compareBytes(a: Bytes, b: Bytes): number {
  for (let i = 0; i < a.length && i < b.length; i++) {
    const by = (a[i] ?? 0) - (b[i] ?? 0)
    if (by !== 0) return by
  }
  return a.length - b.length
}

/** A row's bytes. */
export function rowOf(slot: Bytes, change: Bytes): Bytes {
  return concat(slot, change)
}

/** The packed rows one by one. @throws CofferError `tampering` (reason `bad-snapshot`) unless they ascend */
export function rowsOf(packed: Bytes): Bytes[] {
  const rows: Bytes[] = []
  for (let at = 0; at < packed.length; at += ROW) rows.push(packed.subarray(at, at + ROW))
  const ascend = rows.every((row, i) => i === 0 || compareBytes(rows[i - 1] ?? row, row) < 0)
  if (packed.length % ROW !== 0 || !ascend) badSnapshot('its rows are unordered or cut off')
  return rows
}

export const slotOf = (row: Bytes): Bytes => row.subarray(0, SLOT)
export const changeOfRow = (row: Bytes): ChangeId => idOf(row.subarray(SLOT))

/** @throws CofferError `tampering` (reason `bad-snapshot`) */
export function badSnapshot(what: string): never {
  throw new CofferError('tampering', `a snapshot is invalid: ${what}`, { reason: 'bad-snapshot' })
}

/** The leaves of ascending rows: at least one. */
export function leavesOf(rows: readonly Bytes[]): Leaf[] {
  const groups: Bytes[][] = [[]]
  for (const row of rows) {
    const group = groups.at(-1) ?? []
    const last = group.at(-1)
    const next = last !== undefined && !equal(slotOf(last), slotOf(row))
    if (group.length >= LEAF_ROWS && next) groups.push([row])
    else group.push(row)
  }
  return groups.map((group, i) => {
    const first = group[0]
    const follower = groups[i + 1]?.[0]
    return {
      from: i === 0 || first === undefined ? NO_SLOT : slotOf(first),
      until: follower && slotOf(follower),
      rows: concatAll(group),
    }
  })
}

const NOTHING = new Uint8Array(0)

function leafHash({ from, until, rows }: Pick<LeafProof, 'from' | 'until' | 'rows'>): Bytes {
  const end = until === undefined ? Uint8Array.of(0) : concat(Uint8Array.of(1), until)
  return hash('snapshot-leaf', from, end, rows)
}

/** The greatest power of two below `n`, of two or more. */
function split(n: number): number {
  let half = 1
  while (half * 2 < n) half *= 2
  return half
}

/** A tree over some leaves; one leaf has no branches. */
type Tree = {
  readonly hash: Bytes
  readonly count: number
  readonly branches?: readonly [Tree, Tree]
}

function treeOf(hashes: readonly Bytes[]): Tree {
  const [only = NOTHING] = hashes
  if (hashes.length <= 1) return { hash: only, count: hashes.length }
  const half = split(hashes.length)
  const [left, right] = [treeOf(hashes.slice(0, half)), treeOf(hashes.slice(half))]
  const root = hash('snapshot-node', left.hash, right.hash)
  return { hash: root, count: hashes.length, branches: [left, right] }
}

/** A tree whose leaves and nodes are hashed once. */
export class SnapshotTree {
  readonly leaves: readonly Leaf[]
  readonly #tree: Tree

  /** @param rows ascending */
  constructor(rows: readonly Bytes[]) {
    this.leaves = leavesOf(rows)
    this.#tree = treeOf(this.leaves.map(leafHash))
  }

  get root(): Bytes {
    return this.#tree.hash
  }

  /** The leaf that holds a slot, or would. */
  find(slot: Bytes): LeafProof {
    const found = this.leaves.findLastIndex(({ from }) => compareBytes(from, slot) <= 0)
    const index = Math.max(0, found)
    const leaf = this.leaves[index] ?? { from: NO_SLOT, until: undefined, rows: NOTHING }
    return { index, ...leaf, path: pathTo(this.#tree, index) }
  }
}

function pathTo({ branches }: Tree, index: number): Bytes[] {
  if (branches === undefined) return []
  const [left, right] = branches
  return index < left.count
    ? [...pathTo(left, index), right.hash]
    : [...pathTo(right, index - left.count), left.hash]
}

function climb(at: Bytes, index: number, count: number, path: readonly Bytes[]): Bytes {
  if (count <= 1) return path.length === 0 ? at : NOTHING
  const half = split(count)
  const last = path.at(-1) ?? NOTHING
  const rest = path.slice(0, -1)
  return index < half
    ? hash('snapshot-node', climb(at, index, half, rest), last)
    : hash('snapshot-node', last, climb(at, index - half, count - half, rest))
}

/**
 * The changes that the snapshot of this root has in a slot, proved by the leaf that alone may hold them.
 * @throws CofferError `tampering` (reason `bad-snapshot`)
 */
export function changesIn(
  snapshot: { readonly root: Bytes; readonly leaves: number },
  slot: Bytes,
  proof: LeafProof,
): ChangeId[] {
  const { index, from, until, rows, path } = proof
  if (index >= snapshot.leaves || path.length > 32) badSnapshot('it has no such leaf')
  if (!equal(climb(leafHash(proof), index, snapshot.leaves, path), snapshot.root))
    badSnapshot('a leaf of it is not what was signed')
  const holds =
    compareBytes(from, slot) <= 0 && (until === undefined || compareBytes(slot, until) < 0)
  if (!holds) badSnapshot('another leaf of it was given')
  return rowsOf(rows)
    .filter((row) => equal(slotOf(row), slot))
    .map(changeOfRow)
}
