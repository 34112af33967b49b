import { bytes, fixed, id, list, oneOf, opt, req, struct, uint } from '../codec.js'
import type { TypeOf } from '../codec.js'
import type { VaultId } from '../ids.js'
import { LIMITS } from '../limits.js'
import { SLOT } from '../log/snapshot-tree.js'

// The messages about snapshots (SPEC section 9).

const vaultId = id<VaultId>()
const entry = bytes(LIMITS.entry, 1)
const signed = bytes(LIMITS.signedSnapshot, 1)

/** A row as its maker sends it: slot[8], the position of its changeset u48be, the change's index there u16be. */
export const PLACED_ROW = SLOT + 8

/** One leaf and the way from it to the root (shared/log/snapshot-tree.ts). */
export const leafProofCodec = struct({
  index: req(0, uint(LIMITS.snapshotRows)),
  from: req(1, fixed(SLOT)),
  rows: req(2, bytes(LIMITS.leafRows)),
  path: req(3, list(fixed(32), 32)),
  /** Absent in the last leaf. */
  until: opt(4, fixed(SLOT)),
})

export const putSnapshotCodec = struct({
  vaultId: req(0, vaultId),
  snapshot: req(1, signed),
  rows: req(2, bytes(LIMITS.snapshotRows * PLACED_ROW)),
})
export const lookupCodec = struct({
  vaultId: req(0, vaultId),
  upto: req(1, uint()),
  slot: req(2, fixed(SLOT)),
})
export const SNAPSHOT_PARTS = ['rows', 'entries', 'newest'] as const
export const snapshotPartCodec = struct({
  vaultId: req(0, vaultId),
  upto: req(1, uint()),
  part: req(2, oneOf(SNAPSHOT_PARTS)),
  /** Rows: how many to pass over. Entries: the position after which. Newest: 0, like `upto`. */
  after: req(3, uint()),
})

export const placedEntryCodec = struct({ pos: req(0, uint()), body: req(1, entry) })

/** `entries`: those of the changesets that the slot's changes are of, as many as fit. */
export const foundCodec = struct({
  leaf: req(0, leafProofCodec),
  entries: req(1, list(placedEntryCodec, LIMITS.items)),
})
export type Found = TypeOf<typeof foundCodec>
export const partCodec = struct({
  /** slot[8] ‖ change id[32] each. */
  rows: req(0, bytes(LIMITS.frame)),
  entries: req(1, list(placedEntryCodec, LIMITS.items)),
  more: req(2, uint(1)),
  /** Newest: the signed snapshots that the relay has: the one on offer, the newest that a checkpoint names. */
  snapshots: req(3, list(signed, 2)),
})
export type SnapshotPart = TypeOf<typeof partCodec>

export const snapshotPushCodec = struct({ vaultId: req(0, vaultId), snapshot: req(1, signed) })
