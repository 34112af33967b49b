import type { Bytes } from '../../../shared/bytes.js'
import type { ChangesetHash, EntryId } from '../../../shared/ids.js'
import { checkpointOf } from '../../../shared/log/checkpoint.js'
import { entryIdOf } from '../../../shared/log/entry.js'
import type { Membership } from '../../../shared/log/membership.js'
import type { Drafts } from './drafts.js'
import { changesetOf, storedEntries } from './entries.js'
import { prevOf, type Graph, type Lost } from './graph.js'
import type { Op, Reader } from './records.js'

/** Bytes of entries in one batch: the store takes 64 MiB, and each entry is at most one. */
const BATCH = 32 * 1024 * 1024

type Parts = {
  readonly reader: Reader
  readonly drafts: Drafts
  readonly graph: Graph
  readonly m: Membership | undefined
}

/**
 * Puts what a relay's log lacks into the outbox, before what is queued there and builds on it: batch by batch, since a
 * relay may have lost all of a large vault. A crash in between leaves an order that the relay refuses; then the log is
 * read again, and it is all done again. What no relay takes leaves the outbox, where it would hold up all that follows:
 * a second changeset of one number that fits no entry, or that a checkpoint covers, and what its author built on it.
 */
export class Restoring {
  readonly #parts: Parts
  readonly #lost: Lost
  readonly #barred = new Set<ChangesetHash>()
  readonly #queued: readonly Bytes[]
  readonly #moved = new Set<EntryId>()
  #at = 0

  constructor(parts: Parts, lost: Lost) {
    this.#parts = parts
    this.#lost = lost
    this.#queued = lost.lost.length === 0 ? [] : parts.drafts.outbox().map(({ body }) => body)
  }

  /** The records of one batch. `more`: there are others, to be asked for when this one is durable. */
  next(): { readonly ops: Op[]; readonly more: boolean } {
    const { drafts } = this.#parts
    const ops: Op[] = []
    const end = this.#lost.lost.length + this.#queued.length
    for (let bytes = 0; this.#at < end && bytes < BATCH; this.#at++) {
      for (const body of this.#entries(this.#at)) {
        const id = entryIdOf(body)
        if (this.#moved.has(id)) continue
        this.#moved.add(id)
        const isBarred = this.#barred.size > 0 && this.#barred.has(changesetOf(body))
        const moved = isBarred ? drafts.settle([id]) : drafts.moveToEnd(id, body)
        for (const op of moved) ops.push(op)
        bytes += body.length
      }
    }
    return { ops, more: this.#at < end }
  }

  #entries(at: number): readonly Bytes[] {
    const { lost, second } = this.#lost
    const hash = lost[at]
    if (hash === undefined) {
      const body = this.#queued[at - lost.length]
      return body === undefined ? [] : [body]
    }
    const entries = storedEntries(this.#parts.reader, hash)
    if (!second.has(hash) || this.#isTaken(hash, entries.length)) return entries
    this.#barred.add(hash)
    return []
  }

  /** Whether a relay takes the second changeset of a number. */
  #isTaken(hash: ChangesetHash, entries: number): boolean {
    const { graph, m } = this.#parts
    const node = graph.nodes.get(hash)
    const prev = node && prevOf(node)
    const follows = prev !== undefined && this.#barred.has(prev)
    if (node === undefined || m === undefined || follows || entries > 1) return false
    const covered = checkpointOf(m)?.heads ?? []
    return !covered.some(({ device, seq }) => device === node.device && seq >= node.seq)
  }
}
