import { setMaxListeners } from 'node:events'
import type { Socket } from 'node:net'
import { fromUtf8, type Bytes } from '../../shared/bytes.js'
import { CofferError } from '../../shared/errors.js'
import { LineReader } from '../../shared/protocol/lines.js'
import type { Notification, NotificationParams } from '../../shared/protocol/local.js'
import {
  errorLine,
  notificationLine,
  parseRequest,
  resultLine,
  type Request,
} from '../../shared/protocol/local-wire.js'
import { encodePlainAnswer, type PlainRequest } from '../../shared/protocol/plain.js'
import { plainFailure } from '../core/plain/answer.js'
import type { Call, Connection, PlainHandler } from './call.js'
import { asCofferError } from './dispatch.js'
import { PeerWriter } from './peer-writer.js'
import { PlainReader } from './plain-reader.js'
import type { ServerLimits } from './server-limits.js'

export type Shared = {
  readonly answer: (request: Request, call: Call) => Promise<object>
  readonly plain: PlainHandler
  readonly limits: ServerLimits
  /** Bytes of half-sent requests over all connections. */
  partial: number
  /** Connections that `keep` exempted from being dropped for others. */
  kept: number
  /** An unexpected exception: for the log. */
  readonly failed: (error: unknown) => void
  /** The connection did something: it is now the last to be dropped for others. */
  readonly active: (peer: Peer) => void
  readonly closed: (peer: Peer) => void
}

const BRACE = 0x7b

/** One connection: its first byte decides between JSON-RPC and a plain block. */
export class Peer implements Connection {
  readonly id: number
  readonly #socket: Socket
  readonly #shared: Shared
  readonly #abort = new AbortController()
  readonly #lines: LineReader
  readonly #plain = new PlainReader()
  readonly #writer: PeerWriter
  #mode: 'unknown' | 'lines' | 'plain' = 'unknown'
  #queue: Bytes[] = []
  #inflight = 0
  #held = 0
  #kept = false
  #lingers = false
  #ending = false
  #readTimer: ReturnType<typeof setTimeout> | undefined
  #settled: (() => void) | undefined

