import type { Bytes } from '../shared/bytes.js'
import type { DeviceId, InviteKey, VaultId } from '../shared/ids.js'
import type { RelayMessage } from '../shared/protocol/relay.js'

/** A device's authenticated connection, as the rest of the relay sees it. */
export interface Peer {
  readonly device: DeviceId
  /** The vaults whose pushes it gets. */
  readonly watching: Map<VaultId, Watching>
  /** Sends a push. A peer that doesn't read is disconnected before its queue grows without bound. */
  push(message: RelayMessage): void
  /** Sends an encoded push in its turn, if it is still wanted then; resolves when the socket took it. */
  deliver(frame: Bytes, wanted: () => boolean): Promise<void>
}

/** `invite`: it watches as a joiner who proved to hold this invite, else as a member. */
export type Watching = { readonly invite?: InviteKey; readonly end: () => void }
