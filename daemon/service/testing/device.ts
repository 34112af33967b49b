import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemRandom } from '../../random.js'
import { idOf, type RelayKey, type UserId, type VaultId } from '../../../shared/ids.js'
import type { Context } from '../../../shared/protocol/local-common.js'
import { Secret } from '../../../shared/redacted.js'
import { deriveLocalKeys } from '../../core/crypto/passphrase.js'
import { finishHome, prepareHome, type Home } from '../../home/home.js'
import type { Unlocked } from '../../keystore/access-parts.js'
import { deviceOf, freshDevice } from '../../keystore/device.js'
import { Hub } from '../../rpc/hub.js'
import { MemoryStore } from '../../store/memory.js'
import { SealedStore } from '../../store/sealed.js'
import type { Op, Store } from '../../store/store.js'
import { Engine } from '../engine.js'
import { keepJoining } from '../devices/joining.js'
import { keepTogether } from '../reconciler.js'
import { watchRequests } from '../devices/requests.js'
import type { Session } from '../session.js'
import { sealedOptions, storesOnDisk } from '../stores.js'
import type { World } from '../world.js'
import { RELAY_URL, type Net } from './net.js'

// A device of the tests: the real engine in a home of its own, its vaults in memory unless told otherwise.

/** No wait of the services is longer in tests (milliseconds): what waits there, waits for something that won't come. */
const LONGEST = 30

/** A memory store that outlives its closing, as a disk does, and can be told to fail. */
export class Disk implements Store {
  readonly #inner = new MemoryStore()
  /** What the next batches fail with. */
  failure: Error | undefined
  batches = 0

  getSync = (key: Uint8Array): Uint8Array | undefined => this.#inner.getSync(key)
  has = (key: Uint8Array): boolean => this.#inner.has(key)
  page: Store['page'] = (range) => this.#inner.page(range)

  async batch(ops: readonly Op[]): Promise<void> {
    if (this.failure !== undefined) throw this.failure
    this.batches++
    await this.#inner.batch(ops)
  }

  async close(): Promise<void> {
    // A disk stays.
  }
}

export type DeviceOptions = {
  readonly net: Net
  /** Vaults in LevelDB instead of memory. */
  readonly onDisk?: boolean
  readonly userId?: UserId
  /** Milliseconds by which this machine's clock is wrong. */
  readonly clock?: number
  readonly name?: string
  readonly email?: string
}

export class Device {
  readonly folder = mkdtempSync(join(tmpdir(), 'coffer-device-'))
  readonly home: Home
  readonly unlocked: Unlocked
  readonly errors: unknown[] = []
  readonly disks = new Map<VaultId, Disk>()
  /** Milliseconds by which this machine's clock is wrong. */
  clock: number
  readonly hub = new Hub()
  readonly engine: Engine

  constructor(options: DeviceOptions) {
    const { net, onDisk = false, userId, clock = 0, name = 'Ann', email = '' } = options
    this.clock = clock
    this.home = prepareHome(join(this.folder, 'home'), process.getuid?.() ?? 0)
    const keys = deriveLocalKeys(new Secret(systemRandom(32)))
    const labels = { name, email, device: 'laptop' }
    const owner = userId ?? idOf<UserId>(systemRandom(16))
    const own = userId === undefined ? labels : { ...labels, name: '', device: 'desk' }
    const device = deviceOf(freshDevice({ ...own, userId: owner }, systemRandom))
    this.unlocked = { home: this.home, keys, device }
    const world: World = {
      random: systemRandom,
      now: () => Date.now() + this.clock,
      after: (ms, then) => {
        const timer = setTimeout(then, Math.min(ms, LONGEST))
        return () => clearTimeout(timer)
      },
      onError: (error) => this.errors.push(error),
      seen: () => undefined,
    }
    const inMemory = (vaultId: VaultId) => {
      const disk = this.disks.get(vaultId) ?? new Disk()
      this.disks.set(vaultId, disk)
      return SealedStore.open(disk, sealedOptions(this.unlocked, vaultId, systemRandom))
    }
    this.engine = new Engine({
      world,
      hub: this.hub,
      storeOpener: onDisk ? storesOnDisk(systemRandom) : () => inMemory,
      makeSync: (identity) => net.client(identity),
      background: [keepTogether, watchRequests, keepJoining],
    })
  }

  get session(): Session {
    return this.engine.session
  }

  /** A new person's first device. */
  static async found(options: DeviceOptions): Promise<Device> {
    const device = new Device(options)
    await device.engine.found(device.unlocked)
    finishHome(device.home)
    return device
  }

  /** Names the relay of the tests as the home's. */
  useRelay(): void {
    const relay = { url: RELAY_URL, key: '00'.repeat(32) as RelayKey }
    this.session.settings.update({ relay })
  }

  /** Ends and opens again what `lock` and `unlock` would. */
  async restart(): Promise<void> {
    await this.engine.guarded.close()
    await this.engine.guarded.open(this.unlocked)
  }

  async end(): Promise<void> {
    await this.engine.guarded.close()
    rmSync(this.folder, { recursive: true, force: true })
  }
}

/** A caller's context in a folder without selection files. */
export function context(selected: { org?: string; project?: string } = {}): Context {
  return { cwd: '/', env: {}, ...selected }
}

/** Resolves when `holds` does; looks after every turn of the event loop. @throws after ten seconds */
export async function until(what: string, holds: () => boolean): Promise<void> {
  const end = performance.now() + 10_000
  while (!holds()) {
    if (performance.now() > end) throw new Error(`waited in vain for ${what}`)
    await new Promise((resolve) => setImmediate(resolve))
  }
}
