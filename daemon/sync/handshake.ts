import type { Bytes } from '../../shared/bytes.js'
import type { Random } from '../../shared/crypto/random.js'
import { CofferError } from '../../shared/errors.js'
import {
  challengeHolds,
  NONCE_LENGTH,
  signAuth,
  type Transcript,
} from '../../shared/protocol/relay-handshake.js'
import {
  RELAY_PROTOCOL,
  type ClientMessage,
  type RelayMessage,
} from '../../shared/protocol/relay.js'
import type { RelayAddress, RelayIdentity } from './api.js'
import { RelayRefusal } from './messages.js'
import type { Allowance } from './pacer.js'

/** The device's side of the mutual challenge: what to answer to each frame until the relay says welcome. */
export class Handshake {
  readonly #address: RelayAddress
  readonly #identity: RelayIdentity
  readonly #origin: string
  readonly #nonce: Bytes
  #challenged = false

  constructor(address: RelayAddress, identity: RelayIdentity, origin: string, random: Random) {
    this.#address = address
    this.#identity = identity
    this.#origin = origin
    this.#nonce = random(NONCE_LENGTH)
  }

  hello(): ClientMessage {
    const { keys } = this.#identity
    const body = { version: RELAY_PROTOCOL, keys, nonce: this.#nonce, origin: this.#origin }
    return { kind: 'hello', id: 0, body }
  }

  /**
   * What follows from a frame: an answer to send, or the allowance of an open connection.
   * @throws CofferError `tampering` (reason `relay-key`) when it isn't the pinned relay, the relay's refusal, or
   * `relay-refused` (reason `malformed`)
   */
  take(message: RelayMessage): { send: ClientMessage } | { welcome: Allowance } {
    if (message.kind === 'refused') throw new RelayRefusal(message.body)
    if (message.kind === 'challenge' && !this.#challenged) {
      this.#challenged = true
      return { send: this.#answer(message.body) }
    }
    if (message.kind === 'welcome' && this.#challenged) return { welcome: message.body }
    throw new CofferError('relay-refused', "the relay doesn't follow the protocol", {
      reason: 'malformed',
    })
  }

  #answer(challenge: Extract<RelayMessage, { kind: 'challenge' }>['body']): ClientMessage {
    const transcript: Transcript = {
      relayKey: challenge.relayKey,
      origin: this.#origin,
      clientNonce: this.#nonce,
      relayNonce: challenge.nonce,
      deviceId: this.#identity.deviceId,
    }
    const pinned = challenge.relayKey === this.#address.key
    if (!pinned || !challengeHolds(transcript, challenge.signature)) {
      throw new CofferError('tampering', "who answers isn't the relay with the pinned key", {
        reason: 'relay-key',
        next: 'ask whoever runs the relay before you set another key',
      })
    }
    const signature = signAuth(transcript, this.#identity.signPrivate)
    return { kind: 'auth', id: 0, body: { signature } }
  }
}
