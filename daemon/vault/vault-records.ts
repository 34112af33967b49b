import type { Bytes } from '../../shared/bytes.js'
import type { Op, Reader, Row, Table } from '../core/vault/records.js'
import { Notices } from './notices.js'
import { recordKey, rowsOf, type VaultStore } from './vault-store.js'

/** A vault's store as its replica reads it, with what the batch in flight is about to make true; and what a person is to know. */
export class VaultRecords implements Reader {
  readonly notices = new Notices()
  readonly #store: VaultStore
  /** Records of the batch in flight, which a read may meet before the store has them. */
  readonly #inFlight = new Map<string, Bytes | undefined>()

  constructor(store: VaultStore) {
    this.#store = store
  }

  get(table: Table, key: Bytes): Bytes | undefined {
    const at = recordKey(table, key)
    return this.#inFlight.has(at) ? this.#inFlight.get(at) : this.#store.get(table, key)
  }

  /** One durable batch, with the notices that wait for one; nothing happens when there is nothing. @throws CofferError `storage` */
  async write(own: readonly Op[]): Promise<void> {
    const ops = [...own, ...this.notices.unsaved]
    if (ops.length === 0) return
    for (const { table, key, value } of ops) this.#inFlight.set(recordKey(table, key), value)
    try {
      await this.#store.batch(ops)
    } finally {
      this.#inFlight.clear()
    }
    this.notices.saved(ops)
  }

  /** What a replica is loaded from. */
  rows(): Promise<Row[]> {
    return rowsOf(this.#store)
  }

  /** Database keys of records that don't open: all are read. */
  damaged(): Promise<readonly Bytes[]> {
    return this.#store.damaged()
  }

  close(): Promise<void> {
    return this.#store.close()
  }
}
