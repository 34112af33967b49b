// A relay whose operator lies: a real relay, and in front of it whoever holds its key. Handshakes pass untouched, since
// only devices can sign them; every frame after that can be read, changed, swallowed, made up.
import { createServer, type Server } from 'node:http'
import { WebSocket, WebSocketServer } from 'ws'
import { idOf, type DeviceId } from '../../../../shared/ids.js'
import { deviceIdOf } from '../../../../shared/log/device.js'
import { decodeFrame, encodeFrame } from '../../../../shared/protocol/relay-frame.js'
import {
  clientMessageCodec,
  relayMessageCodec,
  RELAY_SUBPROTOCOL,
  type ClientMessage,
  type RelayMessage,
} from '../../../../shared/protocol/relay.js'
import type { Relay, RelayOptions } from '../../harness/relay.js'
import { type World } from '../../harness/world.js'

/** What the operator does. Both are asked for each message; what they give takes its place, nothing swallows it. */
export type Lie = {
  /** A device's message on its way to the real relay. */
  readonly up?: (message: ClientMessage, wire: Wire) => readonly ClientMessage[]
  /** The real relay's message on its way to a device. */
  readonly down?: (message: RelayMessage, wire: Wire) => readonly RelayMessage[]
}

/** One device's connection. */
export class Wire {
  /** Everything that passed, as it was sent, lies included. */
  readonly sent: Buffer[] = []
  readonly received: Buffer[] = []
  /** Requests by id, as the device sent them. */
  readonly requests = new Map<number, ClientMessage>()
  device: DeviceId = idOf(new Uint8Array(32))
  readonly #near: WebSocket
  readonly #relay: HostileRelay
  readonly #far: WebSocket
  #early: Uint8Array[] | undefined = []

  constructor(near: WebSocket, far: WebSocket, relay: HostileRelay) {
    this.#near = near
    this.#far = far
    this.#relay = relay
    near.on('message', (data: Buffer) => this.#up(data))
    far.on('message', (data: Buffer) => this.#down(data))
    far.on('open', () => {
      for (const bytes of this.#early ?? []) far.send(bytes)
      this.#early = undefined
    })
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      one.on('error', () => undefined)
      one.on('close', () => other.terminate())
    }
  }

  /** Tells the device something. */
  push(message: RelayMessage): void {
    this.sendBytes(encodeFrame(relayMessageCodec, message))
  }

  /** Any bytes, as one binary frame. */
  sendBytes(bytes: Uint8Array): void {
    this.received.push(Buffer.from(bytes))
    this.#near.send(bytes)
  }

  /** The socket that the device is at, for what isn't even WebSocket. */
  get near(): WebSocket {
    return this.#near
  }

  cut(): void {
    this.#near.terminate()
  }

  #up(data: Buffer): void {
    this.sent.push(data)
    const message = decodeFrame(clientMessageCodec, new Uint8Array(data))
    if (message.kind === 'hello') this.device = deviceIdOf(message.body.keys)
    if (message.id > 0) this.requests.set(message.id, message)
    for (const one of this.#relay.lie.up?.(message, this) ?? [message]) {
      const bytes = encodeFrame(clientMessageCodec, one)
      if (this.#early === undefined) this.#far.send(bytes)
      else this.#early.push(bytes)
    }
  }

  #down(data: Buffer): void {
    const message = decodeFrame(relayMessageCodec, new Uint8Array(data))
    if (message.kind === 'entries') this.#relay.note(message.body)
    for (const one of this.#relay.lie.down?.(message, this) ?? [message]) this.push(one)
  }
}

export class HostileRelay {
  /** The honest one behind. */
  readonly real: Relay
  readonly wires: Wire[] = []
  /** Which port of loopback a connection is passed on to; the device isn't known yet. */
  port: number
  lie: Lie = {}
  readonly #logs = new Map<string, Uint8Array[]>()
  readonly #http: Server
  readonly #sockets: WebSocketServer
  readonly url: string

  private constructor(http: Server, sockets: WebSocketServer, url: string, real: Relay) {
    this.#http = http
    this.#sockets = sockets
    this.url = url
    this.real = real
    this.port = Number(new URL(real.url).port)
    sockets.on('connection', (near) => {
      const far = new WebSocket(`ws://127.0.0.1:${this.port}`, RELAY_SUBPROTOCOL, {
        perMessageDeflate: false,
        // The real one takes the address that devices dial for its own.
        headers: { Host: new URL(url).host },
      })
      this.wires.push(new Wire(near, far, this))
    })
  }

  /** Starts a real relay, and the liar in front of it. */
  static async start(world: World, options: RelayOptions = {}): Promise<HostileRelay> {
    const http = createServer()
    const sockets = new WebSocketServer({ server: http, perMessageDeflate: false })
    await new Promise<void>((resolve) => {
      http.listen(0, '127.0.0.1', resolve)
    })
    const address = http.address()
    if (address === null || typeof address === 'string') throw new Error('not listening')
    const url = `ws://127.0.0.1:${address.port}`
    const real = await world.relay({
      ...options,
      args: ['--rate', '100000', ...(options.args ?? [])],
    })
    return new HostileRelay(http, sockets, url, real)
  }

  /** Keeps what the real relay's logs hold, as it goes by. */
  note({ vaultId, from, entries }: Extract<RelayMessage, { kind: 'entries' }>['body']): void {
    const log = this.#logs.get(vaultId) ?? []
    this.#logs.set(vaultId, log)
    for (const [i, entry] of entries.entries()) log[from + i] = entry
  }

  /** The newest entries of a vault that went by, the newest last. */
  log(vaultId: string): Uint8Array[] {
    return Object.values(this.#logs.get(vaultId) ?? [])
  }

  get key(): string {
    return this.real.key
  }

  /** Open connections of one device, the newest last. */
  of(device: DeviceId): Wire[] {
    return this.wires.filter((wire) => wire.device === device && wire.near.readyState === 1)
  }

  /** Throws everybody off; they come back by themselves. */
  cut(): void {
    for (const wire of this.wires) wire.cut()
  }

  close(): void {
    this.cut()
    this.#sockets.close()
    this.#http.close()
  }
}
