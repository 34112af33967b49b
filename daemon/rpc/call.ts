import type { PlainAnswer, PlainRequest } from '../../shared/protocol/plain.js'
import type { Handlers, Notification, NotificationParams } from '../../shared/protocol/local.js'

/** What a handler knows of the connection that called it. */
export type Connection = {
  /** Counts up from 1 over the daemon's life. */
  readonly id: number
  /** Aborts when the connection closes or the caller has ended its side. */
  readonly signal: AbortSignal
  /**
   * Sends a notification. A peer that doesn't take them is dropped once a bounded queue is full; after that, and after
   * the connection has closed, this does nothing.
   */
  notify<N extends Notification>(name: N, params: NotificationParams<N>): void
  /** Never drops the connection for another; for subscribers. @throws CofferError `limit` when there are too many. */
  keep(): void
  /** Leaves closing it to the end of the process: its peer sees when the daemon has gone. */
  linger(): void
}

/** One request in work. */
export type Call = {
  /** The caller's id of the request: what `progress` is about. */
  readonly id: number
  readonly connection: Connection
  /** The connection's signal: the caller has gone. A write that has begun is finished all the same. */
  readonly signal: AbortSignal
  /** Tells the caller how far a long request is; `total` null while unknown. */
  progress(phase: string, done: number, total: number | null): void
}

/** One function a method of shared/protocol/local.ts; `needs` and the schema have been checked before it runs. */
export type DaemonHandlers = Handlers<Call>

/** Answers a plain block; a thrown CofferError becomes its exit number and a line on stderr. */
export type PlainHandler = (request: PlainRequest, call: Call) => Promise<PlainAnswer>
