import { u64be, type Bytes } from '../../../shared/bytes.js'
import { encode } from '../../../shared/codec.js'
import { bytesOf, idOf, type ChangeId, type EntryId } from '../../../shared/ids.js'
import { LIMITS } from '../../../shared/limits.js'
import { changeIdOf, signedHeader, type Header } from '../../../shared/log/changeset.js'
import { entryIdOf, itemCodec } from '../../../shared/log/entry.js'
import { SUITE, VERSION } from '../../../shared/log/link.js'
import { epochAt, headOf } from '../../../shared/log/membership.js'
import { signedCodec } from '../../../shared/log/signed.js'
import { changeOf, changeOp, sealingOf, type Change, type NewChange } from './change.js'
import type { Chain, Identity } from './chain.js'
import type { Clock } from './clock.js'
import type { Cuts } from './cuts.js'
import { changesetEntries } from './entries.js'
import { nodeOf, nodeOp, type Graph } from './graph.js'
import type { Names } from './names.js'
import { commitmentOf, readersOf } from './opening.js'
import { Recipients } from './recipients.js'
import {
  draftRecordCodec,
  outboxRecordCodec,
  placeOf,
  type Env,
  type Meta,
  type Op,
} from './records.js'
import { isBlind, sealChanges } from './sealing.js'
import type { Values } from './values.js'

export type OutboxEntry = { readonly ordinal: number; readonly body: Bytes; readonly id: EntryId }

type Parts = {
  readonly chain: Chain
  readonly graph: Graph
  readonly cuts: Cuts
  readonly names: Names
  readonly clock: Clock
  readonly values: Values
}

/**
 * Local writes (SPEC section 6): first drafts without a sequence, then, when they are about to be sent, sealed and
 * signed changesets in the outbox, whose bytes never change again.
 */
export class Drafts {
  readonly #env: Env
  readonly #identity: Identity
  readonly #parts: Parts
  readonly #drafts = new Map<number, readonly Change[]>()
  /** Drafts that build on a change, by its id. */
  readonly #children = new Map<ChangeId, Set<number>>()
  readonly #outbox = new Map<EntryId, OutboxEntry>()
  #nextDraft = 1
  #nextOutbox = 1

  constructor(env: Env, identity: Identity, parts: Parts) {
    this.#env = env
    this.#identity = identity
    this.#parts = parts
  }

  get drafts(): number {
    return this.#drafts.size
  }

