import type { Bytes } from '../../shared/bytes.js'
import type { Op, Row, Table } from '../core/vault/records.js'
import { recordKey, type VaultStore } from '../vault/vault-store.js'

/** One vault's records for as long as the process lives: a runner leaves nothing on the machine's disk. */
export class MemoryVault implements VaultStore {
  readonly #rows = new Map<string, Row>()

  get(table: Table, key: Bytes): Bytes | undefined {
    return this.#rows.get(recordKey(table, key))?.value
  }

  async batch(ops: readonly Op[]): Promise<void> {
    for (const { table, key, value } of ops) {
      if (value === undefined) this.#rows.delete(recordKey(table, key))
      else this.#rows.set(recordKey(table, key), { table, key, value })
    }
  }

  async *rows(tables: readonly Table[]): AsyncGenerator<Row> {
    for (const row of this.#rows.values()) if (tables.includes(row.table)) yield row
  }

  async damaged(): Promise<readonly Bytes[]> {
    return []
  }

  async close(): Promise<void> {
    this.#rows.clear()
  }
}
