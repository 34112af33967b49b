import { concatAll, equal, u32be, u64be, type Bytes } from '../../shared/bytes.js'
import { bytes, decode, encode, req, struct, type TypeOf } from '../../shared/codec.js'
import { CofferError } from '../../shared/errors.js'
import { bytesOf, idOf, type ChangesetHash, type DeviceId, type EntryId } from '../../shared/ids.js'
import { LIMITS } from '../../shared/limits.js'
import { changeIdOf, signedHeader } from '../../shared/log/changeset.js'
import { decodeEntry } from '../../shared/log/entry.js'
import { headOf, roleAt, type Membership } from '../../shared/log/membership.js'
import { RIGHTS } from '../../shared/log/roles.js'
import { signedCodec, type Signed } from '../../shared/log/signed.js'
import { checkpointOf } from '../../shared/log/checkpoint.js'
import { signedSnapshot, type Snapshot } from '../../shared/log/snapshot.js'
import {
  badSnapshot,
  compareBytes,
  rowOf,
  rowsOf,
  SLOT,
  SnapshotTree,
} from '../../shared/log/snapshot-tree.js'
import { PLACED_ROW } from '../../shared/protocol/relay-snapshot.js'
import type { VaultState } from './vault.js'

// What the relay knows of snapshots. It can't tell which changes should be in one: that is the co-signer's to compute. But
// it finds every change that one names in its log, or refuses it: pruning never loses what a snapshot keeps.

/** A snapshot that no checkpoint names yet, as it was sent. */
export const offerCodec = struct({
  signed: req(0, signedCodec),
  rows: req(1, bytes(LIMITS.snapshotRows * PLACED_ROW)),
})
export type Offer = TypeOf<typeof offerCodec>

export const encodeOffer = (offer: Offer): Bytes => encode(offerCodec, offer)

/** @throws CofferError `format` */
export const decodeOffer = (body: Bytes): Offer =>
  decode(offerCodec, body, 'an offered snapshot', LIMITS.frame)

/** The signed snapshot of an offer's register, as it is sent on. */
export const offeredSnapshot = (body: Bytes): Bytes => encodeSigned(decodeOffer(body).signed)

export const encodeSigned = (signed: Signed): Bytes => encode(signedCodec, signed)

/** @throws CofferError `format` */
export function decodeSigned(body: Bytes): Signed {
  return decode(signedCodec, body, 'a signed snapshot', LIMITS.signedSnapshot)
}

/** Where one changeset of a snapshot stands: its own entry, then those of its further items. */
export type Place = { readonly hash: ChangesetHash; readonly positions: readonly number[] }

const u48be = (value: number): Bytes => u64be(value).subarray(2)

/** hash[32] ‖ how many positions, u16be ‖ each as u48be. */
function packPlaces(places: readonly Place[]): Bytes {
  const parts = places.flatMap(({ hash, positions }) => [
    bytesOf(hash),
    u32be(positions.length).subarray(2),
    ...positions.map(u48be),
  ])
  return concatAll(parts)
}

function unpackPlaces(packed: Bytes): Place[] {
  const view = new DataView(packed.buffer, packed.byteOffset, packed.byteLength)
  const u48At = (at: number): number => view.getUint16(at) * 2 ** 32 + view.getUint32(at + 2)
  const places: Place[] = []
  for (let at = 0; at < packed.length;) {
    const hash = idOf<ChangesetHash>(packed.subarray(at, at + 32))
    const count = view.getUint16(at + 32)
    const first = at + 34
    const positions = Array.from({ length: count }, (_, i) => u48At(first + i * 6))
    places.push({ hash, positions })
    at = first + count * 6
  }
  return places
}

/** A snapshot as the relay keeps it: its rows packed, and where the changesets stand, in the order of the log. */
export const keptCodec = struct({
  signed: req(0, signedCodec),
  rows: req(1, bytes(LIMITS.mailboxSnapshot)),
  /** The same as its maker sent them, with their places. */
  placed: req(3, bytes(LIMITS.snapshotRows * PLACED_ROW)),
  places: req(2, bytes(LIMITS.mailboxSnapshot)),
})

