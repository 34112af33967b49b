import type { WebSocket } from 'ws'
import type { Bytes } from '../shared/bytes.js'
import type { DeviceId, VaultId } from '../shared/ids.js'
import { LIMITS } from '../shared/limits.js'
import { encodeFrame } from '../shared/protocol/relay-frame.js'
import { CLOSE_CODES, relayMessageCodec, type RelayMessage } from '../shared/protocol/relay.js'
import type { Clock } from './clock.js'
import { refusalOf } from './core/refusal.js'
import {
  newSession,
  step,
  type Effect,
  type Request,
  type Session,
  type SessionConfig,
  type SessionEvent,
} from './core/session.js'
import { errorFields, shortId, type Log } from './log.js'
import type { Metrics } from './metrics.js'
import type { Peer, Watching } from './peer.js'
import type { Reply } from './requests.js'

/** Bytes of requests in flight above which the socket isn't read. */
const READ_AHEAD = 8 * LIMITS.frame
/** Bytes of replies and small pushes that may wait for a peer that doesn't read. */
const SEND_BEHIND = 16 * LIMITS.frame

export type ConnectionParts = {
  readonly config: SessionConfig
  readonly clock: Clock
  readonly log: Log
  readonly metrics: Metrics
  readonly perform: (peer: Peer, request: Request) => Promise<Reply>
  readonly onAuthenticated: (connection: Connection, device: DeviceId) => void
  readonly onClosed: (connection: Connection) => void
}

/** One WebSocket: carries frames to the pure session and does what it says. */
export class Connection {
  readonly #socket: WebSocket
  readonly #parts: ConnectionParts
  #session: Session
  #peer: SocketPeer | undefined
  #reading = 0
  #alive = true

