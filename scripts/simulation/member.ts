import { randomBytes } from 'node:crypto'
import { utf8, type Bytes } from '../../shared/bytes.js'
import { bytesOf, type RelayKey, type VaultId } from '../../shared/ids.js'
import { encodeWraps } from '../../shared/log/link.js'
import {
  factsOf,
  type Alarm,
  type BasePiece,
  type LogPlace,
  type SealLimits,
  type VaultFacts,
} from '../../daemon/core/sync/port.js'
import { sealLabel, vaultContext, wrapFor } from '../../daemon/core/crypto/epoch.js'
import { createReplica } from '../../daemon/core/vault/create.js'
import type { Op } from '../../daemon/core/vault/records.js'
import { Replica } from '../../daemon/core/vault/replica.js'
import { testEnv, testIdentity, type TestDevice } from '../../daemon/core/vault/testing/devices.js'
import type { RelayAddress } from '../../daemon/sync/api.js'
import { RelaySync } from '../../daemon/sync/manager.js'
import type { Timers } from '../../daemon/sync/timers.js'
import type { VaultPort } from '../../daemon/sync/vault-port.js'

export const realTimers: Timers = {
  now: () => performance.now(),
  wall: () => Date.now(),
  after: (ms, f) => {
    const timer = setTimeout(f, ms)
    return () => clearTimeout(timer)
  },
}

/** A replica over a store in memory, as the sync manager wants it. */
export class MemoryPort implements VaultPort {
  readonly device: TestDevice
  readonly alarms: string[] = []
  onChange: () => void = () => undefined

  constructor(device: TestDevice) {
    this.device = device
  }

  get vaultId(): VaultId {
    return this.device.replica.vaultId
  }

  facts(): VaultFacts {
    return factsOf<Op>(this.device.replica)
  }

  write(name: string, value: string): void {
    const change = { space: 'secret' as const, name, value: utf8(value) }
    this.#store(this.device.replica.write([change]).ops)
  }

  #store(ops: readonly Op[] = []): void {
    this.device.store.write(ops)
    this.onChange()
  }

  async ingest(
    from: number,
    bodies: readonly Bytes[],
    generation: number,
  ): Promise<readonly Alarm[]> {
    const { ops, alarms } = this.device.replica.ingest(from, bodies, generation)
    this.#store(ops)
    this.alarms.push(...alarms.map(({ reason }) => reason))
    return alarms
  }

  async ingestChain(entries: readonly Bytes[]): Promise<void> {
    this.#store(this.device.replica.ingestChain(entries).ops)
  }

  async seal(limits: SealLimits): Promise<void> {
    this.#store(this.device.replica.sealNext(limits)?.ops)
  }

  async chainEntries(from: number): Promise<readonly Bytes[]> {
    return this.device.replica.chainEntries(from)
  }

  async rewind(): Promise<void> {
    this.#store(this.device.replica.rewind())
  }

  async adopt(snapshots: readonly Bytes[]): Promise<void> {
    this.#store(this.device.replica.adopting.adopt(snapshots))
  }

  async takeBase(piece: BasePiece): Promise<readonly Alarm[]> {
    const { ops, alarms } = this.device.replica.adopting.take(piece)
    this.#store(ops)
    return alarms
  }

  async restoreLost(): Promise<void> {
    this.#store(this.device.replica.restoreLost().ops)
  }

  async confirm(places: readonly LogPlace[]): Promise<void> {
    this.#store(this.device.replica.confirm(places))
  }

  async signedHead(): Promise<Bytes> {
    return this.device.replica.signedHead()
  }

  async checkHead(head: Bytes): Promise<readonly Alarm[]> {
    const { ops, alarms } = this.device.replica.checkHead(head)
    this.#store(ops)
    this.alarms.push(...alarms.map(({ reason }) => reason))
    return alarms
  }

  alarm({ reason }: Alarm): void {
    this.alarms.push(reason)
  }
}

/** A device with a sync manager of its own. */
export class Member {
  readonly port: MemoryPort
  readonly sync: RelaySync

  constructor(device: TestDevice, options: { readonly offline?: boolean } = {}) {
    this.port = new MemoryPort(device)
    const { identity } = device
    this.sync = new RelaySync({
      identity: {
        deviceId: identity.device,
        keys: identity.statement.keys,
        signPrivate: identity.sign.privateKey,
      },
      random: (length) => new Uint8Array(randomBytes(length)),
      timers: realTimers,
      offline: options.offline ?? false,
    })
  }

  start(relay: RelayAddress): void {
    this.sync.setRelay(relay)
    this.sync.attach(this.port)
  }

  write(name: string, value: string): void {
    this.port.write(name, value)
    this.sync.changed(this.port.vaultId)
  }

  get(name: string): string | undefined {
    const { replica } = this.port.device
    const found = replica.get('secret', name)
    return found && new TextDecoder().decode(replica.value(found.winner))
  }

  /** Resolves when `holds` does, looked at after each change. */
  until(holds: () => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      const stop = realTimers.after(30_000, () => reject(new Error('waited for 30 s')))
      const look = (): void => {
        if (!holds()) return
        stop()
        this.port.onChange = () => undefined
        resolve()
      }
      this.port.onChange = look
      look()
    })
  }
}

/** The founder's device of a new vault, which no relay knows yet. */
export function foundVault(seed: string, relay: RelayKey): TestDevice {
  const identity = testIdentity(seed)
  const { store, env } = testEnv(seed, () => Date.now())
  const { replica, ops } = createReplica(env, identity, { kind: 'user', label: seed, relay })
  store.write(ops)
  return { identity, store, env, replica }
}

/** A device of the same user whose keys are new, and an empty replica. */
export function newcomer(seed: string, vaultId: VaultId): TestDevice {
  const identity = testIdentity(seed)
  const { store, env } = testEnv(seed, () => Date.now())
  return { identity, store, env, replica: new Replica(env, identity, vaultId) }
}

/** A proposed link, durable at its author, that lets another device of the user in. */
export function proposeDevice({ replica, env, store }: TestDevice, joiner: TestDevice): Bytes {
  const { epoch, key } = replica.chain.current()
  const { statement, device } = joiner.identity
  const wraps = encodeWraps(wrapFor(key, vaultContext(replica.vaultId), epoch, [statement.keys]))
  const label = sealLabel(key, bytesOf(device), 'joiner', env.random)
  const body = { statement, role: 'owner' as const, wraps: wraps.hash, label }
  const { ops, entry } = replica.propose({ kind: 'add-device', body }, wraps.bytes)
  store.write(ops)
  return entry
}
