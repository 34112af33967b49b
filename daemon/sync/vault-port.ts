import type { Bytes } from '../../shared/bytes.js'
import type { VaultId } from '../../shared/ids.js'
import type { Alarm, BasePiece, LogPlace, SealLimits, VaultFacts } from '../core/sync/port.js'

/**
 * A vault as the sync manager sees it; the engine implements it. Each method that changes something takes the
 * vault's mutex, calls the replica, writes its ops as one durable batch, tells who watches (changed names, alarms
 * of the outcome), and only then resolves. It rejects with the storage's CofferError when the batch failed; the
 * engine has loaded the replica anew by then.
 */
export interface VaultPort {
  readonly vaultId: VaultId
  /** `factsOf(replica)` as of the last durable batch: never what a batch in flight is about to make true. */
  facts(): VaultFacts
  /** Resolves with the alarms that it raised. */
  ingest(from: number, bodies: readonly Bytes[], generation: number): Promise<readonly Alarm[]>
  ingestChain(entries: readonly Bytes[]): Promise<void>
  /** Seals the oldest drafts into the outbox; nothing happens when there are none. */
  seal(limits: SealLimits): Promise<void>
  /** Link entries from number `from` on, verbatim. */
  chainEntries(from: number): Promise<readonly Bytes[]>
  rewind(): Promise<void>
  /** Goes on from one of these signed snapshots instead of the log before it. */
  adopt(snapshots: readonly Bytes[]): Promise<void>
  /** Takes one piece of it; resolves with the alarms that it raised. */
  takeBase(piece: BasePiece): Promise<readonly Alarm[]>
  restoreLost(): Promise<void>
  confirm(places: readonly LogPlace[]): Promise<void>
  /** This device's signed head for now. */
  signedHead(): Promise<Bytes>
  /** Another device's signed head, still unchecked; resolves with the alarms that it raised. */
  checkHead(head: Bytes): Promise<readonly Alarm[]>
  /** An alarm that syncing itself found (not those of ingest outcomes). */
  alarm(alarm: Alarm): void
}
