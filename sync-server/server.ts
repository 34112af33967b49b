import { randomBytes } from 'node:crypto'
import { createServer, type IncomingMessage, type Server as HttpServer } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import { WebSocketServer } from 'ws'
import { CofferError } from '../shared/errors.js'
import type { DeviceId } from '../shared/ids.js'
import { LIMITS } from '../shared/limits.js'
import { NONCE_LENGTH, originOf } from '../shared/protocol/relay-handshake.js'
import { CLOSE_CODES, RELAY_SUBPROTOCOL } from '../shared/protocol/relay.js'
import { every, type Clock } from './clock.js'
import { Connection, type ConnectionParts } from './connection.js'
import { errorFields, type Log } from './log.js'
import type { Metrics } from './metrics.js'
import { answerHttp } from './pages.js'

export type ServerOptions = {
  readonly host: string
  readonly port: number
  /** PEM texts; absent: plain ws. */
  readonly tls?: { readonly cert: string; readonly key: string }
  /** TLS ends in front of us: what clients dialled is wss. */
  readonly behindProxy: boolean
  /** Origins clients may have dialled; empty: whatever the Host header says. */
  readonly origins: readonly string[]
  readonly maxConnections: number
  /** Connections that haven't finished the handshake. */
  readonly maxHandshakes: number
  readonly connectionsPerDevice: number
}

export type ServerParts = Pick<ConnectionParts, 'config' | 'perform'> & {
  readonly options: ServerOptions
  readonly clock: Clock
  readonly log: Log
  readonly metrics: Metrics
  /** @throws while the store doesn't read or write */
  readonly health: () => Promise<void>
  readonly onGone: (connection: Connection) => void
}

/** Milliseconds between pings: rarer than data, often enough for the timeouts of proxies. */
const PING_EVERY = 240_000
/** TCP connections beside the WebSockets: upgrades under way, and the pages. */
const PAGE_CONNECTIONS = 1_000
const TICK_EVERY = 1_000
/** Connections told to come back spread over this rate, a second. */
const RETURN_RATE = 400

/** The listening side: HTTP pages, upgrades, the set of connections, and the way down. */
export class RelayServer {
  readonly #parts: ServerParts
  readonly #http: HttpServer
  readonly #sockets: WebSocketServer
  readonly #connections = new Set<Connection>()
  /** Those whose handshake isn't finished. */
  readonly #strangers = new Set<Connection>()
  readonly #devices = new Map<DeviceId, Set<Connection>>()
  readonly #timers: (() => void)[] = []
  #draining = false
  #emptied: (() => void) | undefined

