import { u32be, u64be, utf8, type Bytes } from '../../../shared/bytes.js'
import { decode, encode } from '../../../shared/codec.js'
import { CofferError } from '../../../shared/errors.js'
import { bytesOf, type ChangesetHash, type EntryId, type VaultId } from '../../../shared/ids.js'
import { LIMITS } from '../../../shared/limits.js'
import { changeIdOf, signedHeader } from '../../../shared/log/changeset.js'
import { decodeEntry, entryIdOf, itemCodec, logNext, logStart } from '../../../shared/log/entry.js'
import type { Entry } from '../../../shared/log/entry.js'
import type { Action } from '../../../shared/log/link.js'
import type { Membership } from '../../../shared/log/membership.js'
import { signedCodec } from '../../../shared/log/signed.js'
import { openPart } from '../crypto/epoch.js'
import { alarmOf, type Alarm } from './alarm.js'
import { Chain, type Identity } from './chain.js'
import type { Change, NewChange } from './change.js'
import { Clock } from './clock.js'
import { changesetEntries, Drafts, type OutboxEntry } from './drafts.js'
import { Graph } from './graph.js'
import { Heads } from './heads.js'
import { Inbound, type Waits } from './inbound.js'
import { Names, type Current } from './names.js'
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

/**
 * One vault on this device: a deterministic state without I/O (ARCHITECTURE). Methods change memory and give the
 * records to write; when writing fails, the shell drops the replica and loads it again. One call at a time.
 */
export class Replica {
  readonly vaultId: VaultId
  readonly chain: Chain
  readonly graph = new Graph()
  readonly #env: Env
  readonly #identity: Identity
  readonly #names = new Names()
  readonly #clock = new Clock()
  readonly #drafts: Drafts
  readonly #inbound: Inbound
  readonly #heads: Heads
  #cursor: LogCursor