  /** `nonce`: 32 random bytes that this connection alone uses. */
  constructor(socket: WebSocket, origins: readonly string[], nonce: Bytes, parts: ConnectionParts) {
    this.#socket = socket
    this.#parts = parts
    this.#session = newSession(origins, nonce, parts.clock.now() + LIMITS.handshake)
    socket.binaryType = 'nodebuffer'
    socket.on('message', (data, isBinary) => this.#onMessage(data, isBinary))
    socket.on('pong', () => {
      this.#alive = true
    })
    // ws says what went wrong (a frame too large, broken UTF-8) and then closes by itself.
    socket.on('error', (error) => parts.log('debug', 'socket-error', errorFields(error)))
    socket.on('close', () => this.#onClose())
  }

  get peer(): Peer | undefined {
    return this.#peer
  }

  /** Lets the session see the time: handshakes end. */
  tick(): void {
    this.#step({ kind: 'tick', now: this.#parts.clock.now() })
  }

  drain(retryAfter: number): void {
    this.#step({ kind: 'drain', retryAfter })
  }

  /** Pings; a peer that didn't answer the ping before is cut off. */
  ping(): void {
    if (!this.#alive) return this.terminate()
    this.#alive = false
    if (this.#socket.readyState === this.#socket.OPEN) this.#socket.ping()
  }

  terminate(): void {
    this.#socket.terminate()
  }

  /** Ends the connection with a WebSocket close code. */
  close(code: number, reason: string): void {
    this.#session = { phase: 'closed' }
    this.#parts.metrics.closes.inc({ code: String(code) })
    this.#socket.close(code, reason)
  }

  #onMessage(data: unknown, isBinary: boolean): void {
    if (!isBinary || !(data instanceof Uint8Array)) {
      return this.close(CLOSE_CODES.malformed, 'binary frames only')
    }
    this.#alive = true
    // A plain copy-free view: Node's Buffer has methods that behave otherwise.
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
    this.#step({ kind: 'frame', bytes, now: this.#parts.clock.now() }, bytes.length)
  }

  #onClose(): void {
    this.#session = { phase: 'closed' }
    this.#parts.onClosed(this)
  }

  #step(event: SessionEvent, size = 0): void {
    const before = this.#session.phase
    const { session, effects } = step(this.#parts.config, this.#session, event)
    this.#session = session
    for (const effect of effects) this.#do(effect, size)
    if (before !== 'ready' && session.phase === 'closed') {
      this.#parts.metrics.handshakes.inc({ outcome: 'refused' })
    }
  }

  #do(effect: Effect, size: number): void {
    switch (effect.kind) {
      case 'send':
        return this.#send(effect.message)
      case 'authenticated':
        this.#peer = new SocketPeer(effect.device, this.#socket, (message) => this.#send(message))
        this.#parts.metrics.handshakes.inc({ outcome: 'welcome' })
        return this.#parts.onAuthenticated(this, effect.device)
      case 'perform':
        void this.#perform(effect.request, size)
        return
      case 'close':
        return this.close(effect.code, effect.reason)
    }
  }

  #send(message: RelayMessage): void {
    if (this.#socket.readyState !== this.#socket.OPEN) return
    if (message.kind === 'refused') {
      const { code, reason } = message.body
      this.#parts.metrics.refusals.inc({ code, reason })
    }
    if (this.#socket.bufferedAmount > SEND_BEHIND) {
      this.#parts.log('warn', 'peer-does-not-read')
      return this.terminate()
    }
    try {
      this.#socket.send(encodeFrame(relayMessageCodec, message))
    } catch (error) {
      // A message of ours that doesn't fit a frame must not take the other connections along.
      this.#parts.log('error', 'send-failed', { message: message.kind, ...errorFields(error) })
      this.terminate()
    }
  }

  async #perform(request: Request, size: number): Promise<void> {
    const peer = this.#peer
    if (peer === undefined) return
    this.#hold(size)
    const { kind, id } = request
    const timer = this.#parts.metrics.duration.startTimer({ kind })
    let reply: Reply
    try {
      reply = await this.#parts.perform(peer, request)
    } catch (error) {
      reply = { message: { kind: 'refused', id, body: this.#refusal(peer, kind, error) } }
    }
    timer()
    const outcome = reply.message.kind === 'refused' ? 'refused' : 'done'
    this.#parts.metrics.requests.inc({ kind, outcome })
    this.#hold(-size)
    this.#step({ kind: 'replied', reply: reply.message })
    if (this.#session.phase === 'ready') reply.after?.()
  }

  #refusal(peer: Peer, request: string, error: unknown): ReturnType<typeof refusalOf> {
    const refusal = refusalOf(error)
    const grave = refusal.code === 'internal' || refusal.code === 'storage'
    this.#parts.log(grave ? 'error' : 'debug', 'refused', {
      request,
      device: shortId(peer.device),
      ...(grave ? errorFields(error) : { code: refusal.code, reason: refusal.reason }),
    })
    return refusal
  }

  /** Counts bytes in flight; above the cap the socket is left unread, and TCP tells the peer to wait. */
  #hold(size: number): void {
    this.#reading += size
    if (this.#reading > READ_AHEAD) this.#socket.pause()
    else if (this.#socket.isPaused) this.#socket.resume()
  }
}

class SocketPeer implements Peer {
  readonly device: DeviceId
  readonly watching = new Map<VaultId, Watching>()
  readonly push: (message: RelayMessage) => void
  readonly #socket: WebSocket
  #turn: Promise<void> = Promise.resolve()

  constructor(device: DeviceId, socket: WebSocket, push: (message: RelayMessage) => void) {
    this.device = device
    this.push = push
    this.#socket = socket
  }

  deliver(frame: Bytes, wanted: () => boolean): Promise<void> {
    this.#turn = this.#turn.then(() => (wanted() ? this.#flush(frame) : undefined))
    return this.#turn
  }

  #flush(frame: Bytes): Promise<void> {
    // A socket that closes ends its followers; its error is of no use here.
    return new Promise((resolve) => {
      if (this.#socket.readyState === this.#socket.OPEN) this.#socket.send(frame, () => resolve())
      else resolve()
    })
  }
}
