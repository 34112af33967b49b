import { crc32 } from 'node:zlib'
import { concat, readU32be, u32be, u64be, type Bytes } from '../../shared/bytes.js'
import { decode, encode, id, opt, req, struct, uint, type TypeOf } from '../../shared/codec.js'
import { bytesOf, idOf, type EntryId, type VaultId } from '../../shared/ids.js'
import { mailboxError, type LogEntry } from './mailbox.js'

// Keys are text, so that a store can be looked at with any LevelDB tool. Every value starts with a CRC-32 of
// the rest: LevelDB as bound by classic-level doesn't check its blocks' sums on reads, and a flipped bit must
// be told from what a client sent.

const HEX = 14
const hex = (pos: number): string => pos.toString(16).padStart(HEX, '0')

export const META_KEY = 'm'
export const MARK_KEY = 'w'
export const vaultKey = (vault: VaultId): string => `v!${vault}`
export const entryKey = (vault: VaultId, pos: number): string => `e!${vault}!${hex(pos)}`
export const indexKey = (vault: VaultId, entry: EntryId): string => `i!${vault}!${entry}`
export const registerKey = (vault: VaultId, key: string): string => `r!${vault}!${key}`
export const snapshotKey = (vault: VaultId, upto: number): string => `s!${vault}!${hex(upto)}`
/** Above every register key that starts with a prefix, and above every position: keys are ASCII. */
export const AFTER = '\x7f'

/** The position at the end of an entry's or a snapshot's key. */
export function posOfKey(key: string): number {
  return Number.parseInt(key.slice(-HEX), 16)
}

/** A value as it is stored. */
export function seal(body: Bytes): Bytes {
  return concat(u32be(crc32(body)), body)
}

/** @throws CofferError `storage` (reason `damaged`) when it isn't what was stored. */
export function unseal(row: Bytes): Bytes {
  if (row.length >= 4) {
    // A plain view: LevelDB gives Buffers, whose methods and prints differ.
    const body = new Uint8Array(row.buffer, row.byteOffset + 4, row.length - 4)
    if (readU32be(row) === crc32(body)) return body
  }
  throw mailboxError('damaged', 'a row of the store is damaged')
}

const vaultRow = struct({
  head: req(0, uint()),
  headId: opt(1, id<EntryId>()),
  floor: req(2, uint()),
  floorId: opt(3, id<EntryId>()),
  bytes: req(4, uint()),
  quota: req(5, uint()),
})
export type VaultRow = TypeOf<typeof vaultRow>

export const encodeVaultRow = (row: VaultRow): Bytes => encode(vaultRow, row)

export function decodeVaultRow(body: Bytes): VaultRow {
  return decode(vaultRow, body, 'a vault row', 256)
}

const metaRow = struct({ format: req(0, uint()), generation: req(1, uint()) })
export type Meta = TypeOf<typeof metaRow>

/** Version of this layout. */
export const FORMAT = 1

export const encodeMeta = (meta: Meta): Bytes => encode(metaRow, meta)

/** @throws CofferError `storage` (reason `damaged`) for the meta row of another layout. */
export function decodeMeta(body: Bytes): Meta {
  const meta = decode(metaRow, body, 'the meta row', 64)
  if (meta.format !== FORMAT) {
    throw mailboxError(
      'damaged',
      `the store has layout ${meta.format}, this program knows ${FORMAT}`,
    )
  }
  return meta
}

export const encodeEntryRow = (entry: LogEntry): Bytes => concat(bytesOf(entry.id), entry.body)

export function decodeEntryRow(row: Bytes): LogEntry {
  return { id: idOf<EntryId>(row.subarray(0, 32)), body: row.subarray(32) }
}

export const encodePos = (pos: number): Bytes => u64be(pos)

export function decodePos(row: Bytes): number {
  return Number(new DataView(row.buffer, row.byteOffset, row.byteLength).getBigUint64(0))
}
