import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { WebSocketServer, type WebSocket } from 'ws'
import type { Bytes } from '../../../shared/bytes.js'
import { hash } from '../../../shared/crypto/hash.js'
import { signKeyPair } from '../../../shared/crypto/sign.js'
import { idOf, type RelayKey } from '../../../shared/ids.js'
import { deviceIdOf } from '../../../shared/log/device.js'
import { decodeFrame, encodeFrame } from '../../../shared/protocol/relay-frame.js'
import { signChallenge } from '../../../shared/protocol/relay-handshake.js'
import {
  clientMessageCodec,
  RELAY_SUBPROTOCOL,
  relayMessageCodec,
  type ClientMessage,
  type RelayMessage,
} from '../../../shared/protocol/relay.js'
import type { RelayAddress } from '../api.js'

type Answer = (message: ClientMessage, socket: Talk) => void

/** One client's connection, as the script of a test sees it. */
export class Talk {
  readonly socket: WebSocket

  constructor(socket: WebSocket) {
    this.socket = socket
  }

  say(...messages: readonly RelayMessage[]): void {
    for (const message of messages) this.raw(encodeFrame(relayMessageCodec, message))
  }

  raw(frame: Bytes | string): void {
    this.socket.send(frame)
  }
}

/** A relay that shakes hands properly unless told otherwise, and answers requests as the test's script says. */
export class FakeRelay {
  readonly #server: WebSocketServer
  readonly #pair = signKeyPair(hash('test-relay'))
  /** Everything that clients sent. */
  readonly heard: ClientMessage[] = []
  readonly talks: Talk[] = []
  /** Takes the place of the handshake. */
  onHello: Answer | undefined
  onRequest: Answer = () => undefined
  allowance = { registration: 'open', vaults: 100, inFlight: 16, rate: 1000, burst: 1000 } as const

  private constructor(server: WebSocketServer) {
    this.#server = server
    server.on('connection', (socket) => {
      const talk = new Talk(socket)
      this.talks.push(talk)
      socket.on('error', () => undefined)
      socket.on('message', (data: Uint8Array) => {
        const message = decodeFrame(clientMessageCodec, new Uint8Array(data))
        this.heard.push(message)
        this.#take(message, talk)
      })
    })
  }

  static async start(): Promise<FakeRelay> {
    const server = new WebSocketServer({
      host: '127.0.0.1',
      port: 0,
      perMessageDeflate: false,
      handleProtocols: (offered) => offered.has(RELAY_SUBPROTOCOL) && RELAY_SUBPROTOCOL,
    })
    await once(server, 'listening')
    return new FakeRelay(server)
  }

  get address(): RelayAddress {
    const { port } = this.#server.address() as AddressInfo
    return { url: `ws://127.0.0.1:${port}`, key: this.key }
  }

  get key(): RelayKey {
    return idOf(this.#pair.publicKey)
  }

  #take(message: ClientMessage, talk: Talk): void {
    if (message.kind === 'hello') return (this.onHello ?? this.challenge)(message, talk)
    if (message.kind === 'auth') {
      return talk.say({ kind: 'welcome', id: 0, body: { ...this.allowance } })
    }
    this.onRequest(message, talk)
  }

  readonly challenge: Answer = (message, talk) => {
    if (message.kind !== 'hello') return
    const { keys, nonce: clientNonce, origin } = message.body
    const nonce = hash('test-nonce')
    const deviceId = deviceIdOf(keys)
    const transcript = { relayKey: this.key, origin, clientNonce, relayNonce: nonce, deviceId }
    const signature = signChallenge(transcript, this.#pair.privateKey)
    talk.say({ kind: 'challenge', id: 0, body: { relayKey: this.key, nonce, signature } })
  }

  async stop(): Promise<void> {
    for (const { socket } of this.talks) socket.terminate()
    this.#server.close()
    await once(this.#server, 'close')
  }
}

/** Runs a test against a fake relay of its own. */
export function withFakeRelay(body: (relay: FakeRelay) => Promise<void>): () => Promise<void> {
  return async () => {
    const relay = await FakeRelay.start()
    try {
      await body(relay)
    } finally {
      await relay.stop()
    }
  }
}
