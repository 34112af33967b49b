import { toHex, type Bytes } from '../bytes.js'
import { CofferError } from '../errors.js'
import type {
  ChangesetHash,
  DeviceId,
  InviteKey,
  LinkHash,
  RelayKey,
  SnapshotHash,
  UserId,
  VaultId,
} from '../ids.js'
import type { DeviceKeys } from './device.js'
import type { EpochStart, VaultKind } from './link.js'
import { RIGHTS, type Role } from './roles.js'
import type { Snapshot } from './snapshot.js'

/** A place in a membership chain. */
export type MemberHead = { readonly n: number; readonly hash: LinkHash }

export type DeviceRecord = {
  readonly id: DeviceId
  readonly keys: DeviceKeys
  readonly userId: UserId
  /** Who added it; its own id for the genesis device. */
  readonly addedBy: DeviceId
  /** Encrypted under the epoch that held at the link. */
  readonly label: Bytes
  /** What it was from which link on; undefined from its removal on. Oldest first. */
  readonly roles: readonly { readonly from: number; readonly role: Role | undefined }[]
  /** What of its changesets counts, of those written before link `from`; oldest first. */
  readonly cuts: readonly CutRecord[]
  /** No other device of its user can remove it. */
  readonly recovery: boolean
}

/** Changesets written under a link before `from` count only up to these heads: none, where there are none. */
export type CutRecord = {
  readonly from: number
  readonly heads: readonly { readonly seq: number; readonly hash: ChangesetHash }[]
}

const placesOf = ({ sign, box }: DeviceKeys): [string, string] => [
  `s${toHex(sign)}`,
  `b${toHex(box)}`,
]

/**
 * All devices that a vault ever had, in the order of joining, and what of them is asked for at each link: a chain is as long
 * as a team is old, and most of its devices have gone. Records never change; `put` replaces one.
 */
export class Roster implements Iterable<[DeviceId, DeviceRecord]> {
  readonly #all: Map<DeviceId, DeviceRecord>
  readonly #active = new Map<DeviceId, DeviceRecord>()
  readonly #users = new Map<UserId, DeviceId[]>()
  readonly #keys: Set<string>

