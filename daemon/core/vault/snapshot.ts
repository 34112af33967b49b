import { concat, concatAll, equal, u32be, u64be, utf8, type Bytes } from '../../../shared/bytes.js'
import { decode, encode } from '../../../shared/codec.js'
import { bytesOf, type DeviceId } from '../../../shared/ids.js'
import { LIMITS } from '../../../shared/limits.js'
import { checkpointOf, mayWitness, witnessFor } from '../../../shared/log/checkpoint.js'
import { logNext } from '../../../shared/log/entry.js'
import { VERSION, type Action } from '../../../shared/log/link.js'
import { epochAt, headOf, roleAt } from '../../../shared/log/membership.js'
import { RIGHTS } from '../../../shared/log/roles.js'
import { signedCodec } from '../../../shared/log/signed.js'
import { signedSnapshot, type CoveredHead, type Snapshot } from '../../../shared/log/snapshot.js'
import {
  badSnapshot,
  compareBytes,
  rowOf,
  SLOT,
  SnapshotTree,
} from '../../../shared/log/snapshot-tree.js'
import { keyedHash } from '../crypto/seal.js'
import type { Chain, Identity } from './chain.js'
import type { Change } from './change.js'
import type { Base } from './base.js'
import type { Graph, Node } from './graph.js'
import type { Inbound } from './inbound.js'
import type { Intake } from './intake.js'
import type { Names } from './names.js'
import { SPACES, type Env, type Space } from './records.js'

/** A snapshot is due when the log after the last one is this part of what that covers: its rows are sent anew each time. */
const SHARE = 8

/** Hides a name: only who holds the epoch's key can tell where in a snapshot it stands. */
export function slotFor(
  epochKey: Bytes,
  { vaultId, nonce }: Pick<Snapshot, 'vaultId' | 'nonce'>,
  space: Space,
  name: string,
): Bytes {
  const key = keyedHash(epochKey, 'snapshot-key', bytesOf(vaultId), nonce)
  const slot = keyedHash(key, 'snapshot-slot', Uint8Array.of(SPACES.indexOf(space)), utf8(name))
  return slot.subarray(0, SLOT)
}

/** A snapshot to offer: signed, and its rows with their places as the relay wants them. */
export type MadeSnapshot = { readonly signed: Bytes; readonly rows: Bytes; readonly pos: number }

type Parts = {
  readonly chain: Chain
  readonly graph: Graph
  readonly names: Names
  readonly inbound: Inbound
  readonly intake: Intake
  readonly base: Base
}
type Row = { readonly row: Bytes; readonly placed: Bytes }
type Checkpoint = Extract<Action, { kind: 'checkpoint' }>

/** Rows that are made in one step: some ten milliseconds. */
const STEP = 1024

/** All of them; undefined when there are more than `most`. */
function takeUpTo<T>(all: Iterable<T>, most: number): T[] | undefined {
  const out: T[] = []
  for (const one of all) {
    if (out.length === most) return undefined
    out.push(one)
  }
  return out
}

function atOnce<T>(work: Generator<void, T>): T {
  for (;;) {
    const step = work.next()
    if (step.done === true) return step.value
  }
}

/** Snapshots of this device's vault: made, and computed anew for those of others (SPEC section 7). */
export class Snapshots {
  readonly #env: Env
  readonly #identity: Identity
  readonly #parts: Parts

  constructor(env: Env, identity: Identity, parts: Parts) {
    this.#env = env
    this.#identity = identity
    this.#parts = parts
  }