  constructor(socket: Socket, id: number, shared: Shared) {
    // Each request in work may listen.
    setMaxListeners(0, this.#abort.signal)
    this.id = id
    this.#socket = socket
    this.#shared = shared
    this.#lines = new LineReader(shared.limits.line)
    this.#writer = new PeerWriter(socket, shared.limits.writeTime, () => {
      this.#written()
    })
    socket.on('data', (chunk: Buffer) => {
      this.#take(chunk)
    })
    socket.on('end', () => {
      this.#halfClosed()
    })
    socket.on('error', () => socket.destroy())
    socket.on('close', () => {
      this.#closed()
    })
    this.#armRead()
  }

  get signal(): AbortSignal {
    return this.#abort.signal
  }

  /** Nothing in work and nobody listening: may be dropped for another. */
  get idle(): boolean {
    return this.#inflight === 0 && !this.#kept && !this.#lingers
  }

  notify<N extends Notification>(name: N, params: NotificationParams<N>): void {
    if (this.#socket.writableLength > this.#shared.limits.queue) this.#socket.destroy()
    else this.#writer.write(notificationLine(name, params))
  }

  keep(): void {
    if (this.#kept || this.#socket.destroyed) return
    if (this.#shared.kept >= this.#shared.limits.connections / 2) {
      throw new CofferError('limit', 'too many subscribers', { reason: 'subscribers' })
    }
    this.#kept = true
    this.#shared.kept++
  }

  linger(): void {
    this.#lingers = true
  }

  /** Reads no more, answers what is in work, then closes (unless it lingers). Resolves when the answers are out. */
  finish(): Promise<void> {
    this.#ending = true
    this.#queue = []
    this.#endWhenDone()
    return new Promise((resolve) => {
      this.#settled = resolve
      this.#settle()
    })
  }

  destroy(): void {
    if (!this.#lingers) this.#socket.destroy()
  }

  /** Answers with an error that belongs to no request, and closes; what else comes is thrown away for a while. */
  refuse(error: CofferError): void {
    this.#ending = true
    this.#queue = []
    const plain = this.#mode === 'plain'
    this.#writer.write(plain ? encodePlainAnswer(plainFailure(error)) : errorLine(null, error))
    this.#socket.end()
    this.#armRead()
  }

  #take(chunk: Buffer): void {
    if (this.#ending) return
    if (this.#mode === 'unknown') this.#mode = chunk[0] === BRACE ? 'lines' : 'plain'
    this.#shared.active(this)
    try {
      if (this.#mode === 'plain') this.#takePlain(chunk)
      else this.#takeLines(chunk)
    } catch (error) {
      this.refuse(asCofferError(error))
    }
  }

  #takeLines(chunk: Bytes): void {
    const lines = this.#lines.push(chunk)
    this.#account(this.#lines.held, lines.length > 0)
    this.#queue.push(...lines)
    this.#pump()
  }

  #takePlain(chunk: Bytes): void {
    const request = this.#plain.push(chunk)
    this.#account(this.#plain.held, request !== undefined)
    if (request === undefined) return
    this.#ending = true
    this.#inflight++
    void this.#answerPlain(request).then((answer) => {
      this.#inflight--
      this.#writer.write(answer)
      this.#socket.end()
    })
  }

  /** Counts the half-sent request; its time runs from its first byte. */
  #account(held: number, finishedOne: boolean): void {
    this.#shared.partial += held - this.#held
    this.#held = held
    if (finishedOne) this.#disarmRead()
    if (held === 0) return
    this.#armRead()
    if (this.#shared.partial > this.#shared.limits.partial) {
      throw new CofferError('limit', 'too many half-sent requests', { reason: 'partial' })
    }
  }

  #pump(): void {
    const { limits } = this.#shared
    while (this.#inflight < limits.inflight && this.#socket.writableLength <= limits.queue) {
      const line = this.#queue.shift()
      if (line === undefined) break
      this.#start(line)
    }
    if (this.#queue.length > 0) this.#socket.pause()
    else if (this.#socket.isPaused()) this.#socket.resume()
  }

  #start(line: Bytes): void {
    let request: Request
    try {
      const json = fromUtf8(line)
      if (json === undefined) {
        throw new CofferError('format', 'a line is not UTF-8', { reason: 'not-utf8' })
      }
      request = parseRequest(json)
    } catch (error) {
      this.refuse(asCofferError(error))
      return
    }
    this.#inflight++
    void this.#answer(request).then((answer) => {
      this.#inflight--
      this.#writer.write(answer)
      if (this.#ending) this.#endWhenDone()
      else this.#pump()
    })
  }

  async #answer(request: Request): Promise<string> {
    try {
      return resultLine(request.id, await this.#shared.answer(request, this.#call(request.id)))
    } catch (error) {
      return errorLine(request.id, this.#noted(error))
    }
  }

  async #answerPlain(request: PlainRequest): Promise<Bytes> {
    try {
      return encodePlainAnswer(await this.#shared.plain(request, this.#call(0)))
    } catch (error) {
      return encodePlainAnswer(plainFailure(this.#noted(error), request.argv))
    }
  }

  #noted(error: unknown): CofferError {
    if (!(error instanceof CofferError) || error.code === 'internal') this.#shared.failed(error)
    return asCofferError(error)
  }

  #call(id: number): Call {
    return {
      id,
      connection: this,
      signal: this.signal,
      progress: (phase, done, total) => {
        if (this.#mode === 'lines') this.notify('progress', { id, phase, done, total })
      },
    }
  }

  #written(): void {
    this.#settle()
    if (this.#writer.idle && this.#queue.length > 0 && !this.#socket.destroyed) this.#pump()
  }

  /** The caller has ended its side: it still gets the answers of requests in work, but nothing waits for it. */
  #halfClosed(): void {
    if (this.#mode === 'plain' && this.#inflight > 0) return
    this.#abort.abort()
    this.#unkeep()
    this.#ending = true
    this.#endWhenDone()
  }

  #endWhenDone(): void {
    while (this.#queue.length > 0 && this.#inflight < this.#shared.limits.inflight) {
      const line = this.#queue.shift()
      if (line !== undefined) this.#start(line)
    }
    if (this.#inflight === 0 && !this.#lingers) this.#socket.end()
  }

  #settle(): void {
    if (this.#socket.destroyed || (this.#inflight === 0 && this.#writer.idle)) this.#settled?.()
  }

  #unkeep(): void {
    if (this.#kept) this.#shared.kept--
    this.#kept = false
  }

  #closed(): void {
    this.#disarmRead()
    this.#writer.stop()
    this.#shared.partial -= this.#held
    this.#held = 0
    this.#unkeep()
    this.#queue = []
    this.#abort.abort()
    this.#settle()
    this.#shared.closed(this)
  }

  #armRead(): void {
    this.#readTimer ??= setTimeout(() => this.#socket.destroy(), this.#shared.limits.requestTime)
    this.#readTimer.unref()
  }

  #disarmRead(): void {
    clearTimeout(this.#readTimer)
    this.#readTimer = undefined
  }
}
