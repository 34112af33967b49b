import type { Bytes } from '../../../shared/bytes.js'
import type { ChangesetHash, EntryId } from '../../../shared/ids.js'
import { entryIdOf } from '../../../shared/log/entry.js'
import type { Drafts } from './drafts.js'
import { changesetOf, storedEntries } from './entries.js'
import type { Graph } from './graph.js'
import type { Op, Reader } from './records.js'

/** Bytes of entries in one batch: the store takes 64 MiB, and each entry is at most one. */
const BATCH = 32 * 1024 * 1024

/**
 * Puts what a relay's log lacks into the outbox, before what is queued there and builds on it: batch by batch, since a
 * relay may have lost all of a large vault. A crash in between leaves an order that the relay refuses; then the log is
 * read again, and it is all done again. What no relay takes leaves the outbox, where it would hold up all that follows.
 */
export class Restoring {
  readonly #reader: Reader
  readonly #drafts: Drafts
  readonly #lost: readonly ChangesetHash[]
  readonly #barred: ReadonlySet<ChangesetHash>
  readonly #queued: readonly Bytes[]
  readonly #moved = new Set<EntryId>()
  #at = 0

  constructor(reader: Reader, drafts: Drafts, { lost, barred }: ReturnType<Graph['lost']>) {
    this.#reader = reader
    this.#drafts = drafts
    this.#lost = lost
    this.#barred = barred
    this.#queued = lost.length + barred.size === 0 ? [] : drafts.outbox().map(({ body }) => body)
  }

  /** The records of one batch. `more`: there are others, to be asked for when this one is durable. */
  next(): { readonly ops: Op[]; readonly more: boolean } {
    const ops: Op[] = []
    const end = this.#lost.length + this.#queued.length
    for (let bytes = 0; this.#at < end && bytes < BATCH; this.#at++) {
      for (const body of this.#entries(this.#at)) {
        const id = entryIdOf(body)
        if (this.#moved.has(id)) continue
        this.#moved.add(id)
        const isBarred = this.#barred.size > 0 && this.#barred.has(changesetOf(body))
        const moved = isBarred ? this.#drafts.settle([id]) : this.#drafts.moveToEnd(id, body)
        for (const op of moved) ops.push(op)
        bytes += body.length
      }
    }
    return { ops, more: this.#at < end }
  }

  #entries(at: number): readonly Bytes[] {
    const hash = this.#lost[at]
    if (hash !== undefined) return storedEntries(this.#reader, hash)
    const body = this.#queued[at - this.#lost.length]
    return body === undefined ? [] : [body]
  }
}