  constructor(from?: Roster) {
    this.#all = new Map(from?.all)
    this.#keys = new Set(from?.keysEver)
    for (const record of from?.active() ?? []) this.#active.set(record.id, record)
    for (const { id, userId } of this.#all.values()) this.#join(id, userId)
  }

  private get all(): ReadonlyMap<DeviceId, DeviceRecord> {
    return this.#all
  }

  private get keysEver(): ReadonlySet<string> {
    return this.#keys
  }

  get size(): number {
    return this.#all.size
  }

  get(id: DeviceId): DeviceRecord | undefined {
    return this.#all.get(id)
  }

  has(id: DeviceId): boolean {
    return this.#all.has(id)
  }

  keys(): Iterable<DeviceId> {
    return this.#all.keys()
  }

  values(): Iterable<DeviceRecord> {
    return this.#all.values()
  }

  [Symbol.iterator](): Iterator<[DeviceId, DeviceRecord]> {
    return this.#all[Symbol.iterator]()
  }

  /** The founder's device. */
  get founder(): DeviceRecord | undefined {
    const [first] = this.#all.values()
    return first
  }

  /** Devices that have a role now, in the order of joining. */
  active(): Iterable<DeviceRecord> {
    return this.#active.values()
  }

  get activeCount(): number {
    return this.#active.size
  }

  /** All devices that a user ever had, in the order of joining. */
  of(userId: UserId): DeviceRecord[] {
    return (this.#users.get(userId) ?? []).flatMap((id) => this.#all.get(id) ?? [])
  }

  /** Whether the pair, or one of the two keys, is or was in the vault. */
  knows(keys: DeviceKeys): boolean {
    return placesOf(keys).some((one) => this.#keys.has(one))
  }

  /** A new device, or another state of a known one. */
  put(record: DeviceRecord): void {
    const { id, userId, keys, roles } = record
    if (!this.#all.has(id)) {
      this.#join(id, userId)
      for (const one of placesOf(keys)) this.#keys.add(one)
    }
    this.#all.set(id, record)
    if (roles.at(-1)?.role === undefined) this.#active.delete(id)
    else this.#active.set(id, record)
  }

  #join(id: DeviceId, userId: UserId): void {
    const known = this.#users.get(userId)
    if (known === undefined) this.#users.set(userId, [id])
    else known.push(id)
  }
}

export type InviteRecord = {
  readonly key: InviteKey
  readonly role: Role
  readonly expires: number
  readonly userId: UserId | undefined
  readonly label: Bytes
  readonly author: DeviceId
  readonly link: LinkHash
  readonly state: 'open' | 'used' | 'withdrawn'
}

/**
 * What a vault's signed links say, folded in order (SPEC section 5): the same on every client and on the
 * relay. Only `applyLink` changes it, and only after every check of a link has passed.
 */
export type Membership = {
  readonly vaultId: VaultId
  readonly kind: VaultKind
  /** The hash of link n at index n. */
  readonly hashes: LinkHash[]
  readonly devices: Roster
  readonly invites: Map<InviteKey, InviteRecord>
  /** Epoch e (from 1) at index e - 1. */
  readonly epochs: {
    readonly from: number
    readonly start: EpochStart
    /** Who made its key. */
    readonly by: DeviceId
  }[]
  /** Commitments of all epochs' keys, in hex: none returns. */
  readonly commitments: Set<string>
  /** The relay keys that order this chain, each with the link from which it does. */
  readonly relays: { readonly from: number; readonly relay: RelayKey }[]
  /** The snapshots that it names, each with the link that does; oldest first. */
  readonly checkpoints: {
    readonly from: number
    readonly id: SnapshotHash
    readonly snapshot: Snapshot
  }[]
  /** Links of other branches that this chain has declared void, each with the link that did, and its author. */
  readonly voids: Map<LinkHash, { readonly from: number; readonly by: DeviceId }>
}

/** The newest link. */
export function headOf(m: Membership): MemberHead {
  const n = m.hashes.length - 1
  return { n, hash: linkAt(m, n) }
}

/** @throws CofferError `tampering` (reason `unknown-link`) past the chain's end. */
export function linkAt(m: Membership, n: number): LinkHash {
  const hash = m.hashes[n]
  if (hash === undefined) {
    throw new CofferError('tampering', `link ${n} is not in the membership chain`, {
      reason: 'unknown-link',
    })
  }
  return hash
}

/** The device's role once link `n` held (by default: now), or undefined when it was not active then. */
export function roleAt(m: Membership, device: DeviceId, n?: number): Role | undefined {
  const roles = m.devices.get(device)?.roles
  return n === undefined ? roles?.at(-1)?.role : roles?.findLast((span) => span.from <= n)?.role
}

/** The epoch in force once link `n` held (by default: now), from 1. */
export function epochAt(m: Membership, n = m.hashes.length - 1): number {
  return m.epochs.findLastIndex((epoch) => epoch.from <= n) + 1
}

/** The relay key in force now, or undefined for a vault that was never uploaded. */
export function relayOf(m: Membership): RelayKey | undefined {
  return m.relays.at(-1)?.relay
}

/** Devices that are active now, in the order of joining. */
export function activeDevices(m: Membership): DeviceRecord[] {
  return [...m.devices.active()]
}

/** A user's active devices, in the order of joining. */
export function devicesOf(m: Membership, userId: UserId): DeviceRecord[] {
  return m.devices.of(userId).filter(({ roles }) => roles.at(-1)?.role !== undefined)
}

/** Devices that hold the epoch key now, in the order of joining: the recipients of a new one. */
export function readersOf(m: Membership): DeviceRecord[] {
  return activeDevices(m).filter(({ roles }) => RIGHTS[roles.at(-1)?.role ?? 'viewer'].reads)
}

/** Whether the key in force was made by who may not read any more: whoever leaves makes the next key, and knows it. */
export function rotationOwed(m: Membership): boolean {
  const by = m.epochs.at(-1)?.by
  return by !== undefined && !RIGHTS[roleAt(m, by) ?? 'viewer'].reads
}

/** Machines that are in now, in the order of joining: each opens what is boxed to it. */
export function runnersOf(m: Membership): DeviceRecord[] {
  return activeDevices(m).filter((device) => roleAt(m, device.id) === 'runner')
}

/** Open invites now. */
export function openInvites(m: Membership): InviteRecord[] {
  return [...m.invites.values()].filter((invite) => invite.state === 'open')
}
