import { CofferError } from '../../shared/errors.js'
import type { VaultId } from '../../shared/ids.js'
import { LIMITS } from '../../shared/limits.js'
import type { Identity } from '../core/vault/chain.js'
import type { NewVault } from '../core/vault/create.js'
import { Emitter } from '../vault/emitter.js'
import { Mutex } from '../vault/mutex.js'
import { VaultShell } from '../vault/shell.js'
import type { ShellEnv, VaultEvent } from '../vault/vault-event.js'
import { asError, isDamage, type VaultStore } from '../vault/vault-store.js'
import {
  DIRECTORY_SPACE,
  encodeRecord,
  listed,
  type DirectoryRecord,
  type Listed,
} from './people/directory.js'
import { Slot } from './slot.js'

export type VaultsParts = {
  readonly env: ShellEnv
  readonly identity: Identity
  /** Opens, or makes, the sealed store of one vault. */
  readonly openStore: (vaultId: VaultId) => Promise<VaultStore>
}

/** One vault of this home. */
export type Held = {
  readonly vaultId: VaultId
  /** Its entry in the directory above it; undefined for the user vault. */
  readonly record: DirectoryRecord | undefined
  /** Undefined while it opens, and when it couldn't be opened. */
  readonly shell: VaultShell | undefined
  /** Why it couldn't be opened. */
  readonly failure: Error | undefined
}

export type VaultsEvent =
  | { readonly kind: 'opened'; readonly vaultId: VaultId }
  | { readonly kind: 'removed'; readonly vaultId: VaultId }
  | { readonly kind: 'vault'; readonly vaultId: VaultId; readonly event: VaultEvent }

/**
 * The open vaults of this home: the user vault, the orgs that its directory names, the projects that theirs name. What
 * appears in a directory is opened (its history comes by syncing), what disappears is closed; its files stay.
 */
export class Vaults {
  readonly userVault: VaultId
  readonly #parts: VaultsParts
  readonly #slots = new Map<VaultId, Slot>()
  readonly #events: Emitter<VaultsEvent>
  readonly #discovery = new Mutex()
  /** Closed for repair: nothing but `reopen` opens them. */
  readonly #released = new Set<VaultId>()
  #closed = false

  constructor(parts: VaultsParts, userVault: VaultId) {
    this.#parts = parts
    this.userVault = userVault
    this.#events = new Emitter(parts.env.onError)
  }

  /**
   * Opens the user vault. Damage of it is remembered, so that `doctor` can be asked; anything else is thrown.
   * The others are opened by `discover`, which nobody needs to wait for.
   * @throws CofferError `storage`
   */
  async start(): Promise<void> {
    await this.#hold(this.userVault, undefined).opened
    const { failure } = this.#slot(this.userVault)
    if (failure !== undefined && !isDamage(failure)) throw failure
  }

  watch(listener: (event: VaultsEvent) => void): () => void {
    return this.#events.on(listener)
  }

  /** The user vault. @throws CofferError `storage` when it is damaged */
  get user(): VaultShell {
    return this.#slot(this.userVault).open
  }

