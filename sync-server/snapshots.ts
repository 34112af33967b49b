import { setImmediate } from 'node:timers/promises'
import { concatAll, type Bytes } from '../shared/bytes.js'
import { CofferError } from '../shared/errors.js'
import type { DeviceId, VaultId } from '../shared/ids.js'
import { LIMITS } from '../shared/limits.js'
import type { Found, SnapshotPart } from '../shared/protocol/relay-snapshot.js'
import {
  buildKept,
  checkOffer,
  decodeOffer,
  decodeSigned,
  encodeOffer,
  encodeSigned,
  isNamed,
  offeredSnapshot,
  openKept,
  positionsIn,
  type Kept,
  type Offer,
} from './core/snapshot.js'
import type { Mailbox } from './mailbox/mailbox.js'
import { PAGE, REGISTERS } from './vault.js'
import type { Vaults } from './vaults.js'

/** Snapshots at hand, so that a page isn't paid for with the whole; the one not used for longest goes. */
const AT_HAND = 4
const ROW = 40
const NONE = new Uint8Array(0)
/** Rows and positions of one page. */
const PAGE_ROWS = Math.floor(PAGE.bytes / ROW)

export type SnapshotParts = {
  readonly mailbox: Mailbox
  readonly vaults: Vaults
  /** Whether entries are removed once two checkpoints stand. */
  readonly prune: boolean
  readonly onKept: () => void
  readonly onPruned: (positions: number) => void
}

/** The relay's snapshots: offered ones, those that a checkpoint names, and what is pruned by them. */
export class Snapshots {
  readonly #parts: SnapshotParts
  readonly #atHand = new Map<string, Kept>()
  readonly #offers = new Map<VaultId, Kept>()
  #turn: Promise<unknown> = Promise.resolve()

  constructor(parts: SnapshotParts) {
    this.#parts = parts
  }

