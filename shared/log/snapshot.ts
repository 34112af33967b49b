import { fixed, id, list, req, struct, uint, type TypeOf } from '../codec.js'
import type { ChangesetHash, DeviceId, EntryId, LogHash, SnapshotHash, VaultId } from '../ids.js'
import { LIMITS } from '../limits.js'
import { memberHeadCodec } from './link.js'
import { SignedKind } from './signed.js'

/** A device's newest changeset that a snapshot covers, and the n of its member head. */
export const coveredHeadCodec = struct({
  device: req(0, id<DeviceId>()),
  seq: req(1, uint()),
  hash: req(2, id<ChangesetHash>()),
  memberN: req(3, uint(LIMITS.links)),
})
export type CoveredHead = TypeOf<typeof coveredHeadCodec>

/**
 * What a device signs of a vault's log up to `pos` (SPEC section 7): which changes still count there, as the root of a
 * tree over their ids. Ids are hashes of signed changesets: a snapshot can leave out, never forge.
 */
export const snapshotCodec = struct({
  version: req(0, uint(255)),
  vaultId: req(1, id<VaultId>()),
  /** Who made it. */
  device: req(2, id<DeviceId>()),
  /** The chain's head when it was made; the checkpoint link follows it. */
  memberHead: req(3, memberHeadCodec),
  /** The epoch in force at memberHead, whose key orders the rows. */
  epoch: req(4, uint()),
  pos: req(5, uint()),
  entryId: req(6, id<EntryId>()),
  logHash: req(7, id<LogHash>()),
  /** Makes the order of the rows another in each snapshot. */
  nonce: req(8, fixed(16)),
  /** How many changes still count, and in how many leaves their rows stand. */
  count: req(9, uint(LIMITS.snapshotRows)),
  leaves: req(10, uint(LIMITS.snapshotRows)),
  root: req(11, fixed(32)),
  /** Every device's newest changeset up to pos; several of one that signed a number twice. Ascending. */
  heads: req(12, list(coveredHeadCodec, LIMITS.cuts)),
})
export type Snapshot = TypeOf<typeof snapshotCodec>

/** Signed snapshots. */
export const signedSnapshot = new SignedKind<Snapshot, SnapshotHash>('snapshot', snapshotCodec)

/** Whether a snapshot covers the changeset of this device and number. */
export function covers(
  snapshot: Pick<Snapshot, 'heads'> | undefined,
  device: DeviceId,
  seq: number,
): boolean {
  return snapshot?.heads.some((head) => head.device === device && head.seq >= seq) === true
}
