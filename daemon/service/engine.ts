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
import { announce } from './trust/announce.js'
import { labelChanges } from './people/people.js'
import { identityOf, vaultsOf, type Session } from './session.js'
import type { World } from './world.js'
import { SettingsFile, type RelaySettings, type Settings } from './settings.js'
import { storesInMemory } from './stores.js'

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

/** A session beside the home's, and what ends it. */
export type Visit = { readonly session: Session; readonly end: () => Promise<void> }

type Prepared = Visit & {
  readonly open: () => Promise<void>
  /** Called at the end, first of all. */
  readonly stops: (() => void)[]
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
  async enter(unlocked: Unlocked, vault: VaultId, relay?: RelaySettings): Promise<Session> {
    const { home, keys } = unlocked
    const first = { vault, loading: [vault], ...(relay === undefined ? {} : { relay }) }
    return this.#start(unlocked, SettingsFile.create(home, keys, this.#parts.world.random, first))
  }

  /**
   * Opens a session of another device beside the home's: in memory, without background work, until `end`.
   * @throws CofferError `storage`
   */
  async visit(who: Pick<Unlocked, 'home' | 'device'>, first: Settings): Promise<Visit> {
    const { world } = this.#parts
    const openStore = storesInMemory(world.random)
    const prepared = this.#prepare(who, SettingsFile.inMemory(first), openStore)
    try {
      await prepared.open()
    } catch (error) {
      await prepared.end()
      throw error
    }
    const { session, end } = prepared
    session.vaults.discover().catch(world.onError)
    return { session, end }
  }

  async #start(unlocked: Unlocked, settings: SettingsFile): Promise<Session> {
    const { world, hub, background, storeOpener } = this.#parts
    const { session, open, end, stops } = this.#prepare(unlocked, settings, storeOpener(unlocked))
    this.#end = end
    await open()
    stops.push(announce(session, hub))
    this.#session = session
    session.vaults.discover().catch(world.onError)
    for (const begin of background) begin(session)
    return session
  }

  /** All of a session, not opened yet. */
  #prepare(
    { home, device }: Pick<Unlocked, 'home' | 'device'>,
    settings: SettingsFile,
    openStore: (vaultId: VaultId) => Promise<VaultStore>,
  ): Prepared {
    const { world, makeSync } = this.#parts
    const identity = identityOf(device)
    const ending = new AbortController()
    // Everything that waits listens; each stops when its wait ends.
    setMaxListeners(0, ending.signal)
    const vaults = vaultsOf(world, identity, openStore, settings.current.vault)
    const { deviceId, keys, sign } = device
    const sync = makeSync({ deviceId, keys, signPrivate: sign.privateKey })
    const loading = new Loading(settings, world)
    const ended = ending.signal
    const session = { world, home, device, identity, settings, vaults, loading, sync, ended }
    const stops: (() => void)[] = []
    const open = async (): Promise<void> => {
      await vaults.start()
      const { relay } = settings.current
      if (relay !== undefined) sync.setRelay(addressOf(relay))
      stops.push(bindSync(session))
    }
    const end = async (): Promise<void> => {
      ending.abort()
      for (const stop of stops) stop()
      await sync.close()
      await vaults.close()
    }
    return { session, open, end, stops }
  }
}

/** Refuses a label that its encrypted form couldn't hold. @throws CofferError `limit` */
export function checkLabel(what: string, label: string): string {
  if (Buffer.byteLength(label) <= LIMITS.label) return label
  throw new CofferError('limit', `the ${what} is longer than ${LIMITS.label} bytes`, {
    reason: 'label',
  })
}
