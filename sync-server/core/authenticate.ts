import type { Bytes } from '../../shared/bytes.js'
import { CofferError } from '../../shared/errors.js'
import { type DeviceId, type RelayKey } from '../../shared/ids.js'
import { LIMITS } from '../../shared/limits.js'
import { deviceIdOf, type DeviceKeys } from '../../shared/log/device.js'
import { RELAY_PROTOCOL, type ClientMessage } from '../../shared/protocol/relay.js'
import { authHolds, signChallenge, type Transcript } from '../../shared/protocol/relay-handshake.js'

export type Hello = Extract<ClientMessage, { kind: 'hello' }>['body']

/** The relay's Ed25519 key, which clients pin. */
export type RelayIdentity = { readonly key: RelayKey; readonly privateKey: Bytes }

/** A challenge that was sent and waits for its answer. */
export type Challenge = {
  readonly transcript: Transcript
  readonly keys: DeviceKeys
  readonly signature: Bytes
  /** Milliseconds by the relay's clock; an answer after it is refused. */
  readonly deadline: number
}

function refuse(reason: string, what: string): never {
  throw new CofferError('relay-refused', what, { reason })
}

/**
 * The relay's answer to `hello`.
 * @param origins the origins that are this relay's own for this connection
 * @param nonce 32 bytes that were never used before
 * @throws CofferError `relay-refused` (reasons `version`, `origin`)
 */
export function challenge(
  hello: Hello,
  relay: RelayIdentity,
  origins: readonly string[],
  nonce: Bytes,
  now: number,
): Challenge {
  if (hello.version !== RELAY_PROTOCOL) refuse('version', 'the client speaks another version')
  // A client that dialled somebody else must not be answered: it would take him for us.
  if (!origins.includes(hello.origin)) refuse('origin', 'the client dialled another origin')
  const transcript = {
    relayKey: relay.key,
    origin: hello.origin,
    clientNonce: hello.nonce,
    relayNonce: nonce,
    deviceId: deviceIdOf(hello.keys),
  }
  const signature = signChallenge(transcript, relay.privateKey)
  return { transcript, keys: hello.keys, signature, deadline: now + LIMITS.handshake }
}

/**
 * The device that answered the challenge.
 * @throws CofferError `relay-refused` (reason `unauthenticated`)
 */
export function authenticate(challenge: Challenge, signature: Bytes, now: number): DeviceId {
  if (now > challenge.deadline) refuse('unauthenticated', 'the handshake took too long')
  if (!authHolds(challenge.transcript, signature, challenge.keys.sign)) {
    refuse('unauthenticated', 'the device did not sign the challenge')
  }
  return challenge.transcript.deviceId
}
