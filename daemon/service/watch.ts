import type { FSWatcher } from 'chokidar'

/** Files watched at once; those seen longest ago go first. */
const MAX_WATCHED = 64

/** Watches the home's configuration and the `.coffer.yaml` files that callers use. */
export class FileWatch {
  readonly #onError: (error: unknown) => void
  readonly #changed: (path: string) => void
  readonly #seen = new Set<string>()
  #watcher: Promise<FSWatcher> | undefined
  #closed = false

  constructor(changed: (path: string) => void, onError: (error: unknown) => void) {
    this.#changed = changed
    this.#onError = onError
  }

  /** Watches `path` (absolute), which needn't exist, from now on. */
  see(path: string): void {
    if (this.#closed) return
    const known = this.#seen.delete(path)
    this.#seen.add(path)
    if (known) return
    const [oldest] = this.#seen
    const drop = this.#seen.size > MAX_WATCHED ? oldest : undefined
    if (drop !== undefined) this.#seen.delete(drop)
    this.#watcher ??= this.#start()
    this.#watcher
      .then((watcher) => {
        if (drop !== undefined) watcher.unwatch(drop)
        watcher.add(path)
      })
      .catch(this.#onError)
  }

  /** Loaded at the first use: a daemon that answers one `get` needs none of it. */
  async #start(): Promise<FSWatcher> {
    const { watch } = await import('chokidar')
    const watcher = watch([], { ignoreInitial: true, followSymlinks: false, atomic: 50 })
    watcher.on('all', (event, path) => {
      if (event === 'add' || event === 'change' || event === 'unlink') this.#changed(path)
    })
    watcher.on('error', this.#onError)
    return watcher
  }

  async close(): Promise<void> {
    this.#closed = true
    const watcher = await this.#watcher
    await watcher?.close()
  }
}
