import type { Bytes } from '../../../shared/bytes.js'
import { CofferError } from '../../../shared/errors.js'
import { entryIdOf, decodeEntry } from '../../../shared/log/entry.js'
import type { RelayKey, VaultId } from '../../../shared/ids.js'
import { headOf, roleAt, type Membership } from '../../../shared/log/membership.js'
import { applyLink, openChain } from '../../../shared/log/validate.js'
import type { ChainHead } from '../../../shared/protocol/relay.js'
import type {
  BarrierResult,
  CallOptions,
  ChainPart,
  LinkOutcome,
  RelayIdentity,
  SyncManager,
  SyncStatus,
} from '../../sync/api.js'
import type { VaultPort } from '../../sync/vault-port.js'
import { Mutex } from '../../vault/mutex.js'

// An honest relay in memory, and clients of it: what the tests of the services stand on. Its orders and checks of
// links are the real ones; frames, failures and lies are the business of the syncing's own tests.

type Kept = {
  readonly log: Bytes[]
  readonly links: Bytes[]
  readonly membership: Membership
  readonly requests: Map<string, Bytes>
}

function unreachable(): CofferError {
  return new CofferError('unreachable', 'there is no relay', { reason: 'relay' })
}

const SEAL = { entries: 1000, bytes: 1 << 20 }
export const RELAY_URL = 'ws://127.0.0.1:1'

export class Net {
  readonly vaults = new Map<VaultId, Kept>()
  readonly clients = new Set<Client>()
  /** Called with each link before it is taken: a test lets somebody else be first. */
  beforeLink: (() => Promise<void>) | undefined
  online = true

  client(identity: RelayIdentity): Client {
    const client = new Client(this, identity)
    this.clients.add(client)
    return client
  }

  /** Appends one entry. @throws CofferError `tampering` for a link that doesn't follow */
  append(vaultId: VaultId, body: Bytes): void {
    const entry = decodeEntry(body)
    const kept = this.vaults.get(vaultId)
    if (kept === undefined) {
      if (entry.kind !== 'link') throw new TypeError('no such vault')
      const membership = openChain(entry.body.signed)
      this.vaults.set(vaultId, { log: [body], links: [body], membership, requests: new Map() })
    } else {
      const id = entryIdOf(body)
      if (kept.log.some((one) => entryIdOf(one) === id)) return
      if (entry.kind === 'link') {
        applyLink(kept.membership, entry.body.signed)
        kept.links.push(body)
      }
      kept.log.push(body)
    }
    for (const client of this.clients) client.changed(vaultId)
  }

  /** Cuts or mends the network for all. */
  connect(online: boolean): void {
    this.online = online
    for (const client of this.clients) client.tell()
    if (online) for (const client of this.clients) client.retryNow()
  }
}

class Client implements SyncManager {
  readonly #net: Net
  readonly #identity: RelayIdentity
  readonly #ports = new Map<VaultId, VaultPort>()
  readonly #live = new Set<VaultId>()
  readonly #mutex = new Mutex()
  readonly #listeners = new Set<() => void>()
  readonly #requests = new Set<(vaultId: VaultId, request: Bytes) => void>()
  readonly #waiters = new Set<() => void>()

  constructor(net: Net, identity: RelayIdentity) {
    this.#net = net
    this.#identity = identity
  }

  setRelay(): void {
    this.tell()
  }

  attach(port: VaultPort): void {
    this.#ports.set(port.vaultId, port)
    this.changed(port.vaultId)
  }

  detach(vaultId: VaultId): void {
    this.#ports.delete(vaultId)
    this.#live.delete(vaultId)
  }

  changed(vaultId: VaultId): void {
    for (const wake of this.#waiters) wake()
    void this.#pump(vaultId)
  }

  #member(vaultId: VaultId): boolean {
    const kept = this.#net.vaults.get(vaultId)
    return kept !== undefined && roleAt(kept.membership, this.#identity.deviceId) !== undefined
  }

  /** Whether this device was in a vault once, and is no more. */
  #isOut(vaultId: VaultId): boolean {
    const known = this.#net.vaults.get(vaultId)?.membership.devices.has(this.#identity.deviceId)
    return known === true && !this.#member(vaultId)
  }

