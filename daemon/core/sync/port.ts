import type { Bytes } from '../../../shared/bytes.js'
import type { EntryId, LogHash, VaultId } from '../../../shared/ids.js'

// What syncing needs of a vault: the part of the replica that it calls (ReplicaLike), and the durable facts that
// its state machine decides from (VaultFacts).

/** How much of the relay's log is in, by its last entry; `entryId` is absent at position 0 only. */
export type LogCursor = {
  readonly pos: number
  readonly entryId?: EntryId | undefined
  readonly logHash: LogHash
  /** The relay's generation when this was read; 0 before the first entry. */
  readonly generation: number
}

/** A sealed entry that was not met in the relay's log yet: these bytes alone are ever sent for it. */
export type OutboxEntry = { readonly ordinal: number; readonly body: Bytes; readonly id: EntryId }

/** Ordinals, which rise with each write: of the oldest draft that waits, and of the newest that ever was. */
export type DraftSpan = { readonly first: number | undefined; readonly last: number }

/** Where the relay says that an entry stands. */
export type LogPlace = { readonly id: EntryId; readonly pos: number }

/** Something that an honest relay and honest members never cause. `reason` is stable, `detail` for people. */
export type Alarm = { readonly reason: string; readonly detail: string }

/** How much one seal may take: at least one draft is sealed when there is one. */
export type SealLimits = { readonly entries: number; readonly bytes: number }

/** What an ingest did, as far as syncing cares. */
export type IngestOutcome<Op> = {
  readonly ops: readonly Op[]
  readonly alarms: readonly Alarm[]
  readonly linksChanged: boolean
  readonly acknowledged: readonly EntryId[]
}

/** What of the snapshot that a device went on from is to be fetched next, and where that goes on. */
export type BaseWants = {
  readonly upto: number
  readonly part: 'rows' | 'entries'
  readonly after: number
}

/** One piece of it. */
export type BasePiece = {
  readonly wanted: BaseWants
  readonly rows: Bytes
  readonly entries: readonly { readonly pos: number; readonly body: Bytes }[]
  readonly more: boolean
}

/** Going on from a snapshot instead of the log before it. */
export interface AdoptingLike<Op> {
  /** Whether nothing of the log was ever read. */
  readonly isFresh: boolean
  readonly wants: BaseWants | undefined
  /** Goes on from one of these signed snapshots; nothing happens when none counts. */
  adopt(snapshots: readonly Bytes[]): readonly Op[]
  /** Takes one piece of that snapshot in. */
  take(piece: BasePiece): IngestOutcome<Op>
}

/** The part of a replica that syncing uses; `Op` is the store's, which syncing never looks into. */
export interface ReplicaLike<Op> {
  readonly vaultId: VaultId
  readonly cursor: LogCursor
  /** Undefined until the genesis is known (a joiner's replica). */
  readonly membership: { readonly hashes: readonly string[] } | undefined
  readonly adopting: AdoptingLike<Op>
  readonly ahead: LogHeight | undefined
  readonly draftCount: number
  readonly draftSpan: DraftSpan
  /** Whether drafts may be sealed at all, by this device's role now. */
  readonly mayWrite: boolean
  readonly outboxCount: number
  /** The chain has two branches: nothing is sent until that is over. */
  readonly isForked?: boolean
  /** Sealed entries that were not met in the log, oldest first. */
  outbox(): readonly OutboxEntry[]
  /** Link entries from number `from` on, verbatim. */
  chainEntries(from: number): readonly Bytes[]
  /**
   * Takes contiguous log entries from position `from` (= cursor.pos + 1). No bodies: only the cursor's
   * generation becomes `generation`. Own entries that are met leave the outbox.
   */
  ingest(from: number, bodies: readonly Bytes[], generation: number): IngestOutcome<Op>
  /** Takes links ahead of the log. */
  ingestChain(entries: readonly Bytes[]): IngestOutcome<Op>
  /** Seals the oldest drafts into the outbox, undefined when there are none. */
  sealNext(limits: SealLimits): { readonly ops: readonly Op[] } | undefined
  /**
   * The relay's log isn't the one that was read (restored from a backup, or rewritten): the cursor goes back to
   * position 0. What is known stays, and is met again or not.
   */
  rewind(): readonly Op[]
  /**
   * Changesets that an earlier reading of the log met and this one, read to its end, didn't go into the outbox,
   * verbatim, before what is queued there. Nothing happens when there are none; while there is `more`, it is called again.
   */
  restoreLost(): { readonly ops: readonly Op[]; readonly more: boolean }
  /**
   * Takes out of the outbox what the log, as it was read here, holds at these positions; the rest stays.
   */
  confirm(places: readonly LogPlace[]): readonly Op[]
  /** This device's signed head of what it has read, to be put at the relay. */
  signedHead(): Bytes
  /** Compares another device's signed head with the log as read here, now or once it gets there. */
  checkHead(head: Bytes): { readonly ops: readonly Op[]; readonly alarms: readonly Alarm[] }
}

/** What is true of a vault on disk: taken after a durable batch, never between a change and its batch. */
export type VaultFacts = {
  readonly cursor: LogCursor
  /** Drafts that wait to be sealed. */
  readonly drafts: number
  readonly draftSpan: DraftSpan
  readonly outbox: readonly OutboxEntry[]
  /** Links known here (the membership head's n is one less); 0 while a joiner doesn't have the chain. */
  readonly links: number
  /** The furthest place of the log that another device signed to have read, when it is past the cursor. */
  readonly ahead?: LogHeight | undefined
  /** Whether nothing of the log was ever read; what is still to be fetched of the snapshot gone on from. */
  readonly fresh?: boolean
  readonly base?: BaseWants | undefined
}

/** How far a log was read. */
export type LogHeight = { readonly generation: number; readonly pos: number }

/** The facts of a replica. Call it only when every op that the replica gave is durable. */
export function factsOf<Op>(replica: ReplicaLike<Op>): VaultFacts {
  const { cursor, membership, ahead, mayWrite } = replica
  const drafts = mayWrite ? replica.draftCount : 0
  const draftSpan = mayWrite ? replica.draftSpan : { ...replica.draftSpan, first: undefined }
  const links = membership?.hashes.length ?? 0
  const idle = replica.outboxCount === 0 || replica.isForked === true
  const outbox = idle ? [] : replica.outbox()
  const { isFresh: fresh, wants: base } = replica.adopting
  return { cursor, drafts, draftSpan, outbox, links, ahead, fresh, base }
}
