import { toHex } from '../bytes.js'
import type { DeviceId, UserId } from '../ids.js'
import type { DeviceKeys } from './device.js'
import type { DeviceRecord } from './membership.js'

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