/** A snapshot at hand. */
export type Kept = {
  readonly signed: Signed
  readonly snapshot: Snapshot
  readonly rows: Bytes
  readonly tree: SnapshotTree
  /** By the position of the changeset's own entry. */
  readonly places: ReadonlyMap<number, Place>
  readonly placed: Bytes
  /** The positions of all entries that it keeps, ascending. */
  readonly positions: readonly number[]
}

/** @throws CofferError `format`, `tampering` */
export function openKept(body: Bytes): Kept {
  const one = decode(keptCodec, body, 'a snapshot', LIMITS.mailboxSnapshot)
  return keptOf(one, unpackPlaces(one.places))
}

function keptOf(
  { signed, rows, placed }: Pick<Kept, 'signed' | 'rows' | 'placed'>,
  found: readonly Place[],
): Kept {
  const positions = found.flatMap((place) => place.positions).toSorted((a, b) => a - b)
  const places = new Map(found.map((place) => [place.positions[0] ?? 0, place]))
  const snapshot = signedSnapshot.read(signed)
  return { signed, snapshot, rows, placed, tree: new SnapshotTree(rowsOf(rows)), places, positions }
}

/** The positions of the entries that hold a slot's changes: those of one changeset after those of another. */
export function positionsIn({ placed, places }: Kept, slot: Bytes): number[] {
  let [low, high] = [0, placed.length / PLACED_ROW]
  const slotOf = (i: number): Bytes => placed.subarray(i * PLACED_ROW, i * PLACED_ROW + SLOT)
  while (low < high) {
    const middle = (low + high) >>> 1
    if (compareBytes(slotOf(middle), slot) < 0) low = middle + 1
    else high = middle
  }
  let end = low
  while (equal(slotOf(end), slot)) end++
  const own = placedRows(placed.subarray(low * PLACED_ROW, end * PLACED_ROW))
  return [...new Set(own.map(({ pos }) => pos))].flatMap((pos) => [
    ...(places.get(pos)?.positions ?? []),
  ])
}

/** @throws CofferError `tampering`, `relay-refused` (reason `chain-moved`) when this device may not offer it now */
export function checkOffer(
  { membership: m }: VaultState,
  device: DeviceId,
  signed: Signed,
): Snapshot {
  const snapshot = signedSnapshot.read(signed)
  const keys = m.devices.get(device)?.keys
  const role = roleAt(m, device)
  if (keys === undefined || snapshot.device !== device || snapshot.vaultId !== m.vaultId)
    throw new CofferError('tampering', "the snapshot isn't this device's of this vault", {
      reason: 'foreign-snapshot',
    })
  signedSnapshot.check(signed, keys.sign)
  if (role === undefined || !RIGHTS[role].reads)
    throw new CofferError('tampering', 'who makes a snapshot must be able to read', {
      reason: 'not-authorised',
    })
  const head = headOf(m)
  if (snapshot.memberHead.n !== head.n || snapshot.memberHead.hash !== head.hash)
    throw new CofferError('relay-refused', 'the chain has another head', { reason: 'chain-moved' })
  if (snapshot.pos <= (checkpointOf(m)?.pos ?? 0)) badSnapshot('there is a later checkpoint')
  return snapshot
}

type Row = { readonly slot: Bytes; readonly pos: number; readonly index: number }

function placedRows(packed: Bytes): Row[] {
  if (packed.length % PLACED_ROW !== 0) badSnapshot('its rows are cut off')
  const view = new DataView(packed.buffer, packed.byteOffset, packed.byteLength)
  return Array.from({ length: packed.length / PLACED_ROW }, (_, i) => {
    const at = i * PLACED_ROW + SLOT
    const pos = view.getUint16(at) * 2 ** 32 + view.getUint32(at + 2)
    return { slot: packed.subarray(at - SLOT, at), pos, index: view.getUint16(at + 6) }
  })
}

