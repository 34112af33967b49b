import type { Socket } from 'node:net'
import { fromUtf8 } from '../../shared/bytes.js'
import { CofferError } from '../../shared/errors.js'
import { LIMITS } from '../../shared/limits.js'
import { LineReader } from '../../shared/protocol/lines.js'
import { parseIncoming, requestLine, type Incoming } from '../../shared/protocol/local-wire.js'
import {
  isNotification,
  METHODS,
  NOTIFICATIONS,
  type Method,
  type Notification,
  type NotificationParams,
  type Params,
  type Result,
} from '../../shared/protocol/local.js'
import type { Schema } from '../../shared/protocol/schema.js'
import { hungUp } from '../refusals.js'

export type Progress = NotificationParams<'progress'>

type Waiting = {
  readonly resolve: (result: unknown) => void
  readonly reject: (error: CofferError) => void
  readonly onProgress: ((progress: Progress) => void) | undefined
}
type Results = { readonly [M in Method]: { readonly result: Schema<Result<M>> } }
type Listener = (name: Notification, params: unknown) => void

const RESULTS: Results = METHODS

/** One connection to the daemon: calls go out, each answer is checked against its method's schema. */
export class Client {
  readonly #socket: Socket
  readonly #lines = new LineReader(LIMITS.localLine)
  readonly #waiting = new Map<number, Waiting>()
  readonly #listeners = new Set<Listener>()
  #nextId = 1
  #ended: CofferError | undefined
  /** Resolves when the connection has ended, for whatever reason. */
  readonly closed: Promise<void>

  /** @param socket connected, handshake done, paused */
  constructor(socket: Socket) {
    this.#socket = socket
    socket.on('data', (chunk) => {
      this.#receive(chunk)
    })
    socket.on('error', () => undefined)
    this.closed = new Promise((resolve) => {
      socket.on('close', () => {
        this.#end(hungUp())
        resolve()
      })
    })
    socket.resume()
  }

  /**
   * Calls one method.
   * @throws CofferError what the daemon answers; `internal` (reason `hung-up`) when the connection ends first
   */
  async call<M extends Method>(
    method: M,
    params: Params<M>,
    onProgress?: (progress: Progress) => void,
  ): Promise<Result<M>> {
    if (this.#ended !== undefined) throw this.#ended
    const id = this.#nextId++
    const answer = new Promise<unknown>((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject, onProgress })
    })
    this.#socket.write(requestLine(id, method, params))
    return RESULTS[method].result.check(await answer, `the daemon's answer to ${method}`)
  }

  /** Hears notifications of one kind; `subscribe` asks the daemon for them. */
  on<N extends Notification>(name: N, hear: (params: NotificationParams<N>) => void): void {
    const schema: Schema<NotificationParams<N>> = SCHEMAS[name]
    this.#listeners.add((one, params) => {
      if (one === name) hear(schema.check(params, name))
    })
  }

  close(): void {
    this.#socket.destroy()
  }

  #receive(chunk: Uint8Array): void {
    try {
      for (const line of this.#lines.push(chunk)) this.#take(parseIncoming(fromUtf8(line) ?? ''))
    } catch (error) {
      const failure = error instanceof CofferError ? error : hungUp()
      this.#end(failure)
      this.#socket.destroy()
    }
  }

  #take(message: Incoming): void {
    if (message.kind === 'notification') {
      this.#notified(message.method, message.params)
      return
    }
    // An error without an id is about a line that the daemon couldn't read: nothing more will come.
    if (message.id === null) throw message.kind === 'error' ? message.error : hungUp()
    const waiting = this.#waiting.get(message.id)
    if (waiting === undefined) return
    this.#waiting.delete(message.id)
    if (message.kind === 'error') waiting.reject(message.error)
    else waiting.resolve(message.result)
  }

  #notified(name: string, params: unknown): void {
    if (!isNotification(name)) return
    if (name === 'progress') {
      const progress = NOTIFICATIONS.progress.check(params, name)
      this.#waiting.get(progress.id)?.onProgress?.(progress)
    }
    for (const listener of this.#listeners) listener(name, params)
  }

  #end(error: CofferError): void {
    this.#ended ??= error
    for (const waiting of this.#waiting.values()) waiting.reject(this.#ended)
    this.#waiting.clear()
  }
}

type NotificationSchemas = { readonly [N in Notification]: Schema<NotificationParams<N>> }
const SCHEMAS: NotificationSchemas = NOTIFICATIONS
