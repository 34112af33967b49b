import { WebSocket, type RawData } from 'ws'
import type { Bytes } from '../../shared/bytes.js'
import type { Random } from '../../shared/crypto/random.js'
import { CofferError } from '../../shared/errors.js'
import { LIMITS } from '../../shared/limits.js'
import { originOf } from '../../shared/protocol/relay-handshake.js'
import { decodeFrame, encodeFrame, MAX_REQUEST_ID } from '../../shared/protocol/relay-frame.js'
import { REQUEST_COSTS } from '../../shared/protocol/relay-cost.js'
import {
  clientMessageCodec,
  relayMessageCodec,
  RELAY_SUBPROTOCOL,
  type ClientMessage,
  type RelayMessage,
} from '../../shared/protocol/relay.js'
import { parseRelayUrl } from './address.js'
import type { RelayAddress, RelayIdentity } from './api.js'
import { Handshake } from './handshake.js'
import {
  malformed,
  notConnected,
  RelayRefusal,
  REPLIES,
  sizeOf,
  unreachable,
  type Push,
  type Request,
  type RequestBody,
  type RequestKind,
  type ReplyBody,
} from './messages.js'
import { Pacer } from './pacer.js'
import type { Timers } from './timers.js'

/** From dialling to `welcome`; from a request's sending to its reply; between signs of life (milliseconds). */
const CONNECT_TIMEOUT = 5_000
const REQUEST_TIMEOUT = 10_000
const PING_EVERY = 240_000

export type ConnectionParts = {
  readonly identity: RelayIdentity
  readonly random: Random
  readonly timers: Timers
}

export type ConnectionEvents = {
  readonly onReady: () => void
  readonly onPush: (push: Push) => void
  /** The relay goes down and wants clients back after so many milliseconds. */
  readonly onDraining: (retryAfter: number) => void
  /** Once, whatever ended it; nothing is called after it. */
  readonly onEnd: (why: CofferError) => void
}

/** A reply's payload, or why there is none: the relay's refusal, or the connection's end. */
export type Outcome<T> = { readonly reply: T } | { readonly error: CofferError }
type Waiting = {
  readonly request: Request
  readonly settle: (outcome: Outcome<RelayMessage>) => void
  cancel: () => void
}

/**
 * One authenticated WebSocket connection to a relay. Replies and pushes are handed on in the order of their frames,
 * synchronously: a push that follows a reply is never seen before it.
 */
export class Connection {
  readonly #parts: ConnectionParts
  readonly #events: ConnectionEvents
  readonly #socket: WebSocket
  readonly #handshake: Handshake
  readonly #queue: Waiting[] = []
  readonly #pending = new Map<number, Waiting>()
  #pacer: Pacer | undefined
  #nextId = 1
  #timer: () => void
  #unpace: (() => void) | undefined
  #alive = true
  #paused = false
  #ended = false

