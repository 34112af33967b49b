import type { Bytes } from '../../../shared/bytes.js'
import { decode, encode } from '../../../shared/codec.js'
import { CofferError } from '../../../shared/errors.js'
import { bytesOf, type ChangesetHash } from '../../../shared/ids.js'
import { LIMITS } from '../../../shared/limits.js'
import {
  changeIdOf,
  checkStanding,
  signedHeader,
  type Header,
} from '../../../shared/log/changeset.js'
import { checkItem, itemCodec, type Item } from '../../../shared/log/entry.js'
import { signedCodec, type Signed } from '../../../shared/log/signed.js'
import { alarmOf, type Alarm } from './alarm.js'
import { checkArrived, missingOf, waitsOf, type Waits } from './arrival.js'
import type { Chain } from './chain.js'
import type { Cuts } from './cuts.js'
import { changeOp, type Change } from './change.js'
import type { Clock } from './clock.js'
import { nodeOf, nodeOp, type Graph } from './graph.js'
import type { Names } from './names.js'
import type { Openable, Opening } from './opening.js'
import { PendingSet, type Pending } from './pending.js'
import { pendingRecordCodec, type Op, type Reader, type Space } from './records.js'
import { Unopened } from './unopened.js'

type Parts = {
  readonly chain: Chain
  readonly graph: Graph
  readonly cuts: Cuts
  readonly names: Names
  readonly clock: Clock
  readonly opening: Opening
}

/** What settling gave: records, new changes, names that hold something else though nothing of theirs came, alarms. */
export type Settled = {
  readonly ops: Op[]
  readonly changes: Change[]
  readonly judged: Name[]
  readonly alarms: Alarm[]
}
type Name = { readonly space: Space; readonly name: string }

/** When and where a changeset came: the reading of the log, its place there, and what a snapshot keeps of it. */
export type Arrived = Pick<Pending, 'generation' | 'pos' | 'kept'>

/**
 * Changesets that came from the relay and wait until all that they build on is there (SPEC section 6): their items,
 * the links and keys of their member head, prev and deps. What counts in the end doesn't depend on the order of
 * arrival, and a transaction shows wholly or not at all.
 */
export class Inbound {
  readonly #parts: Parts
  readonly #pending = new PendingSet()
  readonly #unopened: Unopened
  /** Records of items that came since the last `settle`. */
  #fresh: Op[] = []

  constructor(reader: Reader, parts: Parts) {
    this.#parts = parts
    this.#unopened = new Unopened(reader, parts.chain)
  }

  /** Once graph and changes are restored: what counts and was never opened is tried when a key comes. */
  restoreUnopened(changes: Iterable<Change>): void {
    this.#unopened.restore(this.#parts.graph, changes)
  }

  /** All that wait. */
  hashes(): Iterable<ChangesetHash> {
    return this.#pending.all.keys()
  }

  get size(): number {
    return this.#pending.all.size
  }

  /** Nothing more may wait for others. */
  get full(): boolean {
    return this.#pending.full
  }

  has(hash: ChangesetHash): boolean {
    return this.#pending.all.has(hash)
  }

  /** Restores a changeset that waited when the store was closed. */
  restore(record: Bytes, reader: Reader): void {
    const { signed, indexes, generation, pos, kept } = decode(
      pendingRecordCodec,
      record,
      'a pending changeset',
      LIMITS.storeValue,
    )
    const hash = signedHeader.id(signed)
    const header = signedHeader.read(signed)
    const strange = !this.#knows(header)
    this.#pending.add(hash, { signed, header, checked: false, strange, generation, pos, kept })
    for (const index of indexes) {
      const item = reader.get('item', bytesOf(changeIdOf(hash, index)))
      if (item !== undefined)
        this.#put(hash, index, decode(itemCodec, item, 'an item', LIMITS.frame))
    }
    this.#fresh = []
  }

  /**
   * Takes a new changeset with its first items. A forged one is refused at once where its author is known: waiting
   * in the place of the true one, whose hash is the same, it would take that down with it.
   * @throws CofferError `format`, `tampering`; `limit` (reason `pending`) when too much waits: then the log must be
   * read again from before it, or it would be lost
   */
  begin(hash: ChangesetHash, signed: Signed, items: readonly Item[], at: Arrived): void {
    const header = signedHeader.read(signed)
    const standing = this.#standing(signed, header)
    if (at.kept === undefined) this.#checkRoom(header)
    this.#pending.add(hash, { signed, header, ...standing, ...at })
    this.more(hash, 0, items)
  }

  /** Whether the link is here under which it was written. */
  #knows({ memberHead }: Header): boolean {
    return memberHead.n < (this.#parts.chain.membership?.hashes.length ?? 0)
  }

  /** As much of its author's standing as the links known so far tell. @throws CofferError `tampering`, `format` */
  #standing(signed: Signed, header: Header): Pick<Pending, 'checked' | 'strange'> {
    const { chain } = this.#parts
    if (this.#knows(header)) {
      checkStanding(chain.known(), signed, header)
      return { checked: true, strange: false }
    }
    if (header.vaultId !== chain.vaultId) throw strange('foreign-vault')
    const author = chain.membership?.devices.get(header.device)
    if (author !== undefined) signedHeader.check(signed, author.keys.sign)
    // An honest relay orders links first; a lying one could fill memory and disk with these.
    if (this.#pending.fullOfStrangers()) throw strange('unknown-link')
    return { checked: false, strange: true }
  }

