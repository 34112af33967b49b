import type { Bytes } from '../shared/bytes.js'
import { CofferError } from '../shared/errors.js'
import type { InviteKey, VaultId } from '../shared/ids.js'
import { encodeFrame } from '../shared/protocol/relay-frame.js'
import { relayMessageCodec, type Cursor } from '../shared/protocol/relay.js'
import { checkMember, notThere, readableLinks } from './core/access.js'
import { refusalOf } from './core/refusal.js'
import { offeredSnapshot } from './core/snapshot.js'
import { chainHead, isMember } from './core/vault.js'
import type { Mailbox } from './mailbox/mailbox.js'
import type { Page, Tails } from './mailbox/tails.js'
import type { WakeBus } from './mailbox/wake.js'
import type { Peer, Watching } from './peer.js'
import { REGISTERS } from './vault.js'
import type { Vaults } from './vaults.js'

export type HubParts = {
  readonly mailbox: Mailbox
  readonly vaults: Vaults
  readonly bus: WakeBus
  readonly tails: Tails
  /** Told of each entry that went out, and of failures behind a push. */
  readonly onDelivered: (entries: number, bytes: number) => void
  readonly onError: (error: unknown) => void
}

/** Who watches which vault, and what is pushed to them. */
export class Hub {
  readonly #parts: HubParts
  readonly #watchers = new Map<VaultId, Set<Peer>>()
  /** Followers at one place get one page: it is encoded once. */
  readonly #frames = new WeakMap<Page, Bytes>()
  readonly #unlisten: () => void

  constructor(parts: HubParts) {
    this.#parts = parts
    this.#unlisten = parts.bus.onWake((wake) => {
      if ('register' in wake) {
        this.#onRegister(wake.vault, wake.register).catch(parts.onError)
      }
    })
  }

  close(): void {
    this.#unlisten()
  }

  /** Pushes the log after the cursor, heads and join requests to a member, until `unwatch`. */
  follow(peer: Peer, vault: VaultId, after: Cursor): void {
    this.unwatch(peer, vault)
    const end = this.#parts.tails.follow(vault, after, {
      deliver: (page) => this.#deliver(peer, page),
      fail: (error) => this.#end(peer, vault, error),
    })
    this.#watch(peer, vault, { end })
  }

  /** Pushes the chain's moves to a joiner, until `unwatch`. */
  admitJoiner(peer: Peer, vault: VaultId, invite: InviteKey): void {
    this.unwatch(peer, vault)
    this.#parts.bus.watch(vault)
    this.#watch(peer, vault, { invite, end: () => this.#parts.bus.unwatch(vault) })
  }

  #watch(peer: Peer, vault: VaultId, watching: Watching): void {
    peer.watching.set(vault, watching)
    const watchers = this.#watchers.get(vault) ?? new Set()
    this.#watchers.set(vault, watchers.add(peer))
  }

  unwatch(peer: Peer, vault: VaultId): void {
    peer.watching.get(vault)?.end()
    peer.watching.delete(vault)
    const watchers = this.#watchers.get(vault)
    watchers?.delete(peer)
    if (watchers?.size === 0) this.#watchers.delete(vault)
  }

  /** Ends everything that a peer watches. */
  drop(peer: Peer): void {
    for (const vault of peer.watching.keys()) this.unwatch(peer, vault)
  }

  async #deliver(peer: Peer, page: Page): Promise<void> {
    const watching = peer.watching.get(page.vault)
    const state = await this.#parts.vaults.get(page.vault).state()
    if (!isMember(state, peer.device)) throw notThere()
    let frame = this.#frames.get(page)
    if (frame === undefined) {
      const { vault: vaultId, entries, head } = page
      const body = { vaultId, from: entries[0].pos, entries: entries.map((one) => one.body), head }
      frame = encodeFrame(relayMessageCodec, { kind: 'entries', id: 0, body })
      this.#frames.set(page, frame)
    }
    await peer.deliver(frame, () => peer.watching.get(page.vault) === watching)
    this.#parts.onDelivered(page.entries.length, frame.length)
  }

  /** A follower can't go on: the peer is told, so that it opens the vault anew or gives it up. */
  #end(peer: Peer, vault: VaultId, error: unknown): void {
    this.unwatch(peer, vault)
    if (!(error instanceof CofferError)) this.#parts.onError(error)
    const { code, reason } = refusalOf(error)
    peer.push({ kind: 'closed', id: 0, body: { vaultId: vault, code, reason } })
  }

  async #onRegister(vault: VaultId, key: string): Promise<void> {
    const watchers = this.#watchers.get(vault)
    if (watchers === undefined) return
    if (key === REGISTERS.tip) return this.#onChain(vault)
    const rows = await this.#parts.mailbox.registers(vault, key)
    const body = rows.find((row) => row.key === key)?.body
    if (body === undefined) return
    const state = await this.#parts.vaults.get(vault).state()
    for (const peer of watchers) {
      const watching = peer.watching.get(vault)
      if (watching?.invite !== undefined || !isMember(state, peer.device)) continue
      if (key === REGISTERS.offer) {
        const snapshot = offeredSnapshot(body)
        peer.push({ kind: 'snapshot', id: 0, body: { vaultId: vault, snapshot } })
      } else if (key.startsWith(REGISTERS.joins)) {
        peer.push({ kind: 'joinRequest', id: 0, body: { vaultId: vault, request: body } })
      } else if (key !== REGISTERS.head(peer.device)) {
        peer.push({ kind: 'head', id: 0, body: { vaultId: vault, head: body } })
      }
    }
  }

  async #onChain(vaultId: VaultId): Promise<void> {
    const state = await this.#parts.vaults.get(vaultId).state()
    const head = chainHead(state)
    for (const peer of this.#watchers.get(vaultId) ?? []) {
      const invite = peer.watching.get(vaultId)?.invite
      try {
        if (invite === undefined) checkMember(state, peer.device)
        else readableLinks(state, peer.device, invite)
        if (invite !== undefined) peer.push({ kind: 'chainMoved', id: 0, body: { vaultId, head } })
      } catch (error) {
        this.#end(peer, vaultId, error)
      }
    }
  }
}
