import type { EntryId, VaultId } from '../../shared/ids.js'
import type { Cursor } from '../../shared/protocol/relay.js'
import type { Transaction } from './level-commit.js'
import {
  decodeEntryRow,
  decodePos,
  decodeVaultRow,
  encodeEntryRow,
  encodePos,
  encodeVaultRow,
  entryKey,
  indexKey,
  registerKey,
  vaultKey,
  type VaultRow,
} from './level-rows.js'
import {
  mailboxError,
  noVault,
  type AppendOptions,
  type Appended,
  type LogEntry,
  type MailboxCaps,
  type RegisterWrite,
} from './mailbox.js'
import { charged, checkExpected, checkOnLog, checkSize, costOf } from './rules.js'

// What each write does, as a plan over a transaction; the Committer runs plans one after another.

export function cursorOf(pos: number, entryId: EntryId | undefined): Cursor {
  return entryId === undefined ? { pos } : { pos, entryId }
}

/** Only reading: shared with reads outside transactions. */
export type Getter = Pick<Transaction, 'get'>

export function findRow(tx: Getter, vault: VaultId): VaultRow | undefined {
  const body = tx.get(vaultKey(vault))
  return body && decodeVaultRow(body)
}

export function getRow(tx: Getter, vault: VaultId): VaultRow {
  const row = findRow(tx, vault)
  if (row === undefined) throw noVault()
  return row
}

/** @throws CofferError reason `stale-base` or `diverged` */
export function checkCursor(tx: Getter, vault: VaultId, row: VaultRow, cursor: Cursor): void {
  checkOnLog(cursor, { ...row, idAt: (pos) => idAt(tx, vault, row, pos) })
}

export function idAt(tx: Getter, vault: VaultId, row: VaultRow, pos: number): EntryId | undefined {
  if (pos === row.head) return row.headId
  if (pos === row.floor) return row.floorId
  const body = tx.get(entryKey(vault, pos))
  return body && decodeEntryRow(body).id
}

export function findEntry(tx: Getter, vault: VaultId, entry: EntryId): number | undefined {
  const body = tx.get(indexKey(vault, entry))
  return body && decodePos(body)
}

/** Writes registers after checking what they expect; gives the bytes that they add (or free, negative). */
export function writeRegisters(
  tx: Transaction,
  vault: VaultId,
  writes: readonly RegisterWrite[],
  caps: MailboxCaps,
): number {
  let cost = 0
  for (const { key, expect, body } of writes) {
    const at = registerKey(vault, key)
    const there = tx.get(at)
    checkExpected(there, expect)
    if (body !== undefined) checkSize(body, caps.entry, caps.wrap, 'a register')
    cost += costOf(body, caps.wrap) - costOf(there, caps.wrap)
    if (body === undefined) tx.del(at)
    else tx.put(at, body)
  }
  return cost
}

/** Appends to the vault of `row`, whose base was checked. */
export function planAppend(
  tx: Transaction,
  vault: VaultId,
  row: VaultRow,
  entries: readonly LogEntry[],
  options: AppendOptions & { readonly caps: MailboxCaps },
): Appended {
  const { caps } = options
  const positions: number[] = []
  let { head, headId } = row
  let cost = 0
  for (const entry of entries) {
    checkSize(entry.body, caps.entry, caps.wrap, 'an entry')
    const there = findEntry(tx, vault, entry.id)
    if (there !== undefined) {
      positions.push(there)
      continue
    }
    head++
    headId = entry.id
    positions.push(head)
    tx.put(entryKey(vault, head), encodeEntryRow(entry))
    tx.put(indexKey(vault, entry.id), encodePos(head))
    cost += costOf(entry.body, caps.wrap)
  }
  const added = head - row.head
  if (added > 0) {
    cost += writeRegisters(tx, vault, options.registers ?? [], caps)
    const bytes = charged(row, cost, options.reserve === true ? caps.reserve : 0)
    tx.put(vaultKey(vault), encodeVaultRow({ ...row, head, ...(headId && { headId }), bytes }))
  }
  return { positions, head: cursorOf(head, headId), added }
}

/** Removes the entries up to `floor`, but for the `kept` ones, and raises the floor to it. */
export function planPrune(
  tx: Transaction,
  vault: VaultId,
  row: VaultRow,
  floor: number,
  kept: ReadonlySet<number>,
  caps: MailboxCaps,
): void {
  let { bytes } = row
  let floorId = row.floorId
  for (let pos = row.floor + 1; pos <= floor; pos++) {
    const key = entryKey(vault, pos)
    const body = tx.get(key)
    if (body === undefined) throw mailboxError('damaged', 'an entry of the log is missing')
    const entry = decodeEntryRow(body)
    floorId = entry.id
    if (kept.has(pos)) continue
    tx.del(key)
    tx.del(indexKey(vault, entry.id))
    bytes -= costOf(entry.body, caps.wrap)
  }
  tx.put(vaultKey(vault), encodeVaultRow({ ...row, floor, ...(floorId && { floorId }), bytes }))
}

/** Removes entries below the floor, which an earlier prune had kept. */
export function planForget(
  tx: Transaction,
  vault: VaultId,
  row: VaultRow,
  positions: readonly number[],
  caps: MailboxCaps,
): void {
  let { bytes } = row
  for (const pos of positions) {
    const key = entryKey(vault, pos)
    const body = tx.get(key)
    if (body === undefined || pos > row.floor) continue
    const entry = decodeEntryRow(body)
    tx.del(key)
    tx.del(indexKey(vault, entry.id))
    bytes -= costOf(entry.body, caps.wrap)
  }
  tx.put(vaultKey(vault), encodeVaultRow({ ...row, bytes }))
}

/** What appended entries will count for. */
export function weightOf(entries: readonly LogEntry[]): number {
  return entries.reduce((sum, entry) => sum + costOf(entry.body, 0), 0)
}