  /** An empty replica, to be restored (`load.ts`) or fed by `ingestChain` and `ingest`. */
  constructor(env: Env, identity: Identity, vaultId: VaultId) {
    this.vaultId = vaultId
    this.#env = env
    this.#identity = identity
    this.chain = new Chain(identity, vaultId)
    const parts = { chain: this.chain, graph: this.graph, names: this.#names, clock: this.#clock }
    this.#drafts = new Drafts(env, identity, parts)
    this.#inbound = new Inbound(parts)
    this.#heads = new Heads(env, identity, this.chain)
    this.#cursor = { pos: 0, logHash: logStart(vaultId), generation: 0, reading: 0 }
  }

  get membership(): Membership | undefined {
    return this.chain.membership
  }

  get cursor(): LogCursor {
    return this.#cursor
  }

  get draftCount(): number {
    return this.#drafts.drafts
  }

  get outboxCount(): number {
    return this.#drafts.outbox().length
  }

  /** Changesets that came and wait for something that didn't. */
  waiting(): { hash: ChangesetHash; waits: Waits }[] {
    return this.#inbound.waiting()
  }

  // ---- reads

  /** What a name holds, a delete included; undefined when it never was. */
  current(space: Space, name: string): Current | undefined {
    return this.#names.current(space, name)
  }

  /** What a name holds when it holds a value. */
  get(space: Space, name: string): Current | undefined {
    const found = this.#names.current(space, name)
    return found?.winner.kind === 'put' ? found : undefined
  }

  /** Every name that holds a value, unsorted. */
  live(space: Space): Iterable<Current> {
    return this.#names.live(space)
  }

  conflicts(): Iterable<Current> {
    return this.#names.conflicts()
  }

  history(space: Space, name: string): Change[] {
    return this.#names.history(space, name)
  }

  /**
   * A put's value.
   * @throws CofferError `tampering` when it isn't what was signed, `storage` (reason `corrupt`) when it is gone
   */
  value(change: Change): Bytes {
    const { place, id } = change
    const { reader } = this.#env
    if (place === undefined) return reader.get('draftValue', bytesOf(id)) ?? gone()
    const item = decode(
      itemCodec,
      reader.get('item', bytesOf(id)) ?? gone(),
      'an item',
      LIMITS.frame,
    )
    const key = this.chain.keys.get(place.epoch)
    const { valueCommitment: commitment } = place
    if (key === undefined || item.value === undefined || commitment === undefined) return gone()
    const at = { vaultId: this.vaultId, device: change.device, seq: place.seq, epoch: place.epoch }
    const value = openPart(key, at, place.index, 'value', { box: item.value, commitment })
    if (value.length === change.size) return value
    throw new CofferError('tampering', 'a value has another size than was signed', {
      reason: 'bad-size',
    })
  }

  // ---- local writes

  /** Writes one transaction as a draft. Names, sizes and rights are the caller's to check. */
  write(changes: readonly NewChange[]): { ops: Op[]; changes: Change[] } {
    return this.#drafts.write(changes)
  }

  // ---- membership

  /** Signs a link on the present head: make the ops durable, then send the entry (see Chain.propose). */
  propose(action: Action, wraps?: Bytes): { ops: Op[]; entry: Bytes } {
    return this.chain.propose(action, wraps, this.#env.now())
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

  // ---- sync

  /** Own sealed entries that the log hasn't shown, verbatim and in order. */
  outbox(): OutboxEntry[] {
    return this.#drafts.outbox()
  }

  /** Seals the oldest drafts (see Drafts.seal); undefined when there are none. */
  sealNext(limit: {
    entries: number
    bytes: number
  }): { ops: Op[]; entries: OutboxEntry[] } | undefined {
    return this.#drafts.seal(limit)
  }

  /**
   * Takes in contiguous log entries from position `from`. Entries before the cursor are passed over; none at all
   * only note the generation.
   * @throws CofferError `tampering` (reason `gap`) when they start past the cursor
   */
  ingest(from: number, bodies: readonly Bytes[], generation: number): Outcome {
    if (from > this.#cursor.pos + 1) {
      throw new CofferError('tampering', 'the relay left out entries of its log', { reason: 'gap' })
    }
    const batch = new Batch()
    for (const body of bodies.slice(this.#cursor.pos + 1 - from)) {
      const entryId = entryIdOf(body)
      const { pos, logHash, reading } = this.#cursor
      const next = logNext(logHash, entryId)
      this.#cursor = { pos: pos + 1, entryId, logHash: next, generation, reading }
      batch.ops.push({ table: 'log', key: u64be(pos + 1), value: bytesOf(this.#cursor.logHash) })
      this.#take(body, entryId, batch)
    }
    this.#cursor = { ...this.#cursor, generation }
    batch.alarms.push(...this.#heads.recheck(this.#cursor))
    batch.ops.push({ table: 'meta', key: CURSOR, value: encode(cursorRecordCodec, this.#cursor) })
    return this.#settle(batch)
  }

  /** Starts the log over, after the relay was restored or diverged. What is here stays; it is met again. */
  rewind(): Op[] {
    const reading = this.#cursor.reading + 1
    this.#cursor = { pos: 0, logHash: logStart(this.vaultId), generation: 0, reading }
    return [{ table: 'meta', key: CURSOR, value: encode(cursorRecordCodec, this.#cursor) }]
  }

  /** After a rewind and catching up: changesets that the relay's log lacks now go into the outbox. */
  restoreLost(): { ops: Op[]; changesets: number } {
    const lost = this.graph.lost(this.#cursor.reading)
    const bodies = lost.flatMap((hash) => this.#entriesOf(hash))
    return { ops: this.#drafts.resend(bodies), changesets: lost.length }
  }

  /** Link entries from the n-th on, verbatim. */
  chainEntries(from: number): Bytes[] {
    const out: Bytes[] = []
    const length = this.chain.membership?.hashes.length ?? 0
    for (let n = from; n < length; n++) out.push(this.#env.reader.get('link', u32be(n)) ?? gone())
    return out
  }

  #entriesOf(hash: ChangesetHash): Bytes[] {
    const { reader } = this.#env
    const record = reader.get('header', bytesOf(hash)) ?? gone()
    const signed = decode(signedCodec, record, 'a stored header', Infinity)
    const items = signedHeader.read(signed).items.map((_, index) => {
      const item = reader.get('item', bytesOf(changeIdOf(hash, index))) ?? gone()
      return decode(itemCodec, item, 'a stored item', LIMITS.frame)
    })
    return changesetEntries(hash, signed, items)
  }

  /** This device's signed word on what it saw of the log. */
  signedHead(): Bytes {
    return this.#heads.sign(this.#cursor)
  }

  /** Compares another device's signed head with what this one saw, now or once it gets there. */
  checkHead(body: Bytes): Alarm[] {
    return this.#heads.check(body, this.#cursor)
  }

  /** The time (milliseconds since 1970, its clock) of the newest signed head of another device, if any. */
  get confirmedAt(): number | undefined {
    return this.#heads.newest
  }

  #decode(body: Bytes, batch: Batch): Entry | undefined {
    try {
      return decodeEntry(body)
    } catch (error) {
      batch.alarms.push(alarmOf(error, 'entry'))
      return undefined
    }
  }

  #take(body: Bytes, id: EntryId, batch: Batch): void {
    const settled = this.#drafts.settle([id])
    if (settled.length > 0) {
      batch.ops.push(...settled)
      batch.acknowledged.push(id)
    }
    const entry = this.#decode(body, batch)
    if (entry === undefined) return
    try {
      if (entry.kind === 'link') this.#takeLink(body, entry, batch)
      else this.#takeChangeset(entry, batch)
    } catch (error) {
      batch.alarms.push(alarmOf(error, 'entry'))
    }
  }

  #takeLink(
    body: Bytes,
    { body: { signed, wraps } }: Extract<Entry, { kind: 'link' }>,
    batch: Batch,
  ): void {
    const taken = this.chain.take(body, signed, wraps)
    batch.ops.push(...taken.ops)
    batch.alarms.push(...taken.alarms)
    batch.links ||= taken.added
  }

  #takeChangeset(entry: Exclude<Entry, { kind: 'link' }>, batch: Batch): void {
    const { reading } = this.#cursor
    const hash = entry.kind === 'items' ? entry.body.changeset : signedHeader.id(entry.body.signed)
    if (this.graph.has(hash)) {
      if (this.#ends(hash, entry)) batch.ops.push(...this.graph.meet(hash, reading))
      return
    }
    batch.touched.add(hash)
    if (entry.kind === 'items') this.#inbound.more(hash, entry.body.first, entry.body.items)
    else if (this.#inbound.has(hash)) this.#inbound.more(hash, 0, entry.body.items)
    else {
      const { signed, items } = entry.body
      this.#inbound.begin(hash, signed, items, reading)
    }
  }

  /** Whether this is the last of a known changeset's entries: a log is cut at its end, so the others are there. */
  #ends(hash: ChangesetHash, entry: Exclude<Entry, { kind: 'link' }>): boolean {
    if (entry.kind === 'changeset') {
      return signedHeader.read(entry.body.signed).items.length === entry.body.items.length
    }
    const record = this.#env.reader.get('header', bytesOf(hash)) ?? gone()
    const signed = decode(signedCodec, record, 'a stored header', Infinity)
    return signedHeader.read(signed).items.length === entry.body.first + entry.body.items.length
  }

  #settle(batch: Batch): Outcome {
    const settled = this.#inbound.settle(batch.touched, this.#env.now())
    const ops = [...batch.ops, ...settled.ops]
    const alarms = [...batch.alarms, ...settled.alarms]
    const own = settled.changes.some((change) => change.device === this.#identity.device)
    if (own) {
      const detail =
        "the log holds this device's own writes that this disk lacks: its data was restored or lost"
      alarms.push({ reason: 'own-write-unknown', detail })
    }
    const { links: linksChanged, acknowledged } = batch
    return { ops, changed: settled.changes, linksChanged, alarms, acknowledged }
  }

  /** The parts that `load.ts` restores from the store. */
  parts(): { names: Names; clock: Clock; drafts: Drafts; inbound: Inbound } {
    return { names: this.#names, clock: this.#clock, drafts: this.#drafts, inbound: this.#inbound }
  }

  restoreCursor(cursor: LogCursor): void {
    this.#cursor = cursor
  }
}

class Batch {
  readonly ops: Op[] = []
  readonly alarms: Alarm[] = []
  readonly acknowledged: EntryId[] = []
  readonly touched = new Set<ChangesetHash>()
  links = false
}

function gone(): never {
  throw new CofferError('storage', 'a record of the vault is gone from this disk', {
    reason: 'corrupt',
    next: 'Run `coffer doctor`.',
  })
}