  constructor(parts: ServerParts) {
    this.#parts = parts
    const { tls } = parts.options
    const onRequest = (request: IncomingMessage, response: Parameters<typeof answerHttp>[1]) => {
      void answerHttp(request, response, {
        registry: parts.metrics.registry,
        readiness: () => this.readiness(),
      })
    }
    this.#http = tls ? createTlsServer({ ...tls }, onRequest) : createServer(onRequest)
    this.#http.headersTimeout = 10_000
    this.#http.requestTimeout = 10_000
    this.#http.maxHeadersCount = 100
    this.#http.maxConnections = parts.options.maxConnections + PAGE_CONNECTIONS
    this.#sockets = new WebSocketServer({
      noServer: true,
      clientTracking: false,
      maxPayload: LIMITS.frame,
      // Deflate would cost 20 times the memory of a connection, and ciphertext doesn't shrink.
      perMessageDeflate: false,
      handleProtocols: (offered) => (offered.has(RELAY_SUBPROTOCOL) ? RELAY_SUBPROTOCOL : false),
    })
    this.#http.on('upgrade', (request, socket, head) => this.#onUpgrade(request, socket, head))
    this.#http.on('clientError', (_error, socket) => socket.destroy())
  }

  /** Listens. @returns the port. @throws CofferError `storage` (reason `listen`) */
  async listen(): Promise<number> {
    const { host, port } = this.#parts.options
    await new Promise<void>((resolve, reject) => {
      this.#http.once('error', (error) =>
        reject(
          new CofferError('storage', `can't listen on ${host}:${port}: ${error.message}`, {
            reason: 'listen',
            next: 'choose another --listen address',
          }),
        ),
      )
      this.#http.listen({ host, port }, resolve)
    })
    const { clock, log } = this.#parts
    this.#http.on('error', (error) => log('error', 'listener-failed', errorFields(error)))
    this.#timers.push(
      every(clock, PING_EVERY, () => this.#each((one) => one.ping())),
      every(clock, TICK_EVERY, () => {
        for (const one of this.#strangers) one.tick()
      }),
    )
    this.#parts.metrics.ready.set(1)
    return (this.#http.address() as AddressInfo).port
  }

  /** Why the relay isn't ready; undefined when it is. */
  async readiness(): Promise<string | undefined> {
    if (this.#draining) return 'draining'
    try {
      await this.#parts.health()
      this.#parts.metrics.ready.set(1)
      return undefined
    } catch (error) {
      this.#parts.metrics.ready.set(0)
      return error instanceof CofferError ? error.reason : 'unavailable'
    }
  }

  /**
   * Goes down gracefully: takes no more connections, lets every request in flight end, tells clients when to
   * come back; cuts off who is still there after `patience` milliseconds.
   */
  async drain(patience: number): Promise<void> {
    this.#draining = true
    this.#parts.metrics.ready.set(0)
    const emptied = new Promise<void>((resolve) => {
      this.#emptied = resolve
    })
    const closed = new Promise<void>((resolve) => {
      this.#http.close(() => resolve())
    })
    const spread = (this.#connections.size * 1000) / RETURN_RATE
    let i = 0
    this.#each((one) => one.drain(Math.round(100 + (spread * i++) / this.#connections.size)))
    const cancel = this.#parts.clock.later(patience, () => this.#each((one) => one.terminate()))
    if (this.#connections.size > 0) await emptied
    cancel()
    for (const end of this.#timers) end()
    this.#http.closeAllConnections()
    await closed
  }

  #each(run: (connection: Connection) => void): void {
    for (const connection of this.#connections) run(connection)
  }

  #onUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    socket.on('error', () => socket.destroy())
    const origins = this.#origins(request)
    const refusal = this.#refusal(request, origins)
    if (refusal !== undefined) {
      this.#parts.metrics.handshakes.inc({ outcome: 'rejected' })
      socket.end(`HTTP/1.1 ${refusal}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`)
      return
    }
    this.#sockets.handleUpgrade(request, socket, head, (ws) => {
      const { config, clock, log, metrics, perform } = this.#parts
      const connection = new Connection(ws, origins, randomBytes(NONCE_LENGTH), {
        config,
        clock,
        log,
        metrics,
        perform,
        onAuthenticated: (one, device) => this.#onAuthenticated(one, device),
        onClosed: (one) => this.#onClosed(one),
      })
      this.#connections.add(connection)
      this.#strangers.add(connection)
      metrics.connections.set(this.#connections.size)
    })
  }

  /** The status line with which an upgrade is refused; undefined when it is welcome. */
  #refusal(request: IncomingMessage, origins: readonly string[]): string | undefined {
    const { maxConnections, maxHandshakes } = this.#parts.options
    if (this.#draining) return '503 Service Unavailable'
    const path = request.url?.split('?')[0]
    if (path !== '/') return '404 Not Found'
    // Devices are no browsers: a page that somebody visits has no business here.
    if (request.headers.origin !== undefined) return '403 Forbidden'
    const offered = request.headers['sec-websocket-protocol'] ?? ''
    if (!offered.split(',').some((one) => one.trim() === RELAY_SUBPROTOCOL)) {
      return '400 Bad Request'
    }
    if (origins.length === 0) return '400 Bad Request'
    if (this.#connections.size >= maxConnections || this.#strangers.size >= maxHandshakes) {
      return '503 Service Unavailable'
    }
    return undefined
  }

  #origins(request: IncomingMessage): readonly string[] {
    const { origins, tls, behindProxy } = this.#parts.options
    if (origins.length > 0) return origins
    const scheme = tls !== undefined || behindProxy ? 'wss' : 'ws'
    const url = `${scheme}://${request.headers.host ?? ''}`
    return URL.canParse(url) ? [originOf(new URL(url))] : []
  }

  #onAuthenticated(connection: Connection, device: DeviceId): void {
    const { connectionsPerDevice } = this.#parts.options
    this.#strangers.delete(connection)
    const connections = this.#devices.get(device) ?? new Set()
    this.#devices.set(device, connections.add(connection))
    this.#parts.metrics.devices.set(this.#devices.size)
    // The oldest goes: it may be a dead one that the device has left behind.
    for (const oldest of connections) {
      if (connections.size <= connectionsPerDevice) break
      connections.delete(oldest)
      oldest.close(CLOSE_CODES.limit, 'connections')
    }
  }

  #onClosed(connection: Connection): void {
    this.#connections.delete(connection)
    this.#strangers.delete(connection)
    const device = connection.peer?.device
    const connections = device === undefined ? undefined : this.#devices.get(device)
    connections?.delete(connection)
    if (device !== undefined && connections?.size === 0) this.#devices.delete(device)
    this.#parts.metrics.connections.set(this.#connections.size)
    this.#parts.metrics.devices.set(this.#devices.size)
    try {
      this.#parts.onGone(connection)
    } catch (error) {
      this.#parts.log('error', 'cleanup-failed', errorFields(error))
    }
    if (this.#connections.size === 0) this.#emptied?.()
  }
}
