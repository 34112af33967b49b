import { id, req, struct, uint, type TypeOf } from '../codec.js'
import type { DeviceId, EntryId, LogHash, VaultId } from '../ids.js'
import { memberHeadCodec } from './link.js'
import { SignedKind } from './signed.js'

/** What a device saw of a mailbox, in its own word (SPEC section 9). */
export const headCodec = struct({
  vaultId: req(0, id<VaultId>()),
  device: req(1, id<DeviceId>()),
  memberHead: req(2, memberHeadCodec),
  generation: req(3, uint()),
  pos: req(4, uint()),
  logHash: req(5, id<LogHash>()),
  /** Milliseconds since 1970 by the device's clock. */
  time: req(6, uint()),
})
export type Head = TypeOf<typeof headCodec>

/** Heads have no identity beyond their bytes; the id is used for logs and tests only. */
export const signedHead = new SignedKind<Head, EntryId>('head', headCodec)
