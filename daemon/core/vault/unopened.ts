import { decode } from '../../../shared/codec.js'
import { bytesOf, type ChangesetHash } from '../../../shared/ids.js'
import { LIMITS } from '../../../shared/limits.js'
import { changeIdOf, signedHeader } from '../../../shared/log/changeset.js'
import { itemCodec } from '../../../shared/log/entry.js'
import type { Chain } from './chain.js'
import type { Change } from './change.js'
import { storedHeader } from './entries.js'
import type { Graph } from './graph.js'
import type { Openable } from './opening.js'
import type { Reader } from './records.js'

/**
 * Changesets that count and that this device couldn't open when they came: it may not read the vault, or not yet. When a
 * key comes, with a role that reads, they are opened.
 */
export class Unopened {
  readonly #reader: Reader
  readonly #chain: Chain
  readonly #all = new Set<ChangesetHash>()
  /** Those of the batch in work, which the store doesn't have yet. */
  readonly #atHand = new Map<ChangesetHash, Openable>()
  /** How many keys were there when they were looked through last. */
  #keys = 0

  constructor(reader: Reader, chain: Chain) {
    this.#reader = reader
    this.#chain = chain
  }

  add(hash: ChangesetHash, { header, items }: Openable): void {
    this.#all.add(hash)
    this.#atHand.set(hash, { header, items })
  }

  /** Whatever counts and shows no change. */
  restore(graph: Graph, changes: Iterable<Change>): void {
    const shown = new Set<ChangesetHash>()
    for (const { place } of changes) if (place !== undefined) shown.add(place.changeset)
    for (const hash of graph.nodes.keys()) if (!shown.has(hash)) this.#all.add(hash)
    this.#keys = this.#chain.keys.size
  }

  /** Those that a key has come for since the last call. */
  take(): { readonly hash: ChangesetHash; readonly pending: Openable }[] {
    const { keys } = this.#chain
    const out = []
    if (keys.size !== this.#keys) {
      for (const hash of this.#all) {
        const pending = this.#atHand.get(hash) ?? this.#stored(hash)
        if (!keys.has(pending.header.epoch)) continue
        this.#all.delete(hash)
        out.push({ hash, pending })
      }
      this.#keys = keys.size
    }
    this.#atHand.clear()
    return out
  }

  /** @throws CofferError `storage` (reason `corrupt`) */
  #stored(hash: ChangesetHash): Openable {
    const header = signedHeader.read(storedHeader(this.#reader, hash))
    const items = header.items.map((_, index) => {
      const item = this.#reader.get('item', bytesOf(changeIdOf(hash, index)))
      return item && decode(itemCodec, item, 'a stored item', LIMITS.frame)
    })
    return { header, items }
  }
}
