import type { Bytes } from '../../shared/bytes.js'
import type { Random } from '../../shared/crypto/random.js'
import { CofferError } from '../../shared/errors.js'
import type { VaultId } from '../../shared/ids.js'
import { LIMITS } from '../../shared/limits.js'
import type { ChainHead } from '../../shared/protocol/relay.js'
import { addressKey, parseRelayUrl } from './address.js'
import type {
  BarrierOptions,
  BarrierResult,
  CallOptions,
  ChainPart,
  LinkOutcome,
  RelayAddress,
  RelayIdentity,
  SyncManager,
  SyncStatus,
} from './api.js'
import { notLinked, statusOf, type Attached } from './attached.js'
import { reachAll } from './barrier.js'
import { appendLink, fetchChain, waitChainMoved } from './calls.js'
import { bounded, cancelled } from './deadline.js'
import type { RelayLink } from './link.js'
import { Links } from './links.js'
import { unreachable, type Push, type ReplyBody, type RequestBody } from './messages.js'
import { VaultRunner } from './runner.js'
import type { Timers } from './timers.js'
import type { VaultPort } from './vault-port.js'

export type ManagerParts = {
  readonly identity: RelayIdentity
  readonly random: Random
  readonly timers: Timers
  /** Opens no connection at all: everything that needs one fails with `unreachable` (reason `offline`). */
  readonly offline: boolean
}

/** A call that fetches or asks something gives up after this, unless the caller says otherwise (milliseconds). */
const CALL_TIMEOUT = 10_000
/** What people watch doesn't change faster than this (milliseconds). */
const STATUS_EVERY = 50

/** See SyncManager. */
export class RelaySync implements SyncManager {
  readonly #parts: ManagerParts
  readonly #links: Links
  readonly #vaults = new Map<VaultId, Attached>()
  readonly #joins = new Map<VaultId, Bytes>()
  readonly #onStatus = new Set<() => void>()
  readonly #pushes = new Set<(push: Push) => void>()
  #relay: { readonly address: RelayAddress; readonly link: RelayLink | undefined } | undefined
  #tell: (() => void) | undefined
  #closed = false