  #pump(vaultId: VaultId): Promise<void> {
    return this.#mutex.run(async () => {
      const port = this.#ports.get(vaultId)
      if (port === undefined || !this.#net.online) return
      try {
        await this.#exchange(port)
      } catch (error) {
        if (!(error instanceof CofferError)) throw error
      }
    })
  }

  async #exchange(port: VaultPort): Promise<void> {
    const { vaultId } = port
    const { vaults } = this.#net
    const [genesis] = port.facts().links > 0 ? await port.chainEntries(0) : []
    if (!vaults.has(vaultId) && genesis !== undefined) this.#net.append(vaultId, genesis)
    const kept = vaults.get(vaultId)
    if (kept === undefined || !this.#member(vaultId)) return
    await this.#read(port, kept)
    for (const link of await port.chainEntries(kept.links.length)) this.#net.append(vaultId, link)
    await this.#read(port, kept)
    while (port.facts().drafts > 0) await port.seal(SEAL)
    for (const { body } of port.facts().outbox) this.#net.append(vaultId, body)
    await this.#read(port, kept)
    this.#live.add(vaultId)
    this.tell()
  }

  async #read(port: VaultPort, { log }: Kept): Promise<void> {
    const { pos } = port.facts().cursor
    if (pos < log.length) await port.ingest(pos + 1, log.slice(pos), 1)
  }

  status(): SyncStatus {
    const key = '00'.repeat(32) as RelayKey
    const state = this.#net.online ? 'connected' : 'offline'
    const vaults = [...this.#ports.values()].map((port) => {
      const { cursor, drafts, outbox } = port.facts()
      return {
        vaultId: port.vaultId,
        phase: this.#net.online && this.#live.has(port.vaultId) ? 'live' : 'waiting',
        pos: cursor.pos,
        head: undefined,
        drafts,
        outbox: outbox.length,
        syncedAt: undefined,
        problem: undefined,
      } as const
    })
    return { relays: [{ url: RELAY_URL, key, state, since: 0, problem: undefined }], vaults }
  }

  onStatus(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  tell(): void {
    for (const listener of this.#listeners) listener()
  }

  retryNow(): void {
    for (const vaultId of this.#ports.keys()) this.changed(vaultId)
  }

  async barrier(which: readonly VaultId[] | 'all'): Promise<BarrierResult> {
    this.#online()
    // As the relay does: whoever is out of a vault meets none.
    for (const vaultId of which === 'all' ? [] : which) {
      if (this.#isOut(vaultId)) throw noVault()
    }
    await Promise.all(Array.from(this.#ports.keys(), (vaultId) => this.#pump(vaultId)))
    return { vaults: this.#ports.size, sent: 0, received: 0 }
  }

  #online(): void {
    if (!this.#net.online) throw unreachable()
  }

  async appendLink(vaultId: VaultId, entry: Bytes): Promise<LinkOutcome> {
    await this.#net.beforeLink?.()
    const port = this.#ports.get(vaultId)
    const kept = this.#net.vaults.get(vaultId)
    if (port === undefined || kept === undefined || !this.#net.online) return 'unreachable'
    try {
      this.#net.append(vaultId, entry)
      await this.#pump(vaultId)
      return 'accepted'
    } catch (error) {
      if (!(error instanceof CofferError) || error.reason !== 'bad-chain') throw error
      await port.ingestChain(kept.links.slice(port.facts().links))
      return 'chain-moved'
    }
  }

  #kept(vaultId: VaultId): Kept {
    this.#online()
    const kept = this.#net.vaults.get(vaultId)
    if (kept !== undefined) return kept
    throw noVault()
  }

  async fetchChain(vaultId: VaultId, from: number): Promise<ChainPart> {
    const { links, membership } = this.#kept(vaultId)
    if (this.#isOut(vaultId)) throw noVault()
    return { entries: links.slice(from), head: chainHead(membership) }
  }

  async putJoinRequest(
    vaultId: VaultId,
    request: Bytes,
  ): Promise<{ readonly member: boolean; readonly head: ChainHead }> {
    const { requests, membership } = this.#kept(vaultId)
    requests.set(this.#identity.deviceId, request)
    for (const client of this.#net.clients) client.pushed(vaultId, request)
    return { member: this.#member(vaultId), head: chainHead(membership) }
  }

  pushed(vaultId: VaultId, request: Bytes): void {
    if (this.#ports.has(vaultId)) for (const listener of this.#requests) listener(vaultId, request)
  }

  async waitChainMoved(
    vaultId: VaultId,
    length: number,
    { signal }: CallOptions = {},
  ): Promise<ChainHead> {
    for (;;) {
      const { membership } = this.#kept(vaultId)
      if (membership.hashes.length > length) return chainHead(membership)
      let wake = (): void => undefined
      const woken = new Promise<void>((resolve) => {
        wake = resolve
      })
      this.#waiters.add(wake)
      signal?.addEventListener('abort', wake)
      await woken
      this.#waiters.delete(wake)
      if (signal?.aborted === true) throw new CofferError('cancelled', 'nobody waits')
    }
  }

  ask(): Promise<never> {
    return Promise.reject(unreachable())
  }

  onSnapshot(): () => void {
    return () => undefined
  }

  async joinRequests(vaultId: VaultId): Promise<readonly Bytes[]> {
    return [...this.#kept(vaultId).requests.values()]
  }

  onJoinRequest(listener: (vaultId: VaultId, request: Bytes) => void): () => void {
    this.#requests.add(listener)
    return () => this.#requests.delete(listener)
  }

  async close(): Promise<void> {
    this.#net.clients.delete(this)
    this.#ports.clear()
    await this.#mutex.idle()
  }
}

function noVault(): CofferError {
  return new CofferError('not-found', 'there is no such vault', { reason: 'no-vault' })
}

function chainHead(membership: Membership): ChainHead {
  const { n, hash } = headOf(membership)
  return { length: n + 1, hash }
}
