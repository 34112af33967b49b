import { readU32be } from '../../shared/bytes.js'
import type { CofferError } from '../../shared/errors.js'
import { backoff, RETRY } from '../core/sync/backoff.js'
import type { RelayAddress, RelayStatus } from './api.js'
import { Connection, type ConnectionParts } from './connection.js'
import { cancelled } from './deadline.js'
import { unreachable, type Push } from './messages.js'

/** The first new attempt comes quickly (ms): most often it was the relay that was restarted. */
const QUICK = 250
/** A connection that held so long (ms) makes earlier failures forgotten. */
const STEADY = 10_000

export type LinkListener = {
  readonly onConnected: (connection: Connection) => void
  readonly onDisconnected: () => void
  readonly onPush: (push: Push) => void
  /** An attempt to connect failed. */
  readonly onFailed?: (why: CofferError) => void
}

type Waiter = {
  readonly resolve: (connection: Connection) => void
  readonly reject: (error: CofferError) => void
  /** Gives up with the next attempt that fails. */
  readonly failFast: boolean
}

/** The way to one relay: a connection whenever there can be one, tried again with backoff whenever there isn't. */
export class RelayLink {
  readonly address: RelayAddress
  readonly #parts: ConnectionParts
  readonly #onStatus: () => void
  readonly #listeners = new Set<LinkListener>()
  readonly #waiters = new Set<Waiter>()
  #state: RelayStatus['state'] = 'offline'
  #since: number
  #problem: CofferError | undefined
  #attempt: Connection | undefined
  #connection: Connection | undefined
  #connectedAt = 0
  #failures = 0
  #notBefore = 0
  #cancelTimer: (() => void) | undefined
  #closed = false

  constructor(address: RelayAddress, parts: ConnectionParts, onStatus: () => void) {
    this.address = address
    this.#parts = parts
    this.#onStatus = onStatus
    this.#since = parts.timers.wall()
  }

  status(): RelayStatus {
    const { url, key } = this.address
    const problem = this.#problem && {
      code: this.#problem.code,
      reason: this.#problem.reason,
      message: this.#problem.message,
    }
    return { url, key, state: this.#state, since: this.#since, problem }
  }

  /** The connection that is ready now, if any. */
  get connection(): Connection | undefined {
    return this.#connection
  }

  /** Tells `listener` of the connection's coming and going from now on. @returns what ends that */
  listen(listener: LinkListener): () => void {
    this.#listeners.add(listener)
    if (this.#connection !== undefined) listener.onConnected(this.#connection)
    return () => this.#listeners.delete(listener)
  }

  /** Connects unless it does already. */
  retryNow(): void {
    if (this.#closed || this.#attempt !== undefined) return
    this.#cancelTimer?.()
    this.#cancelTimer = undefined
    this.#dial()
  }

  /**
   * A ready connection. Who can't wait (`failFast`) has an attempt made at once; who can waits for the next one.
   * @throws CofferError why an attempt failed (`failFast`), or `cancelled` when the link is closed
   */
  ready(failFast: boolean): Promise<Connection> {
    if (this.#connection !== undefined) return Promise.resolve(this.#connection)
    if (this.#closed) return Promise.reject(cancelled())
    return new Promise((resolve, reject) => {
      this.#waiters.add({ resolve, reject, failFast })
      if (failFast) this.retryNow()
    })
  }

  close(): void {
    this.#closed = true
    this.#cancelTimer?.()
    this.#attempt?.close(cancelled())
    this.#rejectWaiters(cancelled(), () => true)
    this.#listeners.clear()
  }

  #chance(): number {
    return readU32be(this.#parts.random(4)) / 2 ** 32
  }

  #dial(): void {
    this.#set('connecting', this.#problem)
    try {
      this.#attempt = new Connection(this.address, this.#parts, {
        onReady: () => this.#onReady(),
        onPush: (push) => this.#each((listener) => listener.onPush(push)),
        onDraining: (retryAfter) => {
          const spread = Math.min(retryAfter, RETRY.most) * (1 + this.#chance())
          this.#notBefore = this.#parts.timers.now() + spread
        },
        onEnd: (why) => this.#onEnd(why),
      })
    } catch (error) {
      this.#onEnd(unreachable("the relay's address can't be used", 'relay-url'))
      if (!(error instanceof Error)) throw error
    }
  }

  #onReady(): void {
    const connection = this.#attempt
    if (connection === undefined) return
    this.#connection = connection
    this.#connectedAt = this.#parts.timers.now()
    this.#set('connected', undefined)
    for (const { resolve } of this.#waiters) resolve(connection)
    this.#waiters.clear()
    this.#each((listener) => listener.onConnected(connection))
  }

  #onEnd(why: CofferError): void {
    const wasReady = this.#connection !== undefined
    this.#attempt = undefined
    this.#connection = undefined
    if (wasReady) this.#each((listener) => listener.onDisconnected())
    if (this.#closed) return
    const { timers } = this.#parts
    if (wasReady && timers.now() - this.#connectedAt >= STEADY) this.#failures = 0
    const delay =
      this.#failures === 0
        ? QUICK * (0.2 + 0.8 * this.#chance())
        : backoff(RETRY, this.#failures, this.#chance())
    this.#failures += 1
    const wait = Math.max(delay, this.#notBefore - timers.now())
    this.#cancelTimer = timers.after(wait, () => this.retryNow())
    this.#set(why.code === 'unreachable' ? 'offline' : 'refused', why)
    if (wasReady) return
    this.#rejectWaiters(why, (waiter) => waiter.failFast)
    this.#each((listener) => listener.onFailed?.(why))
  }

  #rejectWaiters(why: CofferError, which: (waiter: Waiter) => boolean): void {
    for (const waiter of this.#waiters) {
      if (!which(waiter)) continue
      this.#waiters.delete(waiter)
      waiter.reject(why)
    }
  }

  #each(tell: (listener: LinkListener) => void): void {
    for (const listener of this.#listeners) tell(listener)
  }

  #set(state: RelayStatus['state'], problem: CofferError | undefined): void {
    if (state !== this.#state) this.#since = this.#parts.timers.wall()
    this.#state = state
    this.#problem = problem
    this.#onStatus()
  }
}