  /** Every vault, the user vault first. */
  all(): Held[] {
    return [...this.#slots].map(([vaultId, { record, shell, failure }]) => {
      return { vaultId, record, shell, failure }
    })
  }

  /** The orgs that this person is in, by shown name. */
  orgs(): Listed[] {
    return this.#listed(this.userVault, 'org')
  }

  /** The projects of an org, by shown name. */
  projects(org: VaultId): Listed[] {
    return this.#listed(org, 'project')
  }

  #listed(above: VaultId, kind: 'org' | 'project'): Listed[] {
    return listed(this.#entries(above), kind)
  }

  #entries(above: VaultId): ReadonlyMap<VaultId, DirectoryRecord> {
    const slot = this.#slots.get(above)
    return slot?.shell === undefined ? new Map() : slot.directory.entries(slot.shell.replica)
  }

  /**
   * An open vault; one that is being opened is waited for.
   * @throws CofferError `storage` when it couldn't be opened, `not-found` for one that isn't of this home
   */
  async get(vaultId: VaultId): Promise<VaultShell> {
    const slot = this.#released.has(vaultId)
      ? this.#slot(vaultId)
      : (this.#slots.get(vaultId) ?? this.#hold(vaultId, this.#recordOf(vaultId)))
    await slot.opened
    return slot.open
  }

  /** A vault that is open now, without waiting. */
  opened(vaultId: VaultId | undefined): VaultShell | undefined {
    return vaultId === undefined ? undefined : this.#slots.get(vaultId)?.shell
  }

  /** The org that a project belongs to. */
  orgOf(project: VaultId): Listed | undefined {
    return this.orgs().find((org) => this.projects(org.vaultId).some((p) => p.vaultId === project))
  }

  /**
   * Founds a vault and writes its entry into the directory of `above`; `check` may refuse by throwing, first.
   * A crash between the two leaves a folder that nothing names.
   */
  create(
    above: VaultShell,
    what: NewVault,
    record: DirectoryRecord,
    check: () => void,
  ): Promise<VaultShell> {
    return this.#discovery.run(async () => {
      check()
      const { env, identity, openStore } = this.#parts
      const shell = await VaultShell.create(env, identity, what, openStore)
      try {
        const value = encodeRecord(record)
        await above.write(() => [{ space: DIRECTORY_SPACE, name: shell.vaultId, value }])
      } catch (error) {
        await shell.close()
        throw error
      }
      const slot = new Slot(record, env.onError)
      slot.shell = shell
      this.#slots.set(shell.vaultId, slot)
      this.#adopt(slot, shell)
      return shell
    })
  }

  /** Opens what the directories name and isn't open, closes what they no longer name. Resolves when all that is done. */
  discover(): Promise<void> {
    return this.#discovery.run(async () => {
      for (;;) {
        const wanted = this.#wanted()
        const missing = [...wanted].filter(
          ([vaultId]) => !this.#slots.has(vaultId) && !this.#released.has(vaultId),
        )
        for (const [vaultId, record] of wanted) {
          const slot = this.#slots.get(vaultId)
          if (slot !== undefined) slot.record = record
        }
        if (this.#closed || missing.length === 0) break
        for (const [vaultId, record] of missing) await this.#hold(vaultId, record).opened
      }
      await this.#drop()
    })
  }

  #wanted(): Map<VaultId, DirectoryRecord> {
    const wanted = new Map<VaultId, DirectoryRecord>()
    const want = (above: VaultId, kind: 'org' | 'project'): void => {
      for (const [vaultId, record] of this.#entries(above)) {
        const fits = vaultId !== this.userVault && wanted.size < LIMITS.vaultsPerConnection
        if (fits && record.kind === kind && !wanted.has(vaultId)) wanted.set(vaultId, record)
      }
    }
    want(this.userVault, 'org')
    const orgs = Array.from(wanted.keys())
    for (const org of orgs) if (this.#slots.has(org)) want(org, 'project')
    return wanted
  }

  async #drop(): Promise<void> {
    // What is damaged, closed or loading names nothing for now: only a directory that can be read takes something away.
    const wanted = this.#wanted()
    const above = [this.userVault, ...this.orgs().map(({ vaultId }) => vaultId)]
    if (!above.every((vaultId) => this.opened(vaultId)?.replica.membership)) return
    for (const [vaultId, { shell }] of this.#slots) {
      if (vaultId === this.userVault || wanted.has(vaultId)) continue
      this.#slots.delete(vaultId)
      this.#events.emit({ kind: 'removed', vaultId })
      await shell?.close()
    }
  }

  #recordOf(vaultId: VaultId): DirectoryRecord {
    const record = this.#wanted().get(vaultId)
    if (record !== undefined) return record
    throw new CofferError('not-found', 'there is no such vault here', {
      reason: 'no-vault',
      next: 'see coffer status',
    })
  }

  #slot(vaultId: VaultId): Slot {
    const slot = this.#slots.get(vaultId)
    if (slot !== undefined) return slot
    throw new CofferError('stale', 'the vault is still being opened', {
      reason: 'loading',
      next: 'try again in a moment',
    })
  }

  /** The slot of a vault, which opens it unless somebody did before: a store can't be opened twice. */
  #hold(vaultId: VaultId, record: DirectoryRecord | undefined): Slot {
    const known = this.#slots.get(vaultId)
    if (known !== undefined) return known
    const slot = new Slot(record, this.#parts.env.onError)
    slot.opened = this.#open(vaultId, slot)
    this.#slots.set(vaultId, slot)
    return slot
  }

  async #open(vaultId: VaultId, slot: Slot): Promise<void> {
    const { env, identity, openStore } = this.#parts
    try {
      const store = await openStore(vaultId)
      const shell = await VaultShell.open(env, identity, vaultId, store)
      if (this.#closed) return await shell.close()
      slot.shell = shell
      this.#adopt(slot, shell)
    } catch (error) {
      slot.failure = asError(error)
      env.onError(error)
    }
  }

  #adopt(slot: Slot, shell: VaultShell): void {
    const { vaultId } = shell
    shell.watch((event) => {
      if (event.kind === 'changed' && event.names.some(({ space }) => space === 'vault')) {
        slot.directory.changed()
        this.discover().catch(this.#parts.env.onError)
      }
      if (event.kind === 'links') slot.directory.changed()
      this.#events.emit({ kind: 'vault', vaultId, event })
    })
    this.#events.emit({ kind: 'opened', vaultId })
  }

  /** Closes one vault for repair; `get` or `discover` opens it again. */
  async release(vaultId: VaultId): Promise<void> {
    await this.#discovery.run(async () => {
      const slot = this.#slots.get(vaultId)
      if (slot === undefined) return
      await slot.opened
      this.#released.add(vaultId)
      this.#slots.delete(vaultId)
      this.#events.emit({ kind: 'removed', vaultId })
      await slot.shell?.close()
    })
  }

  /** Works on the store of a vault that was released. */
  async edit(vaultId: VaultId, work: (store: VaultStore) => Promise<void>): Promise<void> {
    const store = await this.#parts.openStore(vaultId)
    try {
      await work(store)
    } finally {
      await store.close()
    }
  }

  /** Opens a vault again that was released. */
  async reopen(vaultId: VaultId, record: DirectoryRecord | undefined): Promise<void> {
    this.#released.delete(vaultId)
    await this.#hold(vaultId, record).opened
    await this.discover()
  }

  async close(): Promise<void> {
    this.#closed = true
    await this.#discovery.idle()
    for (const slot of this.#slots.values()) {
      await slot.opened
      await slot.shell?.close()
    }
    this.#slots.clear()
  }
}
