import { toHex, type Bytes } from '../../shared/bytes.js'
import { CofferError } from '../../shared/errors.js'
import { signedHeader } from '../../shared/log/changeset.js'
import { decodeEntry } from '../../shared/log/entry.js'
import { LOADED, type Row, type Table } from '../core/vault/records.js'
import type { Replica } from '../core/vault/replica.js'
import type { SealedStore } from '../store/sealed.js'

/** One vault's records on disk: synchronous reads, durable batches. */
export type VaultStore = Pick<SealedStore<Table>, 'get' | 'batch' | 'rows' | 'damaged' | 'close'>

/** Whether own changesets wait to be sent that the graph doesn't know. */
export function lacksOwnHistory(replica: Replica): boolean {
  return replica.outbox().some(({ body }) => {
    const entry = decodeEntry(body)
    return entry.kind === 'changeset' && !replica.graph.has(signedHeader.id(entry.body.signed))
  })
}

/** What a replica is loaded from. */
export async function rowsOf(store: VaultStore): Promise<Row[]> {
  const rows: Row[] = []
  for await (const row of store.rows(LOADED)) rows.push(row)
  return rows
}

/** A record's place as a map key. */
export function recordKey(table: Table, key: Bytes): string {
  return `${table}:${toHex(key)}`
}

/** The refusal of a vault that was closed while somebody waited. */
export function lockedMeanwhile(): CofferError {
  return new CofferError('locked', 'coffer was locked meanwhile', {
    reason: 'locked',
    next: 'run coffer unlock',
  })
}

/** What was thrown, as an error that can be thrown again. */
export function asError(error: unknown): Error {
  return error instanceof Error ? error : new CofferError('internal', 'something else was thrown')
}

/** Whether opening failed because what is on the disk doesn't hold together, which `doctor` may mend. */
export function isDamage(error: unknown): boolean {
  if (!(error instanceof CofferError)) return true
  return error.code !== 'storage' || error.reason === 'corrupt'
}
