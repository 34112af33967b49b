import type { Bytes } from '../../shared/bytes.js'
import { CofferError } from '../../shared/errors.js'
import { decodeVaultRow, posOfKey, type VaultRow } from './level-rows.js'
import { mailboxError } from './mailbox.js'

/**
 * Reads every row: its sum must hold, and each vault's log must run from floor to head without a gap. Below
 * the floor stands what a prune kept. Log keys sort before vault keys, so the places are gathered first.
 * @param rows all rows of a store in key order
 * @throws CofferError `storage` (reason `damaged`)
 */
export async function verifyRows(rows: AsyncIterable<[key: string, body: Bytes]>): Promise<void> {
  const logs = new Map<string, { first: number; last: number }>()
  try {
    for await (const [key, body] of rows) {
      const vault = key.slice(2, 66)
      if (key.startsWith('e!')) extend(logs, vault, posOfKey(key))
      else if (key.startsWith('v!')) checkVault(logs, vault, decodeVaultRow(body))
    }
  } catch (error) {
    if (error instanceof CofferError && error.reason === 'damaged') throw error
    throw mailboxError('damaged', 'the store is damaged', error)
  }
}

/** The last stretch without a gap counts: those before it must lie below the floor. */
function extend(
  logs: Map<string, { first: number; last: number }>,
  vault: string,
  pos: number,
): void {
  const log = logs.get(vault)
  if (log === undefined) logs.set(vault, { first: pos, last: pos })
  else if (pos === log.last + 1) log.last = pos
  else logs.set(vault, { first: pos, last: pos })
}

function checkVault(
  logs: ReadonlyMap<string, { first: number; last: number }>,
  vault: string,
  row: VaultRow,
): void {
  const log = logs.get(vault) ?? { first: row.floor + 1, last: row.floor }
  const whole =
    row.head === row.floor
      ? log.last <= row.floor
      : log.first <= row.floor + 1 && log.last === row.head
  if (!whole) throw missing(vault)
}

function missing(vault: string): CofferError {
  const name = vault.slice(0, 8)
  return mailboxError('damaged', `entries of vault ${name}… are missing from the store`)
}