  /** What would wait for others must find room; whatever frees those that wait always does. */
  #checkRoom(header: Header): void {
    if (!this.full || missingOf(this.#parts.graph, header) === undefined) return
    throw new CofferError('limit', 'too many changesets wait for others that the relay withholds', {
      reason: 'pending',
    })
  }

  /** Takes items from index `first` on. @throws CofferError `tampering` (reason `bad-item`) */
  more(hash: ChangesetHash, first: number, items: readonly Item[]): void {
    items.forEach((item, i) => this.#put(hash, first + i, item))
  }

  #put(hash: ChangesetHash, index: number, item: Item): void {
    const pending = this.#pending.all.get(hash)
    const header = pending?.header.items[index]
    if (pending === undefined || header === undefined) {
      throw new CofferError('tampering', 'an item belongs to no changeset', { reason: 'bad-item' })
    }
    checkItem(header, item)
    if (pending.items[index] !== undefined) return
    if (pending.strange && this.#pending.fullOfStrangers(true)) throw strange('unknown-link')
    this.#pending.put(pending, index, item)
    this.#fresh.push(itemOp(hash, index, item))
  }

  /** Everything that waits, and for what. */
  waiting(): { hash: ChangesetHash; waits: Waits }[] {
    return [...this.#pending.all].flatMap(([hash, pending]) => {
      const waits = waitsOf(this.#parts, pending)
      return waits === undefined ? [] : [{ hash, waits }]
    })
  }

  /**
   * Lets count whatever no longer waits, until nothing more does, and keeps the records of the rest.
   * `touched` are the changesets that came since the last call; a link or key can free any.
   */
  settle(touched: ReadonlySet<ChangesetHash>, now: number): Settled {
    const out: Settled = { ops: this.#fresh, changes: [], judged: [], alarms: [] }
    this.#fresh = []
    let progress = true
    while (progress) {
      progress = false
      for (const [hash, pending] of this.#pending.all) {
        if (waitsOf(this.#parts, pending) !== undefined) continue
        this.#pending.remove(hash, pending)
        out.ops.push({ table: 'pending', key: bytesOf(hash), value: undefined })
        this.#activate(hash, pending, now, out)
        progress = true
      }
    }
    for (const { hash, pending } of this.#unopened.take()) this.#show(hash, pending, now, out)
    for (const hash of touched) this.#keep(hash, out.ops)
    return out
  }

  #keep(hash: ChangesetHash, ops: Op[]): void {
    const pending = this.#pending.all.get(hash)
    if (pending === undefined) return
    const { signed, generation, pos, kept } = pending
    const indexes = pending.items.flatMap((item, index) => (item === undefined ? [] : [index]))
    const place = {
      ...(pos === undefined ? {} : { pos }),
      ...(kept === undefined ? {} : { kept: [...kept] }),
    }
    const value = encode(pendingRecordCodec, { signed, indexes, generation, ...place })
    ops.push({ table: 'pending', key: bytesOf(hash), value })
  }

  /** Checks a changeset whose surroundings are complete; when everything holds, it counts. */
  #activate(hash: ChangesetHash, pending: Pending, now: number, out: Settled): void {
    const { chain, graph, names, cuts } = this.#parts
    const { signed, header } = pending
    try {
      checkArrived(this.#parts, pending)
    } catch (error) {
      out.alarms.push(alarmOf(error, 'changeset'))
      for (const index of header.items.keys()) {
        out.ops.push({ table: 'item', key: bytesOf(changeIdOf(hash, index)), value: undefined })
      }
      return
    }
    const node = nodeOf(header, pending.generation, pending)
    const doubled = graph.add(hash, node)
    const freed = cuts.add(hash, node)
    if (doubled) {
      const who = header.device.slice(0, 12)
      const detail = `device ${who} signed sequence number ${header.seq} twice: take it out of use`
      out.alarms.push({ reason: 'equivocation', detail })
    }
    out.ops.push({ table: 'header', key: bytesOf(hash), value: encode(signedCodec, signed) })
    out.ops.push(nodeOp(hash, graph.nodes.get(hash) ?? node))
    for (const name of names.judgeAnew(freed)) out.judged.push(name)
    const opens = chain.keys.has(header.epoch) || this.#parts.opening.isReader(header)
    if (opens) this.#show(hash, pending, now, out)
    else this.#unopened.add(hash, pending)
  }

  /** Opens the metas of a changeset that counts, and shows its changes. */
  #show(hash: ChangesetHash, pending: Openable, now: number, out: Settled): void {
    try {
      const { opening, clock, names } = this.#parts
      for (const change of opening.changes(hash, pending, clock, now)) {
        names.add(change)
        out.ops.push(changeOp(change))
        out.changes.push(change)
      }
    } catch (error) {
      // It counts in the ancestry of what builds on it, and shows nothing: the same for everyone.
      out.alarms.push(alarmOf(error, 'changeset'))
    }
  }
}

function strange(reason: string): CofferError {
  return new CofferError('tampering', 'a changeset belongs to nothing that is known here', {
    reason,
  })
}

/** The record of one item's ciphertexts. */
function itemOp(changeset: ChangesetHash, index: number, item: Item): Op {
  const key = bytesOf(changeIdOf(changeset, index))
  return { table: 'item', key, value: encode(itemCodec, item) }
}
