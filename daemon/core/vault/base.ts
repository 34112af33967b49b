import { concatAll, equal, utf8, type Bytes } from '../../../shared/bytes.js'
import { encode } from '../../../shared/codec.js'
import type { ChangeId, ChangesetHash } from '../../../shared/ids.js'
import { changeIdOf } from '../../../shared/log/changeset.js'
import type { Signed } from '../../../shared/log/signed.js'
import { signedSnapshot, type Snapshot } from '../../../shared/log/snapshot.js'
import {
  badSnapshot,
  changeOfRow,
  rowsOf,
  SnapshotTree,
} from '../../../shared/log/snapshot-tree.js'
import type { Chain } from './chain.js'
import type { Graph } from './graph.js'
import type { Names } from './names.js'
import { baseRecordCodec, type BaseRecord, type Op, type Space } from './records.js'

export const BASE = utf8('base')

/** What of a snapshot is still to be fetched: the piece, and where it goes on. */
export type BaseWants = {
  readonly upto: number
  readonly part: 'rows' | 'entries'
  /** Rows: how many are here. Entries: up to which position they are. */
  readonly after: number
}

type Parts = { readonly chain: Chain; readonly graph: Graph; readonly names: Names }
type Judged = { readonly space: Space; readonly name: string }

/**
 * The snapshot from which this device went on, since it never read the log before it, or the relay has pruned it: first
 * the rows, which the signed root proves, then the entries, of which none but the rows' own count.
 */
export class Base {
  readonly #parts: Parts
  #record: BaseRecord | undefined
  /** The snapshot; undefined when the log was read from its start. */
  snapshot: Snapshot | undefined
  #rows: Bytes[] = []
  #count = 0
  /** The changes that count, once the root has proved them; and those among them that aren't here yet. */
  #live: Set<ChangeId> | undefined
  #left = new Set<ChangeId>()

  constructor(parts: Parts) {
    this.#parts = parts
  }

  restore(record: BaseRecord): void {
    this.#record = record
    this.snapshot = signedSnapshot.read(record.signed)
    this.#parts.graph.base = this.snapshot
  }

  /** Whether this reading of the log went on from it. */
  isOf(reading: number): boolean {
    return this.#record?.reading === reading
  }

  /** What is to be fetched next; undefined: all is here. */
  get wants(): BaseWants | undefined {
    const { snapshot } = this
    if (this.#record === undefined || snapshot === undefined || this.#record.whole === 1)
      return undefined
    const upto = snapshot.pos
    if (this.#live === undefined) return { upto, part: 'rows', after: this.#count }
    return { upto, part: 'entries', after: this.#record.after }
  }

  /** Goes on from this snapshot, whose signature and maker were checked. */
  begin(signed: Signed, reading: number): Op[] {
    this.#forget()
    return this.#keep({ signed, reading, after: 0 })
  }

  /** The log is read from its start after all. */
  end(): Op[] {
    this.#forget()
    this.#record = undefined
    this.snapshot = undefined
    this.#parts.graph.base = undefined
    return [{ table: 'meta', key: BASE, value: undefined }]
  }

  #forget(): void {
    this.#rows = []
    this.#count = 0
    this.#live = undefined
    this.#left.clear()
  }

  #keep(record: BaseRecord): Op[] {
    this.restore(record)
    return [{ table: 'meta', key: BASE, value: encode(baseRecordCodec, record) }]
  }

  /**
   * Takes the next rows. With the last, the root is computed: what this device knew and the snapshot doesn't have was
   * superseded meanwhile. @throws CofferError `tampering` (reason `bad-snapshot`): all is to be fetched again
   */
  takeRows(packed: Bytes, more: boolean): { ops: Op[]; judged: Judged[] } {
    const { snapshot } = this
    if (snapshot === undefined || this.#live !== undefined) return { ops: [], judged: [] }
    this.#rows.push(packed)
    this.#count += packed.length / 40
    if (more && this.#count < snapshot.count && packed.length > 0) return { ops: [], judged: [] }
    const all = concatAll(this.#rows)
    this.#forget()
    const rows = rowsOf(all)
    const { root, leaves } = new SnapshotTree(rows)
    const holds =
      rows.length === snapshot.count &&
      leaves.length === snapshot.leaves &&
      equal(root, snapshot.root)
    if (!holds) badSnapshot('its rows are not what was signed')
    this.#live = new Set(rows.map(changeOfRow))
    this.#left = new Set(this.#live)
    return this.#retire(snapshot.pos, this.#live)
  }

  /** Says of every changeset that is here, and that the snapshot covers, what of it still counts. */
  #retire(upto: number, live: ReadonlySet<ChangeId>): { ops: Op[]; judged: Judged[] } {
    const { graph, names } = this.#parts
    const kept = new Map<ChangesetHash, number[]>()
    for (const { id, place } of names.all()) {
      const node = place && graph.nodes.get(place.changeset)
      if (place === undefined || node?.pos === undefined || node.pos > upto) continue
      const indexes = kept.get(place.changeset) ?? []
      kept.set(place.changeset, indexes)
      if (!live.has(id)) continue
      indexes.push(place.index)
      this.#left.delete(id)
    }
    for (const [hash, node] of graph.nodes) if (node.kept !== undefined) this.#meet(hash)
    const ops = [...kept].flatMap(([hash, indexes]) =>
      graph.keep(
        hash,
        indexes.toSorted((a, b) => a - b),
      ),
    )
    return { ops, judged: names.judgeAnew(new Set(kept.keys())) }
  }

  #meet(hash: ChangesetHash): void {
    for (const index of this.#parts.graph.nodes.get(hash)?.kept ?? []) {
      this.#left.delete(changeIdOf(hash, index))
    }
  }

  /** The indexes of a changeset's changes that count: none, and it has no business here. */
  keptOf(hash: ChangesetHash, count: number): number[] {
    const indexes = Array.from({ length: count }, (_, index) => index)
    return indexes.filter((index) => this.#live?.has(changeIdOf(hash, index)) === true)
  }

  /** Entries up to `after` are here; with the last, nothing may be missing. @throws CofferError as takeRows */
  advance(after: number, more: boolean, here: Iterable<ChangesetHash>): Op[] {
    const record = this.#record
    if (record === undefined || this.#live === undefined) return []
    for (const hash of here) this.#meet(hash)
    if (more) return this.#keep({ ...record, after })
    if (this.#left.size > 0) {
      this.#forget()
      this.restore({ ...record, after: 0 })
      badSnapshot(`${this.#left.size} of its changes were not given`)
    }
    this.#forget()
    return this.#keep({ ...record, after, whole: 1 })
  }
}