/** Reads entries of the log. */
export type ReadAt = (
  positions: readonly number[],
) => Promise<readonly { readonly id: EntryId; readonly body: Bytes; readonly pos: number }[]>

/** Entries of a large changeset follow one another, but for what others wrote meanwhile. */
const FURTHER = 64

/** Finds the changesets of a snapshot's rows in the log, one after another. */
class Finder {
  readonly #read: ReadAt
  readonly #upto: number
  readonly #found = new Map<number, { readonly hash: ChangesetHash; readonly place: Place }>()

  constructor(read: ReadAt, upto: number) {
    this.#read = read
    this.#upto = upto
  }

  get places(): Place[] {
    return [...this.#found].toSorted(([a], [b]) => a - b).map(([, { place }]) => place)
  }

  async row({ slot, pos, index }: Row): Promise<Bytes> {
    const known = this.#found.get(pos) ?? (await this.#find(pos))
    this.#found.set(pos, known)
    return rowOf(slot, bytesOf(changeIdOf(known.hash, index)))
  }

  async #find(pos: number): Promise<{ hash: ChangesetHash; place: Place }> {
    const [body] = pos > this.#upto ? [] : await this.#read([pos])
    const entry = body && decodeEntry(body.body)
    if (entry?.kind !== 'changeset') return badSnapshot('it names what is no changeset of the log')
    const { signed, items } = entry.body
    const hash = signedHeader.id(signed)
    const positions = [pos]
    const count = signedHeader.read(signed).items.length
    await this.#further(hash, count - items.length, positions)
    return { hash, place: { hash, positions } }
  }

  async #further(hash: ChangesetHash, missing: number, positions: number[]): Promise<void> {
    let [left, at] = [missing, positions[0] ?? 0]
    while (left > 0) {
      const span = Math.min(FURTHER, this.#upto - at)
      if (span <= 0) badSnapshot('a changeset of it is not whole there')
      const page = await this.#read(Array.from({ length: span }, (_, i) => at + 1 + i))
      for (const { pos, body } of page) {
        const entry = decodeEntry(body)
        if (entry.kind !== 'items' || entry.body.changeset !== hash) continue
        positions.push(pos)
        left -= entry.body.items.length
      }
      at += span
    }
  }
}

/**
 * The snapshot with its rows' ids, each found in the log, and its root computed anew.
 * @param pause called now and then: a large one takes a while
 * @throws CofferError `tampering` (reason `bad-snapshot`)
 */
export async function buildKept(
  { signed, rows: packed }: Offer,
  read: ReadAt,
  pause: () => Promise<unknown>,
): Promise<{ readonly kept: Kept; readonly body: Bytes }> {
  const snapshot = signedSnapshot.read(signed)
  const [last] = await read([snapshot.pos])
  if (last?.id !== snapshot.entryId) badSnapshot('it ends at another entry')
  const finder = new Finder(read, snapshot.pos)
  const ids: Bytes[] = []
  for (const row of placedRows(packed)) {
    if (ids.length % FURTHER === FURTHER - 1) await pause()
    ids.push(await finder.row(row))
  }
  const rows = concatAll(ids)
  const { places } = finder
  const kept = keptOf({ signed, rows, placed: packed }, places)
  const { root, leaves } = kept.tree
  if (
    ids.length !== snapshot.count ||
    leaves.length !== snapshot.leaves ||
    !equal(root, snapshot.root)
  )
    badSnapshot('its rows are not what was signed')
  return {
    kept,
    body: encode(keptCodec, { signed, rows, placed: packed, places: packPlaces(places) }),
  }
}

/** Whether the chain names this snapshot. */
export function isNamed(m: Membership, signed: Signed): boolean {
  const id = signedSnapshot.id(signed)
  return m.checkpoints.some((checkpoint) => checkpoint.id === id)
}