  /**
   * Keeps a snapshot that a member offers, in the place of an earlier offer, once everything that it names was found.
   * @throws CofferError `tampering`, `relay-refused`, `format`
   */
  offer(vaultId: VaultId, device: DeviceId, snapshot: Bytes, rows: Bytes): Promise<void> {
    return this.#inTurn(async () => {
      const { mailbox, vaults } = this.#parts
      const offer: Offer = { signed: decodeSigned(snapshot), rows }
      checkOffer(await vaults.get(vaultId).state(), device, offer.signed)
      const { body } = await this.#build(vaultId, offer)
      await this.#keepOffer(vaultId, body)
      await mailbox.putRegister(vaultId, REGISTERS.offer, encodeOffer(offer))
    })
  }

  /** A new device may start from it before a checkpoint names it. */
  async #keepOffer(vaultId: VaultId, body: Bytes): Promise<void> {
    const { mailbox } = this.#parts
    const count = Math.ceil(body.length / PAGE.bytes)
    for (let n = 0; n < count; n++) {
      const piece = body.slice(n * PAGE.bytes, (n + 1) * PAGE.bytes)
      await mailbox.putRegister(vaultId, REGISTERS.piece(n), piece)
    }
    for (const { key } of await mailbox.registers(vaultId, REGISTERS.pieces)) {
      if (key >= REGISTERS.piece(count)) await mailbox.removeRegister(vaultId, key)
    }
    this.#offers.delete(vaultId)
  }

  async #offer(vaultId: VaultId): Promise<Kept | undefined> {
    const known = this.#offers.get(vaultId)
    if (known !== undefined) return known
    const pieces = await this.#parts.mailbox.registers(vaultId, REGISTERS.pieces)
    if (pieces.length === 0) return undefined
    try {
      const kept = openKept(concatAll(pieces.map(({ body }) => body)))
      this.#offers.set(vaultId, kept)
      for (const oldest of [...this.#offers.keys()].slice(0, -AT_HAND)) this.#offers.delete(oldest)
      return kept
    } catch (error) {
      // Two offers' pieces, because the relay ended between them: the next offer mends it.
      if (error instanceof CofferError) return undefined
      throw error
    }
  }

  /** One at a time: each reads much of a log. */
  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#turn.then(work)
    this.#turn = result.catch(() => undefined)
    return result
  }

  #build(vaultId: VaultId, offer: Offer): ReturnType<typeof buildKept> {
    const { mailbox } = this.#parts
    return buildKept(offer, (positions) => mailbox.readAt(vaultId, positions), setImmediate)
  }

  /** The signed snapshot that is offered now. */
  async offered(vaultId: VaultId): Promise<Bytes | undefined> {
    const [row] = await this.#parts.mailbox.registers(vaultId, REGISTERS.offer)
    return row && offeredSnapshot(row.body)
  }

  /** To be called when the chain has moved: an offer that it names now is kept, and what can go, goes. */
  settle(vaultId: VaultId): Promise<void> {
    return this.#inTurn(async () => {
      const { mailbox, vaults, onKept } = this.#parts
      const { membership } = await vaults.get(vaultId).state()
      const [row] = await mailbox.registers(vaultId, REGISTERS.offer)
      const offer = row && decodeOffer(row.body)
      if (offer === undefined || !isNamed(membership, offer.signed)) return
      const { kept, body } = await this.#build(vaultId, offer)
      const { pos } = kept.snapshot
      if ((await mailbox.getSnapshot(vaultId, pos)) === undefined) {
        await mailbox.putSnapshot(vaultId, pos, body)
        onKept()
      }
      await mailbox.removeRegister(vaultId, REGISTERS.offer)
      await this.#keepOffer(vaultId, NONE)
      await this.#prune(
        vaultId,
        membership.checkpoints.map(({ snapshot }) => snapshot.pos),
      )
    })
  }

  /** Removes what neither of the two kept snapshots keeps, up to the older one. */
  async #prune(vaultId: VaultId, named: readonly number[]): Promise<void> {
    const { mailbox, prune, onPruned } = this.#parts
    const [older, newer] = named.slice(-2)
    const before = (await mailbox.info(vaultId))?.floor.pos ?? 0
    if (!prune || older === undefined || newer === undefined || older <= before) return
    const both = [await this.#find(vaultId, older), await this.#find(vaultId, newer)]
    if (both.includes(undefined)) return
    const kept = new Set(both.flatMap((one) => one?.positions ?? []))
    await mailbox.prune(vaultId, older, kept)
    onPruned(older - before)
  }

  async #find(vaultId: VaultId, upto: number): Promise<Kept | undefined> {
    const key = `${vaultId}/${upto}`
    let kept = this.#atHand.get(key)
    if (kept === undefined) {
      const body = (await this.#parts.mailbox.getSnapshot(vaultId, upto))?.body
      if (body === undefined) return undefined
      kept = openKept(body)
    }
    this.#atHand.delete(key)
    this.#atHand.set(key, kept)
    for (const oldest of [...this.#atHand.keys()].slice(0, -AT_HAND)) this.#atHand.delete(oldest)
    return kept
  }

  async #get(vaultId: VaultId, upto: number): Promise<Kept> {
    const kept = await this.#find(vaultId, upto)
    if (kept !== undefined) return kept
    const offer = await this.#offer(vaultId)
    if (offer?.snapshot.pos === upto) return offer
    throw new CofferError('relay-refused', 'there is no such snapshot', { reason: 'no-snapshot' })
  }

  /** @throws CofferError `relay-refused` (reason `no-snapshot`) */
  async lookup(vaultId: VaultId, upto: number, slot: Bytes): Promise<Found> {
    const kept = await this.#get(vaultId, upto)
    const { until, ...leaf } = kept.tree.find(slot)
    const entries = await this.#entriesAt(vaultId, positionsIn(kept, slot))
    const proof = { ...leaf, path: [...leaf.path] }
    return { leaf: until === undefined ? proof : { ...proof, until }, entries }
  }

  /** As many as fit a frame. */
  async #entriesAt(vaultId: VaultId, positions: readonly number[]): Promise<Found['entries']> {
    const out: Found['entries'][number][] = []
    let size = 0
    for (const pos of positions) {
      const [entry] = await this.#parts.mailbox.readAt(vaultId, [pos])
      if (entry === undefined) continue
      size += entry.body.length + 16
      if (out.length > 0 && (size > PAGE.bytes || out.length >= PAGE.entries)) break
      out.push({ pos, body: entry.body })
    }
    return out
  }

  /** The snapshots that a device may start from. */
  async newest(vaultId: VaultId): Promise<SnapshotPart> {
    const offer = await this.#offer(vaultId)
    const named = (await this.#parts.mailbox.getSnapshot(vaultId))?.upto
    const kept = named === undefined ? undefined : await this.#find(vaultId, named)
    const snapshots = [offer, kept].flatMap((one) =>
      one === undefined ? [] : [encodeSigned(one.signed)],
    )
    return { rows: NONE, entries: [], more: 0, snapshots }
  }

  /** @throws CofferError `relay-refused` (reason `no-snapshot`) */
  async rows(vaultId: VaultId, upto: number, after: number): Promise<SnapshotPart> {
    const { rows } = await this.#get(vaultId, upto)
    const end = Math.min(rows.length / ROW, after + PAGE_ROWS)
    const part = rows.slice(Math.min(after, end) * ROW, end * ROW)
    return { rows: part, entries: [], more: end * ROW < rows.length ? 1 : 0, snapshots: [] }
  }

  /** @throws CofferError `relay-refused` (reason `no-snapshot`) */
  async entries(vaultId: VaultId, upto: number, after: number): Promise<SnapshotPart> {
    const { positions } = await this.#get(vaultId, upto)
    const start = positions.findIndex((pos) => pos > after)
    const left = start < 0 ? [] : positions.slice(start, start + LIMITS.items)
    const entries: SnapshotPart['entries'][number][] = []
    let size = 0
    for (const pos of left) {
      const [entry] = await this.#parts.mailbox.readAt(vaultId, [pos])
      if (entry === undefined) continue
      size += entry.body.length + 16
      if (entries.length > 0 && size > PAGE.bytes) break
      entries.push({ pos, body: entry.body })
    }
    const last = entries.at(-1)?.pos ?? after
    const more = (positions.at(-1) ?? 0) > last ? 1 : 0
    return { rows: NONE, entries, more, snapshots: [] }
  }
}
