import { toHex, type Bytes } from '../../shared/bytes.js'
import { LIMITS } from '../../shared/limits.js'
import { checkKey, checkOps, compare, storageError } from './store.js'
import type { Entry, Op, Range, Store } from './store.js'

/** A store that forgets with its process. */
export class MemoryStore implements Store {
  readonly #entries = new Map<string, Entry>()
  /** Sorted; undefined after a key came or went. */
  #sorted: readonly Entry[] | undefined
  #closed = false

  getSync(key: Bytes): Bytes | undefined {
    this.#checkOpen()
    checkKey(key)
    return this.#entries.get(toHex(key))?.value.slice()
  }

  has(key: Bytes): boolean {
    this.#checkOpen()
    checkKey(key)
    return this.#entries.has(toHex(key))
  }

  async batch(ops: readonly Op[]): Promise<void> {
    this.#checkOpen()
    checkOps(ops)
    for (const op of ops) {
      if (op.type === 'del') this.#entries.delete(toHex(op.key))
      else this.#entries.set(toHex(op.key), { key: op.key.slice(), value: op.value.slice() })
    }
    this.#sorted = undefined
  }

  async page({ gte, lt, reverse, limit = Infinity }: Range): Promise<readonly Entry[]> {
    this.#checkOpen()
    this.#sorted ??= [...this.#entries.values()].toSorted((a, b) => compare(a.key, b.key))
    const inside = this.#sorted.filter(
      ({ key }) => (!gte || compare(key, gte) >= 0) && (!lt || compare(key, lt) < 0),
    )
    const page: Entry[] = []
    let bytes = 0
    for (const { key, value } of reverse === true ? inside.toReversed() : inside) {
      if (page.length >= Math.min(limit, LIMITS.storePageEntries)) break
      if (bytes >= LIMITS.storePage) break
      page.push({ key: key.slice(), value: value.slice() })
      bytes += key.length + value.length
    }
    return page
  }

  async close(): Promise<void> {
    this.#closed = true
    this.#entries.clear()
  }

  #checkOpen(): void {
    if (this.#closed) throw storageError('closed', 'the store is closed')
  }
}
