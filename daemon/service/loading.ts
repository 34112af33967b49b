import type { VaultId } from '../../shared/ids.js'
import { Emitter } from '../vault/emitter.js'
import type { VaultShell } from '../vault/shell.js'
import type { SettingsFile } from './settings.js'
import type { World } from './world.js'

/** How long a request waits for a name in a vault that is still loading. */
export const LOADING_WAIT = 5_000

/**
 * Vaults whose history hasn't come as a whole yet. It is remembered on disk: a name that is missing in half a vault
 * isn't missing, after a restart neither.
 */
export class Loading {
  readonly #settings: SettingsFile
  readonly #world: World
  readonly #events: Emitter<VaultId>

  constructor(settings: SettingsFile, world: World) {
    this.#settings = settings
    this.#world = world
    this.#events = new Emitter(world.onError)
  }

  has(vaultId: VaultId): boolean {
    return this.#settings.current.loading.includes(vaultId)
  }

  /** Tells of each vault that has come as a whole, until the returned function is called. */
  watch(listener: (vaultId: VaultId) => void): () => void {
    return this.#events.on(listener)
  }

  /** To be called before anything of the vault is stored. @throws CofferError `storage` */
  begin(vaultId: VaultId): void {
    if (this.has(vaultId)) return
    this.#settings.update({ loading: [...this.#settings.current.loading, vaultId] })
  }

  /** All is there. */
  end(vaultId: VaultId): void {
    if (!this.has(vaultId)) return
    const loading = this.#settings.current.loading.filter((one) => one !== vaultId)
    try {
      this.#settings.update({ loading })
    } catch (error) {
      // A disk that is full now: it ends the next time that syncing has caught up.
      this.#world.onError(error)
    }
    this.#events.emit(vaultId)
  }

  /**
   * Waits until `there` holds, the vault is loaded, time is over or the caller has gone; tells whether `there` holds.
   * A vault that isn't loading isn't waited for.
   */
  wait(shell: VaultShell, there: () => boolean, signal: AbortSignal): Promise<boolean> {
    if (there() || !this.has(shell.vaultId) || signal.aborted) return Promise.resolve(there())
    return new Promise((resolve) => {
      const look = (): void => {
        if (there() || !this.has(shell.vaultId)) finish()
      }
      const finish = (): void => {
        for (const stop of stops) stop()
        signal.removeEventListener('abort', finish)
        resolve(there())
      }
      const stops = [
        shell.watch(look),
        this.#events.on(look),
        this.#world.after(LOADING_WAIT, finish),
      ]
      signal.addEventListener('abort', finish)
    })
  }
}