  constructor(parts: ManagerParts) {
    this.#parts = parts
    this.#links = new Links(
      parts,
      () => this.#changed(),
      (push) => this.#onPush(push),
    )
  }

  setRelay(relay: RelayAddress | undefined): void {
    if (relay !== undefined) parseRelayUrl(relay.url)
    const before = this.#relay
    if (before && relay && addressKey(before.address) === addressKey(relay)) return
    const link = relay === undefined || this.#idle() ? undefined : this.#links.use(relay)
    this.#relay = relay && { address: relay, link }
    for (const vault of this.#vaults.values()) {
      if (vault.own === undefined) this.#start(vault)
    }
    if (before?.link !== undefined) this.#links.release(before.link)
    this.#changed()
  }

  attach(port: VaultPort, relay?: RelayAddress): void {
    if (relay !== undefined) parseRelayUrl(relay.url)
    this.detach(port.vaultId)
    const vault: Attached = { port, own: relay, runner: undefined }
    this.#vaults.set(port.vaultId, vault)
    this.#start(vault)
    this.#changed()
  }

  detach(vaultId: VaultId): void {
    const vault = this.#vaults.get(vaultId)
    if (vault === undefined) return
    this.#vaults.delete(vaultId)
    this.#stop(vault)
    this.#changed()
  }

  #idle(): boolean {
    return this.#parts.offline || this.#closed
  }

  /** (Re)starts a vault on the relay that is its own now. */
  #start(vault: Attached): void {
    this.#stop(vault)
    const address = vault.own ?? this.#relay?.address
    if (address === undefined || this.#idle()) return
    const link = this.#links.use(address)
    const { timers, random } = this.#parts
    vault.runner = new VaultRunner(vault.port, link, {
      timers,
      random,
      onStatus: () => this.#changed(),
      onQueued: (change) => this.#links.queue(link, change),
    })
  }

  #stop(vault: Attached): void {
    const { runner } = vault
    if (runner === undefined) return
    vault.runner = undefined
    runner.stop()
    this.#links.release(runner.link)
  }

  changed(vaultId: VaultId): void {
    const vault = this.#vaults.get(vaultId)
    vault?.runner?.dispatch({ kind: 'changed' })
  }

  status(): SyncStatus {
    const links = new Map(this.#links.all().map((link) => [addressKey(link.address), link]))
    const relays = this.#addresses().map(
      (address) => links.get(addressKey(address))?.status() ?? notLinked(address),
    )
    return { relays, vaults: [...this.#vaults.values()].map(statusOf) }
  }

  /** Of the home's relay, then of those that vaults are on beside it; not of those that were only asked something. */
  #addresses(): readonly RelayAddress[] {
    const vaults = [...this.#vaults.values()].flatMap(({ own }) => own ?? [])
    const all = this.#relay === undefined ? vaults : [this.#relay.address, ...vaults]
    return [...new Map(all.map((one) => [addressKey(one), one])).values()]
  }

  onStatus(listener: () => void): () => void {
    this.#onStatus.add(listener)
    return () => this.#onStatus.delete(listener)
  }

  #changed(): void {
    if (this.#tell !== undefined || this.#onStatus.size === 0 || this.#closed) return
    this.#tell = this.#parts.timers.after(STATUS_EVERY, () => {
      this.#tell = undefined
      for (const listener of this.#onStatus) listener()
    })
  }

  retryNow(): void {
    for (const link of this.#links.all()) link.retryNow()
    for (const { runner } of this.#vaults.values()) runner?.dispatch({ kind: 'retry' })
  }

  async barrier(
    vaults: readonly VaultId[] | 'all',
    options: BarrierOptions,
  ): Promise<BarrierResult> {
    this.#checkOnline()
    const ids = vaults === 'all' ? [...this.#vaults.keys()] : vaults
    const runners = ids.map((id) => this.#vaults.get(id)?.runner)
    if (runners.length === 0 && this.#relay === undefined) throw noRelay()
    const reached = runners.map((runner) => runner ?? fail(noRelay()))
    return reachAll(this.#parts.timers, reached, options)
  }

  async appendLink(
    vaultId: VaultId,
    entry: Bytes,
    { timeout = LIMITS.linkTimeout, signal }: CallOptions = {},
  ): Promise<LinkOutcome> {
    const runner = this.#vaults.get(vaultId)?.runner
    if (runner === undefined) return 'unreachable'
    try {
      const { timers } = this.#parts
      return await bounded(timers, { timeout, signal }, appendLink(runner, entry))
    } catch (error) {
      const code = error instanceof CofferError ? error.code : undefined
      if (code === 'unreachable' || code === 'timed-out') return 'unreachable'
      throw error
    }
  }

  fetchChain(vaultId: VaultId, from: number, options: CallOptions = {}): Promise<ChainPart> {
    return this.#call(vaultId, options, async (link, signal) =>
      fetchChain(await link.ready(true), vaultId, from, signal),
    )
  }

  putJoinRequest(
    vaultId: VaultId,
    request: Bytes,
    options: CallOptions = {},
  ): Promise<{ readonly member: boolean; readonly head: ChainHead }> {
    this.#joins.set(vaultId, request)
    return this.#call(vaultId, options, async (link) =>
      (await link.ready(true)).request('join', { vaultId, request }),
    )
  }

  waitChainMoved(vaultId: VaultId, length: number, options: CallOptions = {}): Promise<ChainHead> {
    return this.#call(vaultId, options, (link, signal) =>
      waitChainMoved(link, vaultId, length, this.#joins.get(vaultId), signal),
    )
  }

  async joinRequests(vaultId: VaultId, options: CallOptions = {}): Promise<readonly Bytes[]> {
    const { requests } = await this.#call(vaultId, options, async (link) =>
      (await link.ready(true)).request('joinRequests', { vaultId }),
    )
    return requests
  }

  onJoinRequest(listener: (vaultId: VaultId, request: Bytes) => void): () => void {
    return this.#listen((push) => {
      if (push.kind === 'joinRequest') listener(push.body.vaultId, push.body.request)
    })
  }

  onSnapshot(listener: (vaultId: VaultId, snapshot: Bytes) => void): () => void {
    return this.#listen((push) => {
      if (push.kind === 'snapshot') listener(push.body.vaultId, push.body.snapshot)
    })
  }

  #listen(listener: (push: Push) => void): () => void {
    this.#pushes.add(listener)
    return () => this.#pushes.delete(listener)
  }

  ask<K extends 'lookup' | 'putSnapshot'>(
    kind: K,
    body: RequestBody<K>,
    options: CallOptions = {},
  ): Promise<ReplyBody<K>> {
    return this.#call(body.vaultId, options, async (link) =>
      (await link.ready(true)).request(kind, body),
    )
  }

  async close(): Promise<void> {
    this.#closed = true
    for (const vault of this.#vaults.values()) this.#stop(vault)
    this.#vaults.clear()
    this.#tell?.()
    this.#links.close()
  }

  /** Runs a call over the link of the caller's, the vault's or the home's relay. */
  async #call<T>(
    vaultId: VaultId,
    { relay, timeout = CALL_TIMEOUT, signal }: CallOptions,
    work: (link: RelayLink, signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    this.#checkOnline()
    const address = relay ?? this.#vaults.get(vaultId)?.own ?? this.#relay?.address
    if (address === undefined) throw noRelay()
    parseRelayUrl(address.url)
    const link = this.#links.use(address)
    const ended = new AbortController()
    try {
      const { timers } = this.#parts
      return await bounded(timers, { timeout, signal }, work(link, ended.signal))
    } finally {
      ended.abort()
      this.#links.release(link)
    }
  }

  #checkOnline(): void {
    if (this.#closed) throw cancelled()
    if (this.#parts.offline) throw unreachable('coffer was started offline', 'offline')
  }

  #onPush(push: Push): void {
    if (!this.#vaults.has(push.body.vaultId)) return
    for (const listener of this.#pushes) listener(push)
  }
}

function noRelay(): CofferError {
  return new CofferError('unreachable', 'no relay is set', {
    reason: 'no-relay',
    next: 'run coffer relay set URL --relay-key KEY',
  })
}

function fail(error: CofferError): never {
  throw error
}
