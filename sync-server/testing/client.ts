import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { WebSocket } from 'ws'
import type { Bytes } from '../../shared/bytes.js'
import type { RelayKey } from '../../shared/ids.js'
import { decodeFrame, encodeFrame } from '../../shared/protocol/relay-frame.js'
import {
  challengeHolds,
  originOf,
  signAuth,
  type Transcript,
} from '../../shared/protocol/relay-handshake.js'
import {
  clientMessageCodec,
  RELAY_PROTOCOL,
  RELAY_SUBPROTOCOL,
  relayMessageCodec,
  type ClientMessage,
  type RelayMessage,
} from '../../shared/protocol/relay.js'
import type { TestDevice } from './people.js'

/** How long a test waits for what must come, in milliseconds. */
const DEADLINE = 10_000

export type MessageKind = RelayMessage['kind']
export type Message<K extends MessageKind> = Extract<RelayMessage, { kind: K }>
type Bodies = { [M in RelayMessage as M['kind']]: M['body'] }
type RequestKind = Exclude<ClientMessage['kind'], 'hello' | 'auth'>
type RequestBody<K extends RequestKind> = Extract<ClientMessage, { kind: K }>['body']

/** Fails with `what` when `promise` takes too long. */
export async function within<T>(promise: Promise<T>, what: string, ms = DEADLINE): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`waited ${ms} ms for ${what}`)), ms)
  })
  try {
    return await Promise.race([promise, late])
  } finally {
    clearTimeout(timer)
  }
}

/** A raw socket to a relay: sends any bytes, keeps all that arrives in order. */
export class RawClient {
  readonly socket: WebSocket
  readonly url: string
  readonly inbox: RelayMessage[] = []
  closed: { code: number; reason: string } | undefined
  #changed: (() => void)[] = []

  protected constructor(url: string, socket: WebSocket) {
    this.url = url
    this.socket = socket
    socket.on('message', (data: Buffer) => {
      this.inbox.push(decodeFrame(relayMessageCodec, new Uint8Array(data)))
      this.#tell()
    })
    socket.on('close', (code, reason) => {
      this.closed = { code, reason: reason.toString() }
      this.#tell()
    })
    socket.on('error', () => this.#tell())
  }

  static dial(url: string): Promise<RawClient> {
    return RawClient.adopt(url, openSocket(url))
  }

  /** A client on a socket that the test made. */
  static async adopt(url: string, socket: WebSocket): Promise<RawClient> {
    const client = new RawClient(url, socket)
    await opened(socket)
    return client
  }

  get origin(): string {
    return originOf(new URL(this.url))
  }

  #tell(): void {
    for (const wake of this.#changed.splice(0)) wake()
  }

  sendBytes(bytes: Bytes | string): void {
    this.socket.send(bytes)
  }

  send(message: ClientMessage): void {
    this.sendBytes(encodeFrame(clientMessageCodec, message))
  }

  /** Resolves once `probe` gives something; asked again at each arrival. */
  async until<T>(what: string, probe: () => T | undefined): Promise<T> {
    const wait = async (): Promise<T> => {
      for (;;) {
        const found = probe()
        if (found !== undefined) return found
        await new Promise<void>((resolve) => this.#changed.push(resolve))
      }
    }
    return within(wait(), what)
  }

  /** The first message of this kind that `matches`, taken out of the inbox. */
  take<K extends MessageKind>(
    kind: K,
    matches: (message: Message<K>) => boolean = () => true,
  ): Promise<Message<K>> {
    const is = (message: RelayMessage): message is Message<K> => message.kind === kind
    return this.until(kind, () => {
      for (const [i, message] of this.inbox.entries()) {
        if (!is(message) || !matches(message)) continue
        this.inbox.splice(i, 1)
        return message
      }
      if (this.closed) throw new Error(`closed ${this.closed.code} while waiting for ${kind}`)
      return undefined
    })
  }

  untilClosed(): Promise<{ code: number; reason: string }> {
    return this.until('close', () => this.closed)
  }

  async close(): Promise<void> {
    this.socket.terminate()
    await this.untilClosed()
  }
}

function openSocket(url: string): WebSocket {
  return new WebSocket(url, RELAY_SUBPROTOCOL, { perMessageDeflate: false })
}

async function opened(socket: WebSocket): Promise<void> {
  if (socket.readyState !== socket.OPEN) await within(once(socket, 'open'), 'the socket to open')
}

/** A device that speaks the protocol as it should. */
export class TestClient extends RawClient {
  readonly device: TestDevice
  #nextId = 1

  private constructor(url: string, device: TestDevice) {
    super(url, openSocket(url))
    this.device = device
  }

  /** Connects and authenticates; fails when the relay isn't the one with this key. */
  static async connect(url: string, key: RelayKey, device: TestDevice): Promise<TestClient> {
    const client = new TestClient(url, device)
    await opened(client.socket)
    const transcript = await client.hello(key)
    client.auth(transcript)
    await client.take('welcome')
    return client
  }

  async hello(key: RelayKey): Promise<Transcript> {
    const clientNonce = new Uint8Array(randomBytes(32))
    const { keys, id: deviceId } = this.device
    const { origin } = this
    const hello = { version: RELAY_PROTOCOL, keys, nonce: clientNonce, origin }
    this.send({ kind: 'hello', id: 0, body: hello })
    const { relayKey, nonce, signature } = (await this.take('challenge')).body
    const transcript = { relayKey, origin, clientNonce, relayNonce: nonce, deviceId }
    if (relayKey !== key || !challengeHolds(transcript, signature)) throw new Error('wrong relay')
    return transcript
  }

  auth(transcript: Transcript): void {
    const signature = signAuth(transcript, this.device.pair.privateKey)
    this.send({ kind: 'auth', id: 0, body: { signature } })
  }

  /** Sends a request and gives its reply, whatever it is. */
  async ask<K extends RequestKind>(kind: K, body: RequestBody<K>): Promise<RelayMessage> {
    const id = this.#nextId++
    this.send({ kind, id, body } as ClientMessage)
    return this.until(`the reply to ${kind}`, () => {
      const i = this.inbox.findIndex((message) => message.id === id)
      if (i >= 0) return this.inbox.splice(i, 1)[0]
      if (this.closed) throw new Error(`closed ${this.closed.code} while waiting for ${kind}`)
      return undefined
    })
  }

  /** The reply of this kind, or an error that names the refusal. */
  async get<K extends RequestKind, R extends MessageKind>(
    kind: K,
    body: RequestBody<K>,
    reply: R,
  ): Promise<Bodies[R]> {
    const message = await this.ask(kind, body)
    const is = (one: { kind: MessageKind; body: unknown }): one is { kind: R; body: Bodies[R] } =>
      one.kind === reply
    if (!is(message)) throw new Error(`${kind}: ${JSON.stringify(message)}`)
    return message.body
  }

  /** `code/reason` of a request that must be refused. */
  async refused<K extends RequestKind>(kind: K, body: RequestBody<K>): Promise<string> {
    const message = await this.ask(kind, body)
    if (message.kind !== 'refused') throw new Error(`${kind} was not refused: ${message.kind}`)
    return `${message.body.code}/${message.body.reason}`
  }
}