  /** Whether the log up to the cursor is here as a whole, with all that its changesets build on, and opened. */
  get #isWhole(): boolean {
    const { chain, inbound, intake, base } = this.#parts
    const { membership: m, role } = chain
    if (m === undefined || role === undefined || !RIGHTS[role].reads) return false
    const keys = m.epochs.every((_, i) => chain.keys.has(i + 1))
    return keys && inbound.size === 0 && base.wants === undefined && intake.cursor.pos > 0
  }

  /** The slot of a name in the snapshot that this device goes on from, and isn't whole yet. */
  slotOf(space: Space, name: string): { readonly upto: number; readonly slot: Bytes } | undefined {
    const { base, chain } = this.#parts
    const { snapshot } = base
    const key = snapshot && chain.keys.get(snapshot.epoch)
    if (snapshot === undefined || key === undefined || base.wants === undefined) return undefined
    return { upto: snapshot.pos, slot: slotFor(key, snapshot, space, name) }
  }

  /** Whether so much was written since `last`, the position of the newest snapshot known, that another is worth it. */
  isDue(last: number): boolean {
    const { chain, intake, base } = this.#parts
    if (!this.#isWhole) return false
    const before = Math.max(last, checkpointOf(chain.known())?.pos ?? 0, base.snapshot?.pos ?? 0)
    return intake.cursor.pos - before >= Math.max(LIMITS.snapshotAfter, before / SHARE)
  }

  /** Whether a checkpoint at this position would be so many entries after the one before it. */
  isCheckpointDue(pos: number, every: number): boolean {
    const m = this.#parts.chain.membership
    return m !== undefined && pos - (checkpointOf(m)?.pos ?? 0) >= every
  }

  /** As `making`, at once. */
  make(most?: number): MadeSnapshot | undefined {
    return atOnce(this.making(most))
  }

  /** As `confirming`, at once. */
  confirm(body: Bytes): Checkpoint | undefined {
    return atOnce(this.confirming(body))
  }

  /**
   * A snapshot of the log up to the cursor; undefined when it can't be made, or has more than `most` changes. Between its
   * steps anything may happen to the vault.
   */
  *making(most: number = LIMITS.snapshotRows): Generator<void, MadeSnapshot | undefined> {
    const { chain, intake } = this.#parts
    const { entryId, pos, logHash } = intake.cursor
    if (!this.#isWhole || entryId === undefined) return undefined
    const m = chain.known()
    const nonce = this.#env.random(16)
    const at = { pos, epoch: epochAt(m), nonce, vaultId: chain.vaultId }
    const memberHead = headOf(m)
    const heads = this.#headsAt(pos)
    const rows = yield* this.#rowsAt(at, most)
    if (rows === undefined || heads.length > LIMITS.cuts) return undefined
    yield
    const { root, leaves } = new SnapshotTree(rows.map(({ row }) => row))
    const snapshot: Snapshot = {
      version: VERSION,
      device: this.#identity.device,
      memberHead,
      ...at,
      entryId,
      logHash,
      count: rows.length,
      leaves: leaves.length,
      root,
      heads,
    }
    const signed = signedSnapshot.make(snapshot, this.#identity.sign.privateKey)
    const placed = concatAll(rows.map((one) => one.placed))
    return { signed: encode(signedCodec, signed), rows: placed, pos }
  }

  /**
   * The rows of the changes that count at a position, ascending; undefined when a place in the log isn't known, or when
   * they are too many for a snapshot: that is asked again and again, and told before anything is hashed.
   */
  *#rowsAt(
    at: Pick<Snapshot, 'pos' | 'epoch' | 'nonce' | 'vaultId'>,
    most: number,
  ): Generator<void, Row[] | undefined> {
    const { chain, graph, names } = this.#parts
    const key = chain.keys.get(at.epoch)
    if (key === undefined) return undefined
    const nodeOf = ({ place }: Change): Node | undefined =>
      place && graph.nodes.get(place.changeset)
    const counts = (change: Change): boolean => (nodeOf(change)?.pos ?? Infinity) <= at.pos
    const live = takeUpTo(names.liveOf(counts), most)
    const rows: Row[] = []
    for (const change of live ?? []) {
      const pos = nodeOf(change)?.pos
      if (pos === undefined || change.place === undefined) return undefined
      if (rows.length % STEP === STEP - 1) yield
      const slot = slotFor(key, at, change.space, change.name)
      const index = u32be(change.place.index).subarray(2)
      const placed = concat(slot, u64be(pos).subarray(2), index)
      rows.push({ row: rowOf(slot, bytesOf(change.id)), placed })
    }
    return live && rows.toSorted((a, b) => compareBytes(a.row, b.row))
  }

  /** The newest changesets of each device up to a position: several of one that signed a number twice. */
  #headsAt(pos: number): CoveredHead[] {
    const { graph } = this.#parts
    const heads = new Map<DeviceId, CoveredHead[]>()
    const add = (head: CoveredHead): void => {
      const known = heads.get(head.device)?.[0]?.seq ?? 0
      if (head.seq > known) heads.set(head.device, [head])
      else if (head.seq === known) heads.get(head.device)?.push(head)
    }
    for (const head of graph.base?.heads ?? []) add(head)
    for (const [hash, node] of graph.nodes) {
      const { device, seq, memberN } = node
      const known = graph.base?.heads.some((head) => head.hash === hash) === true
      if (!known && node.pos !== undefined && node.pos <= pos) add({ device, seq, hash, memberN })
    }
    const sorted = [...heads.values()].flat()
    return sorted.toSorted((a, b) => order(a.device, b.device) || order(a.hash, b.hash))
  }

  /**
   * The link by which this device confirms a snapshot that another offers, once it has computed the same; undefined when
   * it isn't this device's to confirm, or not yet.
   * @throws CofferError `tampering` when it isn't what this device finds, `format`
   */
  *confirming(body: Bytes): Generator<void, Checkpoint | undefined> {
    const signed = decode(signedCodec, body, 'a signed snapshot', LIMITS.signedSnapshot)
    const snapshot = signedSnapshot.read(signed)
    const { chain, intake } = this.#parts
    if (!this.#isWhole || snapshot.vaultId !== chain.vaultId) return undefined
    const m = chain.known()
    const head = headOf(m)
    const own = m.devices.get(this.#identity.device)
    const maker = m.devices.get(snapshot.device)
    if (own === undefined || maker === undefined || roleAt(m, maker.id) === undefined)
      return undefined
    signedSnapshot.check(signed, maker.keys.sign)
    const inTime =
      snapshot.memberHead.n === head.n &&
      snapshot.memberHead.hash === head.hash &&
      snapshot.pos <= intake.cursor.pos &&
      snapshot.pos > (checkpointOf(m)?.pos ?? 0)
    if (!inTime || !mayWitness(m, maker, own)) return undefined
    this.#checkLog(snapshot)
    yield* this.#checkContent(snapshot)
    return { kind: 'checkpoint', body: { snapshot: signed } }
  }

  /** Whether this device's own snapshot needs nobody else. */
  isAlone(): boolean {
    const m = this.#parts.chain.known()
    const own = m.devices.get(this.#identity.device)
    return own !== undefined && witnessFor(m, own) === 'none'
  }

  #checkLog({ pos, entryId, logHash }: Snapshot): void {
    const { intake } = this.#parts
    const before = intake.logHashAt(pos - 1)
    const holds =
      intake.logHashAt(pos) === logHash &&
      before !== undefined &&
      logNext(before, entryId) === logHash
    if (!holds) badSnapshot('it is of another log than this device has read')
  }

  *#checkContent(snapshot: Snapshot): Generator<void, void> {
    const rows = yield* this.#rowsAt(snapshot, LIMITS.snapshotRows)
    const heads = this.#headsAt(snapshot.pos)
    const text = (all: readonly CoveredHead[]): string =>
      all.map((one) => `${one.device} ${one.seq} ${one.hash} ${one.memberN}`).join()
    if (rows === undefined || text(heads) !== text(snapshot.heads))
      badSnapshot('it names other heads than this device finds')
    yield
    const { root, leaves } = new SnapshotTree(rows.map(({ row }) => row))
    const same =
      rows.length === snapshot.count &&
      leaves.length === snapshot.leaves &&
      snapshot.epoch === epochAt(this.#parts.chain.known()) &&
      equal(root, snapshot.root)
    if (!same) badSnapshot('it leaves out, or adds, what this device finds otherwise')
  }
}

const order = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)
