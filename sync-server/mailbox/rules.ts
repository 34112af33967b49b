import { equal, type Bytes } from '../../shared/bytes.js'
import type { EntryId } from '../../shared/ids.js'
import type { Cursor } from '../../shared/protocol/relay.js'
import { mailboxError, type RegisterWrite } from './mailbox.js'

// What every mailbox checks and charges alike, wherever it keeps things.

/** What one stored thing costs beside its body: keys and index. */
export const OVERHEAD = 256

/** What a stored body counts for, `wrap` bytes of it for nothing; nothing when there is none. */
export function costOf(body: Bytes | undefined, wrap: number): number {
  return body === undefined ? 0 : body.length - wrap + OVERHEAD
}

/** @throws CofferError `limit` (reason `too-large`) */
export function checkSize(body: Bytes, cap: number, wrap: number, what: string): void {
  const size = body.length - wrap
  if (size > cap) throw mailboxError('too-large', `${what} has ${size} bytes, more than ${cap}`)
}

/** @throws CofferError reason `moved` when the register isn't what the write expects */
export function checkExpected(there: Bytes | undefined, expect: RegisterWrite['expect']): void {
  if (expect === undefined) return
  const holds =
    expect === 'absent' ? there === undefined : there !== undefined && equal(there, expect)
  if (!holds) throw mailboxError('moved', 'a register is not what was expected')
}

/** The vault's bytes once `cost` more are stored. @throws CofferError `limit` (reason `quota`) */
export function charged(
  vault: { readonly bytes: number; readonly quota: number },
  cost: number,
  reserve: number,
): number {
  if (cost > 0 && vault.bytes + cost > vault.quota + reserve) {
    throw mailboxError('quota', 'the vault is full')
  }
  return vault.bytes + cost
}

/** The positions that a log holds, and the ids of its entries there and at its floor. */
type Log = {
  readonly floor: number
  readonly head: number
  readonly idAt: (pos: number) => EntryId | undefined
}

/** @throws CofferError reason `stale-base` or `diverged` when the cursor doesn't lie on the log */
export function checkOnLog(cursor: Cursor, log: Log): void {
  checkAboveFloor(cursor, log.floor)
  if (cursor.pos > log.head || log.idAt(cursor.pos) !== cursor.entryId) {
    throw mailboxError('diverged', 'the base is not on this log')
  }
}

/** @throws CofferError reason `stale-base` */
export function checkAboveFloor(cursor: Cursor, floor: number): void {
  if (cursor.pos < floor) throw mailboxError('stale-base', 'the base is below the floor')
}

/** `last` is where the newest snapshot reaches, or the floor. @throws CofferError reason `bad-snapshot` */
export function checkSnapshotPlace(upto: number, last: number, head: number): void {
  if (upto <= last || upto > head) {
    throw mailboxError('bad-snapshot', 'the snapshot does not lie between the last one and head')
  }
}

/** `older` is where the older kept snapshot reaches. @throws CofferError reason `bad-snapshot` */
export function checkPrunable(floor: number, older: number | undefined): void {
  if (floor > (older ?? 0)) {
    throw mailboxError('bad-snapshot', 'no older snapshot reaches the new floor')
  }
}
