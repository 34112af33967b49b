import type { Bytes } from '../../shared/bytes.js'
import type { ErrorCode } from '../../shared/errors.js'
import type { DeviceId, RelayKey, VaultId } from '../../shared/ids.js'
import type { DeviceKeys } from '../../shared/log/device.js'
import type { ChainHead } from '../../shared/protocol/relay.js'
import type { ReplyBody, RequestBody } from './messages.js'
import type { VaultPort } from './vault-port.js'

/** A relay and the key that it must prove to hold. */
export type RelayAddress = {
  /** `wss://host[:port]`; `ws://` on loopback only. */
  readonly url: string
  readonly key: RelayKey
  /** PEM text of the certificates to trust instead of the system's. */
  readonly ca?: string
  /** Given with `create` where the relay asks for one. */
  readonly registrationToken?: string
}

/** The device that speaks to relays. `signPrivate` is its Ed25519 private key. */
export type RelayIdentity = {
  readonly deviceId: DeviceId
  readonly keys: DeviceKeys
  readonly signPrivate: Bytes
}

/** The last thing that went wrong: a code of the table, a finer reason, a sentence. */
export type SyncProblem = {
  readonly code: ErrorCode
  readonly reason: string | undefined
  readonly message: string
}

export type RelayStatus = {
  readonly url: string
  readonly key: RelayKey
  /** `offline`: no connection is wanted or possible now; `refused`: the relay turned this device or its key away. */
  readonly state: 'offline' | 'connecting' | 'connected' | 'refused'
  /** Milliseconds since 1970. */
  readonly since: number
  readonly problem: SyncProblem | undefined
}

export type VaultSyncStatus = {
  readonly vaultId: VaultId
  /**
   * `waiting`: no connection; `opening`: asked; `uploading`: the relay learns the vault; `reading`: behind the
   * log; `live`: caught up; `blocked`: the relay refuses (see `problem`), it is tried again.
   */
  readonly phase: 'waiting' | 'opening' | 'uploading' | 'reading' | 'live' | 'blocked'
  /** Position read, and the newest head the relay named (undefined before it named one). */
  readonly pos: number
  readonly head: number | undefined
  readonly drafts: number
  /** Sealed changesets' entries not met in the relay's log. */
  readonly outbox: number
  /** When this vault was last caught up with nothing queued, milliseconds since 1970. */
  readonly syncedAt: number | undefined
  readonly problem: SyncProblem | undefined
}

export type SyncStatus = {
  /** The home's relay first, then those that vaults are on beside it. */
  readonly relays: readonly RelayStatus[]
  readonly vaults: readonly VaultSyncStatus[]
}

/** Every call ends at its deadline (milliseconds from now) or when the signal fires, whichever is first. */
export type CallOptions = {
  readonly timeout?: number
  readonly signal?: AbortSignal
  /** Another relay than the default one (joining through an invite's relay). */
  readonly relay?: RelayAddress
}

export type BarrierOptions = {
  readonly timeout: number
  readonly signal?: AbortSignal
  readonly onProgress?: (phase: 'sending' | 'receiving', done: number, total: number) => void
}

/** Entries sent (met in the log) and received while the barrier was up. */
export type BarrierResult = {
  readonly vaults: number
  readonly sent: number
  readonly received: number
}

/** What became of a link: met in the log · another one came first (its chain is ingested) · not known in time. */
export type LinkOutcome = 'accepted' | 'chain-moved' | 'unreachable'

export type ChainPart = { readonly entries: readonly Bytes[]; readonly head: ChainHead }

export interface SyncManager {
  /** The home's relay; undefined: none. Vaults attached without one of their own use it. */
  setRelay(relay: RelayAddress | undefined): void
  /** Syncs a vault from now on, with `relay` or else the home's. */
  attach(port: VaultPort, relay?: RelayAddress): void
  /** Stops touching the vault's port; calls in flight on it fail with `cancelled`. */
  detach(vaultId: VaultId): void
  /** To be called after each durable batch that the port didn't write for the manager. */
  changed(vaultId: VaultId): void
  status(): SyncStatus
  /** Called when `status()` may differ; not more often than needed for people. */
  onStatus(listener: () => void): () => void
  /** Tries to connect now if it waits for its next attempt. */
  retryNow(): void
  /**
   * Resolves when everything queued is in the relay's log and the log is read up to a head asked for after this
   * call. @throws CofferError `unreachable`, `timed-out`, `relay-refused` and the relay's other codes, `cancelled`
   */
  barrier(vaults: readonly VaultId[] | 'all', options: BarrierOptions): Promise<BarrierResult>
  /** Sends a link that is on disk as proposed; an answer within LIMITS.linkTimeout. Never throws for the network. */
  appendLink(vaultId: VaultId, entry: Bytes, options?: CallOptions): Promise<LinkOutcome>
  /** Link entries from number `from` on, all there are. Works for vaults not attached (a joiner's). */
  fetchChain(vaultId: VaultId, from: number, options?: CallOptions): Promise<ChainPart>
  /** Puts a join request once. `member`: this device is in already. */
  putJoinRequest(
    vaultId: VaultId,
    request: Bytes,
    options?: CallOptions,
  ): Promise<{ readonly member: boolean; readonly head: ChainHead }>
  /**
   * Resolves when the chain is longer than `length` links. On each new connection the request that was last put
   * for this vault is put again: without it the relay tells a stranger nothing.
   */
  waitChainMoved(vaultId: VaultId, length: number, options?: CallOptions): Promise<ChainHead>
  /** Pending join requests at the relay, unchecked bytes. */
  joinRequests(vaultId: VaultId, options?: CallOptions): Promise<readonly Bytes[]>
  /** Pushed join requests of attached vaults, unchecked bytes. */
  onJoinRequest(listener: (vaultId: VaultId, request: Bytes) => void): () => void
  /** Sends one request about a vault; its reply is unchecked. */
  ask<K extends 'lookup' | 'putSnapshot'>(
    kind: K,
    body: RequestBody<K>,
    options?: CallOptions,
  ): Promise<ReplyBody<K>>
  /** Snapshots that others offer of attached vaults, unchecked bytes. */
  onSnapshot(listener: (vaultId: VaultId, snapshot: Bytes) => void): () => void
  /** Ends all connections and timers; barriers and calls fail with `cancelled`. */
  close(): Promise<void>
}
