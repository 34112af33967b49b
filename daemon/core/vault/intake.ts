import { u64be, utf8, type Bytes } from '../../../shared/bytes.js'
import { encode } from '../../../shared/codec.js'
import { CofferError } from '../../../shared/errors.js'
import {
  bytesOf,
  idOf,
  type ChangesetHash,
  type EntryId,
  type LogHash,
} from '../../../shared/ids.js'
import { signedHeader } from '../../../shared/log/changeset.js'
import { decodeEntry, entryIdOf, logNext, logStart, type Entry } from '../../../shared/log/entry.js'
import type { Snapshot } from '../../../shared/log/snapshot.js'
import { badSnapshot } from '../../../shared/log/snapshot-tree.js'
import { alarmOf, type Alarm } from './alarm.js'
import type { Chain, Identity } from './chain.js'
import type { Cuts } from './cuts.js'
import type { Drafts } from './drafts.js'
import { storedHeader } from './entries.js'
import type { Forks } from './forks.js'
import type { Graph } from './graph.js'
import type { Heads } from './heads.js'
import type { Inbound } from './inbound.js'
import type { Names } from './names.js'
import { Batch } from './batch.js'
import { cursorRecordCodec, type Env, type LogCursor, type Op, type Space } from './records.js'

/** What taking entries in gave. The ops are one durable batch. */
export type Outcome = {
  readonly ops: readonly Op[]
  readonly changed: readonly { readonly space: Space; readonly name: string }[]
  readonly linksChanged: boolean
  readonly alarms: readonly Alarm[]
  /** Own entries that the log has shown. */
  readonly acknowledged: readonly EntryId[]
}

export const CURSOR = utf8('cursor')

type Parts = {
  readonly chain: Chain
  readonly graph: Graph
  readonly names: Names
  readonly cuts: Cuts
  readonly drafts: Drafts
  readonly inbound: Inbound
  readonly heads: Heads
  readonly forks: Forks
}

/** An entry that a snapshot keeps, where it stands in the log. */
export type KeptEntry = { readonly pos: number; readonly body: Bytes }
type KeptOf = (hash: ChangesetHash, count: number) => readonly number[]

/** Where an entry is said to stand in the log. */
type LogPlace = { readonly id: EntryId; readonly pos: number }

/** The one door through which a relay's log comes in: position by position, each entry to where it belongs. */
export class Intake {
  readonly #env: Env
  readonly #identity: Identity
  readonly #parts: Parts
  cursor: LogCursor

  constructor(env: Env, identity: Identity, parts: Parts) {
    this.#env = env
    this.#identity = identity
    this.#parts = parts
    this.cursor = { pos: 0, logHash: logStart(parts.chain.vaultId), generation: 0, reading: 0 }
  }

  /** Takes links in ahead of the log: a joiner's first, an own one that was accepted, or after a lost race. */
  ingestChain(entries: readonly Bytes[]): Outcome {
    const batch = new Batch()
    for (const body of entries) {
      const entry = this.#decode(body, batch)
      if (entry?.kind === 'link') this.#takeLink(body, entry, batch)
    }
    return this.#settle(batch)
  }

  /**
   * Takes in contiguous log entries from position `from`. Entries before the cursor are passed over; none at all
   * only note the generation.
   * @throws CofferError `tampering` (reason `gap`) when they start past the cursor
   */
  ingest(from: number, bodies: readonly Bytes[], generation: number): Outcome {
    if (from > this.cursor.pos + 1) {
      throw new CofferError('tampering', 'the relay left out entries of its log', { reason: 'gap' })
    }
    const batch = new Batch()
    for (const body of bodies.slice(this.cursor.pos + 1 - from)) {
      const entryId = entryIdOf(body)
      const { pos, logHash, reading } = this.cursor
      const next = logNext(logHash, entryId)
      this.cursor = { pos: pos + 1, entryId, logHash: next, generation, reading }
      batch.ops.push({ table: 'log', key: u64be(pos + 1), value: bytesOf(this.cursor.logHash) })
      this.#take(body, { id: entryId, pos: pos + 1 }, batch)
      // At each entry: the store doesn't have this batch's positions yet.
      const { ops, alarms } = this.#parts.heads.recheck(this.cursor)
      batch.ops.push(...ops)
      batch.alarms.push(...alarms)
    }
    this.cursor = { ...this.cursor, generation }
    batch.ops.push({ table: 'meta', key: CURSOR, value: encode(cursorRecordCodec, this.cursor) })
    return this.#settle(batch)
  }

