import { addressKey } from './address.js'
import type { RelayAddress } from './api.js'
import type { ConnectionParts } from './connection.js'
import { RelayLink } from './link.js'
import type { Push } from './messages.js'

/** A link that nobody uses is kept for so long (ms): the next step of a join comes soon. */
const LINGER = 60_000
/** Bytes waiting for the disk at which a connection isn't read on, and at which it is again. */
const PAUSE_AT = 8 * 1024 * 1024
const RESUME_AT = 2 * 1024 * 1024

type Kept = { readonly link: RelayLink; users: number; queued: number; expire: () => void }

/** One link per relay, shared by all who use it. */
export class Links {
  readonly #parts: ConnectionParts
  readonly #onStatus: () => void
  readonly #onPush: (push: Push) => void
  readonly #kept = new Map<string, Kept>()

  constructor(parts: ConnectionParts, onStatus: () => void, onPush: (push: Push) => void) {
    this.#parts = parts
    this.#onStatus = onStatus
    this.#onPush = onPush
  }

  /** The link to a relay; it connects at once, and `release` must follow. */
  use(address: RelayAddress): RelayLink {
    const key = addressKey(address)
    const kept = this.#kept.get(key) ?? this.#open(key, address)
    kept.users += 1
    kept.expire()
    return kept.link
  }

  #open(key: string, address: RelayAddress): Kept {
    const link = new RelayLink(address, this.#parts, this.#onStatus)
    link.listen({
      onConnected: () => undefined,
      onDisconnected: () => undefined,
      onPush: this.#onPush,
    })
    const kept: Kept = { link, users: 0, queued: 0, expire: () => undefined }
    this.#kept.set(key, kept)
    link.retryNow()
    return kept
  }

  release({ address }: RelayLink): void {
    const key = addressKey(address)
    const kept = this.#kept.get(key)
    if (kept === undefined) return
    kept.users -= 1
    if (kept.users > 0) return
    kept.expire = this.#parts.timers.after(LINGER, () => {
      this.#kept.delete(key)
      kept.link.close()
      this.#onStatus()
    })
  }

  /** Notes how many bytes more wait behind a link, and stops or goes on reading from it. */
  queue(link: RelayLink, change: number): void {
    const kept = this.#kept.get(addressKey(link.address))
    if (kept === undefined) return
    kept.queued += change
    if (kept.queued > PAUSE_AT) link.connection?.pause()
    else if (kept.queued < RESUME_AT) link.connection?.resume()
  }

  all(): RelayLink[] {
    return [...this.#kept.values()].map(({ link }) => link)
  }

  close(): void {
    for (const { link, expire } of this.#kept.values()) {
      expire()
      link.close()
    }
    this.#kept.clear()
  }
}
