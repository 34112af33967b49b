import { setMaxListeners } from 'node:events'
import { CofferError } from '../../shared/errors.js'
import type { VaultId } from '../../shared/ids.js'
import { LIMITS } from '../../shared/limits.js'
import { hasHome } from '../home/home.js'
import type { Guarded, Unlocked } from '../keystore/access-parts.js'
import type { RelayIdentity, SyncManager } from '../sync/api.js'
import { VaultShell } from '../vault/shell.js'
import type { VaultStore } from '../vault/vault-store.js'
import type { Hub } from '../rpc/hub.js'
import { addressOf, bindSync } from './binding.js'
import { Loading } from './loading.js'
import { announce } from './announce.js'
import { labelChanges } from './people.js'
import { identityOf, vaultsOf, type Session } from './session.js'
import type { World } from './world.js'
import { SettingsFile } from './settings.js'

export type EngineParts = {
  readonly world: World
  readonly hub: Hub
  /** What opens, or makes, the sealed store of each vault of an open home. */
  readonly storeOpener: (unlocked: Unlocked) => (vaultId: VaultId) => Promise<VaultStore>
  /** Makes the syncing of one open home. */
  readonly makeSync: (identity: RelayIdentity) => SyncManager
  /** Starts work that goes on in the background while the home is open; it ends with `session.ended`. */
  readonly background: readonly ((session: Session) => void)[]
}

/** What exists while the home is open, and how it comes and goes. */
export class Engine {
  readonly #parts: EngineParts
  #session: Session | undefined
  #end: (() => Promise<void>) | undefined

  constructor(parts: EngineParts) {
    this.#parts = parts
  }

  /** The open home. @throws CofferError `locked` */
  get session(): Session {
    if (this.#session !== undefined) return this.#session
    throw new CofferError('locked', 'the home is locked', {
      reason: 'locked',
      next: 'run coffer unlock',
    })
  }

  /** The open home, if it is open. */
  get current(): Session | undefined {
    return this.#session
  }

  readonly guarded: Guarded = {
    open: async (unlocked) => {
      const { home, keys } = unlocked
      // A home that is being made has nothing to open yet: `found` or `enter` begins it.
      if (!hasHome(home.path, home.uid)) return
      await this.#start(unlocked, SettingsFile.open(home, keys, this.#parts.world.random))
    },
    close: async () => {
      const end = this.#end
      this.#end = undefined
      this.#session = undefined
      await end?.()
    },
  }

  /** Makes a new person's vault in a home that is being made, and opens it. */
  async found(unlocked: Unlocked): Promise<Session> {
    const { world } = this.#parts
    const { home, keys, device } = unlocked
    const identity = identityOf(device)
    const what = { kind: 'user' as const, label: device.device }
    const shell = await VaultShell.create(world, identity, what, this.#parts.storeOpener(unlocked))
    await shell.write((replica) => labelChanges(replica, identity.device, device))
    await shell.close()
    const first = { vault: shell.vaultId, loading: [] }
    return this.#start(unlocked, SettingsFile.create(home, keys, world.random, first))
  }

  /** Begins a home whose vault is on a relay and has yet to let this device in. */
  async enter(unlocked: Unlocked, vault: VaultId): Promise<Session> {
    const { home, keys } = unlocked
    const first = { vault, loading: [vault] }
    return this.#start(unlocked, SettingsFile.create(home, keys, this.#parts.world.random, first))
  }

  async #start(unlocked: Unlocked, settings: SettingsFile): Promise<Session> {
    const { world, makeSync, hub, background } = this.#parts
    const { device, home } = unlocked
    const identity = identityOf(device)
    const ending = new AbortController()
    // Everything that waits listens; each stops when its wait ends.
    setMaxListeners(0, ending.signal)
    const vaults = vaultsOf(
      world,
      identity,
      this.#parts.storeOpener(unlocked),
      settings.current.vault,
    )
    const sync = makeSync({
      deviceId: device.deviceId,
      keys: device.keys,
      signPrivate: device.sign.privateKey,
    })
    const session: Session = {
      world,
      home,
      device,
      identity,
      settings,
      vaults,
      loading: new Loading(settings, world),
      sync,
      ended: ending.signal,
    }
    const stops: (() => void)[] = []
    this.#end = async () => {
      ending.abort()
      for (const stop of stops) stop()
      await sync.close()
      await vaults.close()
    }
    await vaults.start()
    const { relay } = settings.current
    if (relay !== undefined) sync.setRelay(addressOf(relay))
    stops.push(bindSync(session), announce(session, hub))
    this.#session = session
    vaults.discover().catch(world.onError)
    for (const begin of background) begin(session)
    return session
  }
}

/** Refuses a label that its encrypted form couldn't hold. @throws CofferError `limit` */
export function checkLabel(what: string, label: string): string {
  if (Buffer.byteLength(label) <= LIMITS.label) return label
  throw new CofferError('limit', `the ${what} is longer than ${LIMITS.label} bytes`, {
    reason: 'label',
  })
}