  /** Dials at once. @throws CofferError `usage` for an address that isn't allowed */
  constructor(address: RelayAddress, parts: ConnectionParts, events: ConnectionEvents) {
    const url = parseRelayUrl(address.url)
    this.#parts = parts
    this.#events = events
    this.#handshake = new Handshake(address, parts.identity, originOf(url), parts.random)
    this.#socket = new WebSocket(url, [RELAY_SUBPROTOCOL], {
      perMessageDeflate: false,
      maxPayload: LIMITS.frame,
      followRedirects: false,
      ...(address.ca === undefined ? {} : { ca: address.ca }),
    })
    this.#timer = parts.timers.after(CONNECT_TIMEOUT, () =>
      this.#end(unreachable("the relay doesn't answer in time", 'connect-timeout')),
    )
    this.#socket.on('open', () => this.#write(this.#handshake.hello()))
    this.#socket.on('message', (data, binary) => this.#onFrame(data, binary))
    this.#socket.on('pong', () => (this.#alive = true))
    this.#socket.on('error', (error) => this.#end(notConnected(error)))
    this.#socket.on('close', () => this.#end(unreachable('the relay hung up', 'closed')))
  }

  /** Sends a request as soon as the relay's allowance permits. `settle` is called exactly once. */
  send<K extends RequestKind>(
    kind: K,
    body: RequestBody<K>,
    settle: (outcome: Outcome<ReplyBody<K>>) => void,
  ): void {
    const onOutcome = (outcome: Outcome<RelayMessage>): void => {
      if ('error' in outcome) return settle(outcome)
      const { reply } = outcome
      if (reply.kind === 'refused') return settle({ error: new RelayRefusal(reply.body) })
      if (reply.kind === REPLIES[kind]) return settle({ reply: reply.body as ReplyBody<K> })
      const error = malformed()
      settle({ error })
      this.#end(error)
    }
    if (this.#ended) return onOutcome({ error: unreachable('the relay hung up', 'closed') })
    this.#queue.push({
      request: { kind, body } as Request,
      settle: onOutcome,
      cancel: () => undefined,
    })
    this.#flush()
  }

  request<K extends RequestKind>(kind: K, body: RequestBody<K>): Promise<ReplyBody<K>> {
    return new Promise((resolve, reject) => {
      this.send(kind, body, (outcome) => {
        if ('error' in outcome) reject(outcome.error)
        else resolve(outcome.reply)
      })
    })
  }

  /** Stops reading from the socket, so that a fast relay waits for a slow disk. */
  pause(): void {
    this.#paused = true
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.pause()
  }

  resume(): void {
    this.#paused = false
    this.#socket.resume()
  }

  close(why: CofferError): void {
    this.#end(why)
  }

  #flush(): void {
    this.#unpace?.()
    this.#unpace = undefined
    const { timers } = this.#parts
    while (this.#pacer !== undefined && !this.#ended) {
      const [first] = this.#queue
      if (first === undefined) return
      const bytes = sizeOf(first.request)
      const wait = this.#pacer.take(REQUEST_COSTS[first.request.kind], bytes, timers.now())
      if (wait === Infinity) return
      if (wait > 0) {
        this.#unpace = timers.after(wait, () => this.#flush())
        return
      }
      this.#queue.shift()
      this.#dispatch(first)
    }
  }

  #dispatch(waiting: Waiting): void {
    while (this.#pending.has(this.#nextId)) this.#nextId = nextId(this.#nextId)
    const id = this.#nextId
    this.#nextId = nextId(id)
    this.#pending.set(id, waiting)
    this.#arm(waiting)
    try {
      this.#write({ ...waiting.request, id })
    } catch (error) {
      if (!(error instanceof CofferError)) throw error
      this.#settle(id, { error })
    }
  }

  #arm(pending: Waiting): void {
    pending.cancel = this.#parts.timers.after(REQUEST_TIMEOUT, () => {
      // A reply may lie unread while the disk is behind.
      if (this.#paused) this.#arm(pending)
      else this.#end(unreachable("the relay doesn't answer in time", 'request-timeout'))
    })
  }

  #settle(id: number, outcome: Outcome<RelayMessage>): void {
    const pending = this.#pending.get(id)
    if (pending === undefined) return
    this.#pending.delete(id)
    this.#pacer?.release()
    pending.cancel()
    pending.settle(outcome)
    this.#flush()
  }

  #write(message: ClientMessage): void {
    this.#socket.send(encodeFrame(clientMessageCodec, message), { binary: true })
  }

  #onFrame(data: RawData, binary: boolean): void {
    if (this.#ended) return
    this.#alive = true
    try {
      if (!binary) throw malformed()
      const message = decodeFrame(relayMessageCodec, bytesOf(data))
      if (this.#pacer === undefined) this.#onHandshake(message)
      else this.#onMessage(message)
    } catch (error) {
      this.#end(error instanceof CofferError ? error : malformed(error))
    }
  }

  #onHandshake(message: RelayMessage): void {
    const next = this.#handshake.take(message)
    if ('send' in next) return this.#write(next.send)
    const { timers } = this.#parts
    this.#pacer = new Pacer(next.welcome, timers.now())
    this.#timer()
    this.#timer = timers.after(PING_EVERY, () => this.#ping())
    this.#events.onReady()
    this.#flush()
  }

  #ping(): void {
    const { timers } = this.#parts
    this.#alive = false
    this.#socket.ping()
    this.#timer = timers.after(REQUEST_TIMEOUT, () => {
      if (!this.#alive && !this.#paused) {
        return this.#end(unreachable('the relay went silent', 'silent'))
      }
      this.#timer = timers.after(PING_EVERY, () => this.#ping())
    })
  }

  #onMessage(message: RelayMessage): void {
    switch (message.kind) {
      case 'entries':
      case 'head':
      case 'joinRequest':
      case 'chainMoved':
      case 'closed':
      case 'snapshot':
        return this.#events.onPush(message)
      case 'draining':
        return this.#events.onDraining(message.body.retryAfter)
      case 'challenge':
      case 'welcome':
        throw malformed()
      default:
        if (!this.#pending.has(message.id)) throw malformed()
        return this.#settle(message.id, { reply: message })
    }
  }

  #end(why: CofferError): void {
    if (this.#ended) return
    this.#ended = true
    this.#timer()
    this.#unpace?.()
    // A socket that is still connecting reports an error of its own when it is torn down.
    this.#socket.removeAllListeners()
    this.#socket.on('error', () => undefined)
    this.#socket.terminate()
    const lost = [...this.#pending.values(), ...this.#queue.splice(0)]
    this.#pending.clear()
    this.#events.onEnd(why)
    for (const waiting of lost) {
      waiting.cancel()
      waiting.settle({ error: why })
    }
  }
}

function nextId(id: number): number {
  return id === MAX_REQUEST_ID ? 1 : id + 1
}

function bytesOf(data: RawData): Bytes {
  if (Array.isArray(data)) throw malformed()
  // A copy: what is kept of it must not hold a pooled Buffer alive.
  return new Uint8Array(data)
}
