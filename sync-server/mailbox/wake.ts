import type { VaultId } from '../../shared/ids.js'

/** What a wake says: the vault's log reached `head`, or the register `key` changed. Never the data itself. */
export type Wake =
  | { readonly vault: VaultId; readonly head: number }
  | { readonly vault: VaultId; readonly register: string }

/**
 * Tells readers that a vault moved. Lossy by design: a wake may be dropped, doubled or come out of order, so
 * readers subscribe before they read the head, take everything above their tail from the log, and ask
 * `heads()` now and then (see `Tails`).
 */
export interface WakeBus {
  publish(wake: Wake): void
  /** Wakes of this vault are wanted; calls nest. */
  watch(vault: VaultId): void
  unwatch(vault: VaultId): void
  /** @returns a function that ends it. */
  onWake(listener: (wake: Wake) => void): () => void
  /** Wakes may have been lost (the bus reconnected): ask `heads()` for everything. */
  onReset(listener: () => void): () => void
}

/** The bus of a single process. Listeners run in a later microtask, never inside `publish`. */
export class LocalWakeBus implements WakeBus {
  readonly #watched = new Map<VaultId, number>()
  readonly #wakeListeners = new Set<(wake: Wake) => void>()
  readonly #resetListeners = new Set<() => void>()
  readonly #pending: Wake[] = []

  publish(wake: Wake): void {
    if (!this.#watched.has(wake.vault)) return
    this.#pending.push(wake)
    if (this.#pending.length === 1) queueMicrotask(() => this.#deliver())
  }

  watch(vault: VaultId): void {
    this.#watched.set(vault, (this.#watched.get(vault) ?? 0) + 1)
  }

  unwatch(vault: VaultId): void {
    const count = this.#watched.get(vault) ?? 0
    if (count > 1) this.#watched.set(vault, count - 1)
    else this.#watched.delete(vault)
  }

  onWake(listener: (wake: Wake) => void): () => void {
    this.#wakeListeners.add(listener)
    return () => this.#wakeListeners.delete(listener)
  }

  onReset(listener: () => void): () => void {
    this.#resetListeners.add(listener)
    return () => this.#resetListeners.delete(listener)
  }

  #deliver(): void {
    for (const wake of this.#pending.splice(0)) {
      for (const listener of this.#wakeListeners) listener(wake)
    }
  }
}
