import type { ChangesetHash } from '../../../shared/ids.js'
import { LIMITS } from '../../../shared/limits.js'
import type { Header } from '../../../shared/log/changeset.js'
import { itemSize, type Item } from '../../../shared/log/entry.js'
import type { Signed } from '../../../shared/log/signed.js'

/** A changeset that came and doesn't count yet. */
export type Pending = {
  readonly signed: Signed
  readonly header: Header
  readonly items: (Item | undefined)[]
  /** Its author's signature and rights were checked, which needs the link of its member head. */
  readonly checked: boolean
  /** The link under which it was written wasn't known when it came. */
  readonly strange: boolean
  /** Where its own entry stands in the log. */
  readonly pos: number | undefined
  /** The snapshot that this device went on from has it: the indexes of its changes that counted there. */
  readonly kept: readonly number[] | undefined
  missing: number
  /** Bytes of the header and of the items that came. */
  size: number
  generation: number
}

/** What waits, and how much that is. */
export class PendingSet {
  readonly all = new Map<ChangesetHash, Pending>()
  #items = 0
  #bytes = 0
  #strange = 0
  #strangeBytes = 0

  /** Nothing more may wait for others. */
  get full(): boolean {
    const { pending, pendingItems, pendingBytes } = LIMITS
    return this.all.size >= pending || this.#items >= pendingItems || this.#bytes >= pendingBytes
  }

  /** Nothing more may wait for a link: neither changesets, nor (`true`) items of those that do. */
  fullOfStrangers(items = false): boolean {
    if (this.#strangeBytes >= LIMITS.pendingStrangeBytes) return true
    return !items && this.#strange >= LIMITS.pendingStrange
  }

  add(hash: ChangesetHash, one: Omit<Pending, 'items' | 'missing' | 'size'>): void {
    const items = one.header.items.map(() => undefined)
    const pending = { ...one, items, missing: items.length, size: 0 }
    this.#items += items.length
    if (one.strange) this.#strange++
    this.#grow(pending, one.signed.body.length)
    this.all.set(hash, pending)
  }

  /** Keeps an item that wasn't there. */
  put(pending: Pending, index: number, item: Item): void {
    pending.items[index] = item
    pending.missing--
    this.#grow(pending, itemSize(item))
  }

  #grow(pending: Pending, bytes: number): void {
    pending.size += bytes
    this.#bytes += bytes
    if (pending.strange) this.#strangeBytes += bytes
  }

  remove(hash: ChangesetHash, { strange, size, items }: Pending): void {
    if (strange) {
      this.#strange--
      this.#strangeBytes -= size
    }
    this.#items -= items.length
    this.#bytes -= size
    this.all.delete(hash)
  }
}
