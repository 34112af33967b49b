import type { Bytes } from '../../shared/bytes.js'
import { CofferError, type ErrorCode } from '../../shared/errors.js'
import type { EntryId, VaultId } from '../../shared/ids.js'
import type { Cursor } from '../../shared/protocol/relay.js'
import { LIMITS } from '../../shared/limits.js'

/** One entry of a vault's log: its body and the id that makes appending it idempotent. */
export type LogEntry = { readonly id: EntryId; readonly body: Bytes }

/** An entry where it stands; positions count from 1 without gaps. */
export type PlacedEntry = LogEntry & { readonly pos: number }

/**
 * A register: small state of a vault beside its log. `expect` makes the write a compare-and-set: `absent`,
 * or the exact body that must stand there. `body` undefined removes the register.
 */
export type RegisterWrite = {
  readonly key: string
  readonly expect?: 'absent' | Bytes
  readonly body: Bytes | undefined
}

export type Register = { readonly key: string; readonly body: Bytes }

/** What an append did. `positions[i]` is where entries[i] stands, `added` how many were new. */
export type Appended = {
  readonly positions: readonly number[]
  readonly head: Cursor
  readonly added: number
}

export type AppendOptions = {
  /** Written in the same transaction as the entries, and only when at least one of them is new. */
  readonly registers?: readonly RegisterWrite[]
  /** May use the reserve above the quota: a full vault must still take the link that removes a member. */
  readonly reserve?: boolean
}

export type VaultInfo = {
  readonly head: Cursor
  /** The last pruned position and its entry's id; position 0 when nothing was pruned. */
  readonly floor: Cursor
  /** Rises when the store was restored from a backup. */
  readonly generation: number
  /** Bytes that count against the quota: bodies of entries, registers and snapshots with their overhead. */
  readonly bytes: number
  readonly quota: number
}

export type ReadResult = {
  readonly entries: readonly PlacedEntry[]
  readonly head: number
  readonly floor: number
  readonly generation: number
}

export type Snapshot = { readonly upto: number; readonly body: Bytes }

/**
 * The relay's storage. A resolved promise means durable: nothing is acknowledged or delivered before that.
 * Every refusal is a CofferError whose reason is one of MAILBOX_REASONS; it changed nothing.
 */
export interface Mailbox {
  /** Makes a vault with its first entries; one that is there already is left as it is (`existed`). */
  createVault(vault: VaultId, init: VaultInit): Promise<Appended & { readonly existed: boolean }>
  /** The vault's state, or undefined when there is no such vault. */
  info(vault: VaultId): Promise<VaultInfo | undefined>
  /**
   * Appends entries in order, all or none. Those whose id is in the log keep their position. `base` is a
   * place that the writer has seen: not necessarily the head, but it must lie on this log.
   */
  append(
    vault: VaultId,
    base: Cursor,
    entries: readonly LogEntry[],
    options?: AppendOptions,
  ): Promise<Appended>
  /** Where entries with these ids stand; undefined for ids that are not in the log. */
  find(vault: VaultId, ids: readonly EntryId[]): Promise<(number | undefined)[]>
  /** Contiguous entries after the cursor: at least one when there is one, else as many as the limits allow. */
  read(vault: VaultId, after: Cursor, limits: ReadLimits): Promise<ReadResult>
  /** The heads of those of the vaults that exist. */
  heads(vaults: readonly VaultId[]): Promise<Map<VaultId, number>>
  /** Writes one register durably. Uses the quota's reserve: the caller bounds how many there are. */
  putRegister(vault: VaultId, key: string, body: Bytes): Promise<void>
  removeRegister(vault: VaultId, key: string): Promise<void>
  /** Registers whose key starts with `prefix`, in key order; after `page.after` when it is given. */
  registers(vault: VaultId, prefix: string, page?: RegisterPage): Promise<Register[]>
  /** Keeps the two newest snapshots. `upto` must lie above the last one's and not past the head. */
  putSnapshot(vault: VaultId, upto: number, body: Bytes): Promise<void>
  /** The snapshot that reaches to `upto`, by default the newest. */
  getSnapshot(vault: VaultId, upto?: number): Promise<Snapshot | undefined>
  /** Removes entries up to `floor`, which must not pass the older kept snapshot, but for those at `kept` positions. */
  prune(vault: VaultId, floor: number, kept?: ReadonlySet<number>): Promise<void>
  /** Those of the entries at these positions that are there, in that order, kept ones below the floor included. */
  readAt(vault: VaultId, positions: readonly number[]): Promise<PlacedEntry[]>
  /** What setMark left: it is the whole store's. */
  mark(): Promise<Bytes | undefined>
  /** Marks a store that has no vault yet, durably. @throws CofferError reason `not-empty` */
  setMark(body: Bytes): Promise<void>
  /** Every vault's generation rises: called once after the store was restored from a backup. */
  raiseGeneration(): Promise<number>
  /** Resolves when the store reads and writes; @throws CofferError `storage` otherwise. */
  health(): Promise<void>
  close(): Promise<void>
}

export type VaultInit = {
  readonly quota: number
  readonly entries: readonly LogEntry[]
  readonly registers: readonly RegisterWrite[]
}
export type ReadLimits = { readonly entries: number; readonly bytes: number }
export type RegisterPage = ReadLimits & { readonly after?: string }

/** The reasons of a mailbox's refusals and the error code that each has. */
export const MAILBOX_REASONS = {
  /** The base lies below the floor: take the snapshot. */
  'stale-base': 'relay-refused',
  /** The base isn't on this log: rewind to the common prefix. */
  diverged: 'relay-refused',
  /** A register wasn't what the write expected: read again and decide anew. */
  moved: 'relay-refused',
  quota: 'limit',
  'too-large': 'limit',
  /** Too much is queued: try again later. */
  busy: 'limit',
  /** The store doesn't write at present: full, failing or closed. */
  unavailable: 'storage',
  /** What the store read isn't what it wrote. */
  damaged: 'storage',
  'no-vault': 'not-found',
  /** A snapshot or floor that breaks the rules above. */
  'bad-snapshot': 'relay-refused',
  /** A mark for a store that has vaults. */
  'not-empty': 'storage',
} as const satisfies Record<string, ErrorCode>
export type MailboxReason = keyof typeof MAILBOX_REASONS

/** The error of a mailbox's refusal. */
export function mailboxError(reason: MailboxReason, what: string, cause?: unknown): CofferError {
  return new CofferError(MAILBOX_REASONS[reason], what, { reason, cause })
}

/** Caps of one mailbox; bytes. */
export type MailboxCaps = {
  /** One entry or register. */
  readonly entry: number
  readonly snapshot: number
  /** What links and registers may use above the quota. */
  readonly reserve: number
  /** Bytes of appends that wait to be written; above it `busy`. */
  readonly queue: number
  /** What a wrapper around the mailbox adds to each body: it neither counts nor is capped. */
  readonly wrap: number
}

export const DEFAULT_CAPS: MailboxCaps = {
  entry: LIMITS.mailboxEntry,
  snapshot: LIMITS.mailboxSnapshot,
  reserve: LIMITS.mailboxReserve,
  queue: LIMITS.mailboxQueue,
  wrap: 0,
}

/** The error for a vault that isn't there. */
export function noVault(): CofferError {
  return mailboxError('no-vault', 'there is no such vault here')
}