  /** Ordinals: of the oldest draft that waits, and of the newest that ever was. */
  get span(): { readonly first: number | undefined; readonly last: number } {
    const [first] = this.#drafts.keys()
    return { first, last: this.#nextDraft - 1 }
  }

  /** Sealed entries that the relay's log hasn't shown yet, in order. */
  outbox(): OutboxEntry[] {
    return [...this.#outbox.values()]
  }

  restoreDraft(ordinal: number, changes: readonly Change[]): void {
    this.#keep(ordinal, changes)
    this.#nextDraft = Math.max(this.#nextDraft, ordinal + 1)
  }

  #keep(ordinal: number, changes: readonly Change[]): void {
    this.#drafts.set(ordinal, changes)
    for (const parent of changes.flatMap((change) => change.parents)) {
      const children = this.#children.get(parent) ?? new Set()
      this.#children.set(parent, children.add(ordinal))
    }
  }

  restoreOutbox(ordinal: number, body: Bytes): void {
    const id = entryIdOf(body)
    this.#outbox.set(id, { ordinal, body, id })
    this.#nextOutbox = Math.max(this.#nextOutbox, ordinal + 1)
  }

  /**
   * One transaction. Its changes show at once; by default each supersedes all that is live of its name.
   * Names, sizes and rights were checked by the caller. @throws CofferError `limit`
   */
  write(news: readonly NewChange[]): { ops: Op[]; changes: Change[] } {
    const { chain } = this.#parts
    const ordinal = this.#nextDraft++
    const stamp = this.#parts.clock.tick(this.#env.now())
    const ops: Op[] = []
    const changes = news.map((one): Change => {
      const id = idOf<ChangeId>(this.#env.random(32))
      if (one.value !== undefined)
        ops.push({ table: 'draftValue', key: bytesOf(id), value: one.value })
      const meta: Meta = {
        space: one.space,
        name: one.name,
        kind: one.value === undefined ? 'delete' : 'put',
        ...stamp,
        parents: one.parents ?? this.#live(one),
        size: one.value?.length ?? 0,
        ...(one.note === undefined ? {} : { note: one.note }),
      }
      const { device } = this.#identity
      const to = one.sealedTo
      const how = sealingOf(to && (isBlind(chain) ? 'item' : 'value'), to)
      return changeOf(meta, { id, device, place: undefined, ahead: false, ...how })
    })
    this.#keep(ordinal, changes)
    for (const change of changes) {
      this.#parts.names.add(change)
      ops.push(changeOp(change))
    }
    const record = encode(draftRecordCodec, { changes: changes.map((change) => change.id) })
    ops.push({ table: 'draft', key: u64be(ordinal), value: record })
    return { ops, changes }
  }

  #live({ space, name }: NewChange): ChangeId[] {
    const siblings = this.#parts.names.current(space, name)?.siblings ?? []
    return siblings.slice(0, LIMITS.parents).map((one) => one.id)
  }

  /**
   * Gives the oldest drafts their sequence, epoch and signature, up to about `limit` bytes of entries (at least one
   * draft). The caller makes the ops durable before it sends anything.
   */
  seal(limit: {
    readonly entries: number
    readonly bytes: number
  }): { ops: Op[]; entries: OutboxEntry[] } | undefined {
    // Who may no longer write keeps its drafts to itself: everybody else would refuse them.
    if (!this.maySend || this.#drafts.size === 0) return undefined
    const recipients = this.#recipients()
    const ops: Op[] = []
    const entries: OutboxEntry[] = []
    let bytes = 0
    for (const [ordinal, changes] of this.#drafts) {
      if (entries.length > 0 && (entries.length >= limit.entries || bytes >= limit.bytes)) break
      const sealed = this.#sealOne(ordinal, changes, recipients, ops)
      for (const body of sealed) {
        bytes += body.length
        entries.push(this.#send(body, ops))
      }
    }
    return entries.length === 0 ? undefined : { ops, entries }
  }

  /** Whether this device may send what it wrote: all of it sealed, where it may not read. */
  get maySend(): boolean {
    const { chain } = this.#parts
    if (!chain.mayWrite) return false
    const all = (): Change[] => [...this.#drafts.values()].flat()
    return !isBlind(chain) || all().every(({ sealed }) => sealed !== undefined)
  }

  #recipients(): Recipients {
    const { chain, names, values } = this.#parts
    const current: Names['current'] = (space, name) => names.current(space, name)
    const source = { current, value: (change: Change) => values.of(change) }
    return new Recipients(chain, names, source, this.#env.now())
  }

  #send(body: Bytes, ops: Op[]): OutboxEntry {
    const ordinal = this.#nextOutbox++
    const entry = { ordinal, body, id: entryIdOf(body) }
    this.#outbox.set(entry.id, entry)
    ops.push({ table: 'outbox', key: u64be(ordinal), value: encode(outboxRecordCodec, { body }) })
    return entry
  }

  /** Puts an entry at the outbox's end, whether it is in it already or not. */
  moveToEnd(id: EntryId, body: Bytes): Op[] {
    const ops = this.settle([id])
    this.#send(body, ops)
    return ops
  }

  #header(): Omit<Header, 'items'> {
    const { chain, graph, cuts } = this.#parts
    const { device } = this.#identity
    const tail = graph.latest(device)
    // What supersedes all that it builds on must say so where that will be pruned, too.
    const all = isBlind(chain)
    const base = {
      version: VERSION,
      suite: SUITE,
      vaultId: chain.vaultId,
      device,
      seq: (tail?.seq ?? 0) + 1,
      memberHead: headOf(chain.known()),
      epoch: epochAt(chain.known()),
      deps: graph.deps(device, (hash) => cuts.isCut(hash), all),
    }
    return tail === undefined ? base : { ...base, prev: tail.hash }
  }

  #sealOne(
    ordinal: number,
    changes: readonly Change[],
    recipients: Recipients,
    ops: Op[],
  ): Bytes[] {
    const { graph, chain } = this.#parts
    const { header, items } = sealChanges(
      { chain, random: this.#env.random, reader: this.#env.reader },
      this.#header(),
      changes,
      recipients,
    )
    const signed = signedHeader.make(header, this.#identity.sign.privateKey)
    const hash = signedHeader.id(signed)
    const node = nodeOf(header, undefined)
    graph.add(hash, node)
    ops.push(nodeOp(hash, node), {
      table: 'header',
      key: bytesOf(hash),
      value: encode(signedCodec, signed),
    })
    ops.push({ table: 'draft', key: u64be(ordinal), value: undefined })
    this.#drafts.delete(ordinal)
    const final = new Map<ChangeId, Change>()
    changes.forEach((change, index) => {
      const [one, item] = [header.items[index], items[index]]
      if (one === undefined || item === undefined) return
      const place = placeOf(hash, header, index, commitmentOf(one))
      const { device, ahead } = change
      const how = sealingOf(one.sealed, readersOf(header, one))
      const sealed = changeOf(change, { id: changeIdOf(hash, index), device, place, ahead, ...how })
      final.set(change.id, sealed)
      ops.push({ table: 'change', key: bytesOf(change.id), value: undefined }, changeOp(sealed))
      ops.push({ table: 'draftValue', key: bytesOf(change.id), value: undefined })
      ops.push({ table: 'item', key: bytesOf(sealed.id), value: encode(itemCodec, item) })
    })
    ops.push(...this.#rename(final))
    return changesetEntries(hash, signed, items)
  }

  /** The later drafts and the names know sealed changes by their final ids from now on. */
  #rename(final: ReadonlyMap<ChangeId, Change>): Op[] {
    const ops: Op[] = []
    const touched = new Map<ChangeId, Change>(final)
    const later = new Set([...final.keys()].flatMap((id) => [...(this.#children.get(id) ?? [])]))
    for (const id of final.keys()) this.#children.delete(id)
    for (const ordinal of later) {
      const renamed = (this.#drafts.get(ordinal) ?? []).map((change) => {
        const parents = change.parents.map((parent) => final.get(parent)?.id ?? parent)
        return { ...change, parents }
      })
      if (renamed.length > 0) this.#keep(ordinal, renamed)
      for (const change of renamed) {
        touched.set(change.id, change)
        ops.push(changeOp(change))
      }
    }
    const names = new Map([...touched.values()].map((one) => [`${one.space}\0${one.name}`, one]))
    for (const { space, name } of names.values()) this.#parts.names.replace(space, name, touched)
    return ops
  }

  /** Forgets entries that the relay's log has shown. */
  settle(ids: readonly EntryId[]): Op[] {
    return ids.flatMap((id) => {
      const entry = this.#outbox.get(id)
      if (entry === undefined) return []
      this.#outbox.delete(id)
      return [{ table: 'outbox' as const, key: u64be(entry.ordinal), value: undefined }]
    })
  }
}
