import type { Bytes } from '../bytes.js'
import { encode, fixed, id, req, struct, text, type TypeOf } from '../codec.js'
import { sign, verify } from '../crypto/sign.js'
import { bytesOf, type DeviceId, type RelayKey } from '../ids.js'

/** Longest origin, e.g. `wss://relay.example:8443`. */
export const MAX_ORIGIN = 300

/** Bytes of each side's nonce. Nonces are used once and live LIMITS.handshake. */
export const NONCE_LENGTH = 32

/**
 * What both sides sign, each under its own domain tag (`relay-challenge` the relay, `relay-auth` the
 * device): a signature made for one relay, origin, device or pair of nonces is worth nothing for another.
 */
export const transcriptCodec = struct({
  relayKey: req(0, id<RelayKey>()),
  origin: req(1, text(MAX_ORIGIN)),
  clientNonce: req(2, fixed(NONCE_LENGTH)),
  relayNonce: req(3, fixed(NONCE_LENGTH)),
  deviceId: req(4, id<DeviceId>()),
})
export type Transcript = TypeOf<typeof transcriptCodec>

/** The relay's signature in `challenge`. */
export function signChallenge(transcript: Transcript, privateKey: Bytes): Bytes {
  return sign('relay-challenge', encode(transcriptCodec, transcript), privateKey)
}

/** Whether the relay that `transcript` names signed the challenge. The caller compares relayKey with its pin. */
export function challengeHolds(transcript: Transcript, signature: Bytes): boolean {
  const relayKey = bytesOf(transcript.relayKey)
  return verify('relay-challenge', signature, encode(transcriptCodec, transcript), relayKey)
}

/** The device's signature in `auth`. */
export function signAuth(transcript: Transcript, privateKey: Bytes): Bytes {
  return sign('relay-auth', encode(transcriptCodec, transcript), privateKey)
}

/** Whether the device with this signing key answered the challenge. */
export function authHolds(transcript: Transcript, signature: Bytes, signKey: Bytes): boolean {
  return verify('relay-auth', signature, encode(transcriptCodec, transcript), signKey)
}

/**
 * The origin of a relay URL as both sides write it: scheme, lower-case host, and the port always.
 * @param url `ws://host[:port]` or `wss://host[:port]`, already parsed by the caller's URL class.
 */
export function originOf(url: { protocol: string; hostname: string; port: string }): string {
  const port = url.port === '' ? (url.protocol === 'wss:' ? '443' : '80') : url.port
  return `${url.protocol}//${url.hostname.toLowerCase()}:${port}`
}