  /** Goes on from a snapshot instead of the log before it; its rows and entries come by `takeKept`. */
  adopt({ pos, entryId, logHash }: Snapshot): Op[] {
    this.cursor = { pos, entryId, logHash, generation: 0, reading: this.cursor.reading }
    return [
      { table: 'log', key: u64be(pos), value: bytesOf(logHash) },
      { table: 'meta', key: CURSOR, value: encode(cursorRecordCodec, this.cursor) },
    ]
  }

  /**
   * Takes entries that a snapshot keeps, in the order of the log. Which of their changes count, `keptOf` says; whoever
   * gives others tries to bring old versions back.
   */
  takeKept(entries: readonly KeptEntry[], keptOf: KeptOf): Outcome & { here: ChangesetHash[] } {
    const batch = new Batch()
    const here: ChangesetHash[] = []
    for (const { pos, body } of entries) {
      const entry = this.#decode(body, batch)
      if (entry === undefined || entry.kind === 'link') continue
      batch.ops.push(...this.#parts.drafts.settle([entryIdOf(body)]))
      try {
        here.push(this.#takeOneKept(entry, pos, keptOf, batch))
      } catch (error) {
        batch.alarms.push(alarmOf(error, 'entry'))
      }
    }
    return { ...this.#settle(batch), here }
  }

  #takeOneKept(
    entry: Exclude<Entry, { kind: 'link' }>,
    pos: number,
    keptOf: KeptOf,
    batch: Batch,
  ): ChangesetHash {
    const { graph, inbound } = this.#parts
    const hash = entry.kind === 'items' ? entry.body.changeset : signedHeader.id(entry.body.signed)
    if (graph.has(hash)) return hash
    batch.touched.add(hash)
    if (entry.kind === 'items') inbound.more(hash, entry.body.first, entry.body.items)
    else if (inbound.has(hash)) inbound.more(hash, 0, entry.body.items)
    else {
      const { signed, items } = entry.body
      const kept = keptOf(hash, signedHeader.read(signed).items.length)
      if (kept.length === 0) badSnapshot('it was given with what it leaves out')
      inbound.begin(hash, signed, items, { generation: this.cursor.reading, pos, kept })
    }
    return hash
  }

  /** Starts the log over, after the relay was restored or diverged. What is here stays; it is met again. */
  rewind(): Op[] {
    const reading = this.cursor.reading + 1
    this.cursor = { pos: 0, logHash: logStart(this.#parts.chain.vaultId), generation: 0, reading }
    return [{ table: 'meta', key: CURSOR, value: encode(cursorRecordCodec, this.cursor) }]
  }

  /**
   * Settles entries of the outbox that the relay says it has at positions that were read before: those whose log
   * hash says so are in, and the others stay.
   */
  confirm(places: readonly LogPlace[]): Op[] {
    const bodies = new Map(this.#parts.drafts.outbox().map(({ id, body }) => [id, body]))
    const batch = new Batch()
    for (const { id, pos } of places) {
      const body = bodies.get(id)
      if (body !== undefined && this.#holds(pos, id)) this.#take(body, { id, pos }, batch)
    }
    return batch.ops
  }

  #holds(pos: number, id: EntryId): boolean {
    const at = this.logHashAt(pos)
    const before = this.logHashAt(pos - 1)
    return at !== undefined && before !== undefined && logNext(before, id) === at
  }

  /** The running hash of the log at a position; undefined where this device didn't read it. */
  logHashAt(pos: number): LogHash | undefined {
    if (pos > this.cursor.pos || pos < 0) return undefined
    if (pos === this.cursor.pos) return this.cursor.logHash
    if (pos === 0) return logStart(this.#parts.chain.vaultId)
    const record = this.#env.reader.get('log', u64be(pos))
    return record && idOf<LogHash>(record)
  }

  #decode(body: Bytes, batch: Batch): Entry | undefined {
    try {
      return decodeEntry(body)
    } catch (error) {
      batch.alarms.push(alarmOf(error, 'entry'))
      return undefined
    }
  }

  #take(body: Bytes, { id, pos }: LogPlace, batch: Batch): void {
    const settled = this.#parts.drafts.settle([id])
    if (settled.length > 0) {
      batch.ops.push(...settled)
      batch.acknowledged.push(id)
    }
    const entry = this.#decode(body, batch)
    if (entry === undefined) return
    try {
      if (entry.kind === 'link') this.#takeLink(body, entry, batch)
      else this.#takeChangeset(entry, pos, batch)
    } catch (error) {
      // Passed over, it would be lost although it is true: reading stops before it instead.
      if (error instanceof CofferError && error.reason === 'pending') throw error
      if (entry.kind === 'changeset')
        batch.ops.push(...this.#parts.forks.takeChangeset(entry.body.signed))
      batch.alarms.push(alarmOf(error, 'entry'))
    }
  }

  #takeLink(
    body: Bytes,
    { body: { signed, wraps } }: Extract<Entry, { kind: 'link' }>,
    batch: Batch,
  ): void {
    const aside = this.#parts.forks.take(body, signed, wraps)
    batch.ops.push(...aside.ops)
    batch.alarms.push(...aside.alarms)
    if (aside.foreign) return
    const taken = this.#parts.chain.take(body, signed, wraps)
    batch.ops.push(...taken.ops)
    batch.alarms.push(...taken.alarms)
    if (taken.added === undefined) return
    batch.links = true
    const { names, cuts } = this.#parts
    batch.judged.push(...names.judgeAnew(cuts.refresh(taken.added)))
  }

  #takeChangeset(entry: Exclude<Entry, { kind: 'link' }>, pos: number, batch: Batch): void {
    const { reading: generation } = this.cursor
    const hash = entry.kind === 'items' ? entry.body.changeset : signedHeader.id(entry.body.signed)
    if (this.#parts.graph.has(hash)) {
      const { graph } = this.#parts
      if (entry.kind === 'changeset') batch.ops.push(...graph.place(hash, pos))
      if (this.#ends(hash, entry)) batch.ops.push(...graph.meet(hash, generation))
      return
    }
    if (entry.kind === 'changeset') this.#parts.forks.checkBranch(entry.body.signed)
    if (this.#parts.inbound.full) this.#drain(batch)
    batch.touched.add(hash)
    if (entry.kind === 'items') this.#parts.inbound.more(hash, entry.body.first, entry.body.items)
    else if (this.#parts.inbound.has(hash)) this.#parts.inbound.more(hash, 0, entry.body.items)
    else {
      const { signed, items } = entry.body
      const at = { generation, pos, kept: undefined }
      this.#parts.inbound.begin(hash, signed, items, at)
    }
  }

  /** Whether this is the last of a known changeset's entries: a log is cut at its end, so the others are there. */
  #ends(hash: ChangesetHash, entry: Exclude<Entry, { kind: 'link' }>): boolean {
    if (entry.kind === 'changeset') {
      return signedHeader.read(entry.body.signed).items.length === entry.body.items.length
    }
    const signed = storedHeader(this.#env.reader, hash)
    return signedHeader.read(signed).items.length === entry.body.first + entry.body.items.length
  }

  #settle(batch: Batch): Outcome {
    this.#drain(batch)
    const { ops, changes, alarms, links: linksChanged, acknowledged } = batch
    if (changes.some((change) => change.device === this.#identity.device)) {
      const detail =
        "the log holds this device's own writes that this disk lacks: its data was restored or lost"
      alarms.push({ reason: 'own-write-unknown', detail })
    }
    const changed = batch.judged.length === 0 ? changes : [...changes, ...batch.judged]
    return { ops, changed, linksChanged, alarms, acknowledged }
  }

  /** Lets count what no longer waits. */
  #drain(batch: Batch): void {
    const settled = this.#parts.inbound.settle(batch.touched, this.#env.now())
    // What waited may be more than one call takes as arguments.
    for (const op of settled.ops) batch.ops.push(op)
    for (const change of settled.changes) batch.changes.push(change)
    for (const name of settled.judged) batch.judged.push(name)
    for (const alarm of settled.alarms) batch.alarms.push(alarm)
    batch.touched.clear()
  }
}
