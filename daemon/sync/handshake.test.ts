import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { cryptoReady, hash } from '../../shared/crypto/hash.js'
import { signKeyPair } from '../../shared/crypto/sign.js'
import { idOf, type RelayKey } from '../../shared/ids.js'
import { signChallenge, type Transcript } from '../../shared/protocol/relay-handshake.js'
import type { RelayMessage } from '../../shared/protocol/relay.js'
import { verdictOf } from '../../shared/testing/refusal.js'
import { Handshake } from './handshake.js'
import { testRelayIdentity } from './testing/parts.js'

await cryptoReady

const pinned = signKeyPair(hash('test-relay'))
const other = signKeyPair(hash('test-other'))
const ORIGIN = 'wss://relay.example:443'
const identity = testRelayIdentity()
const nonce = new Uint8Array(32).fill(7)

/** What the device makes of a challenge that `pair` signs in its own name, or in the pinned relay's. */
function answerTo(pair: typeof pinned, name = pair, change: Partial<Transcript> = {}): string {
  const address = { url: ORIGIN, key: idOf<RelayKey>(pinned.publicKey) }
  const handshake = new Handshake(address, identity, ORIGIN, () => nonce)
  const relayKey = idOf<RelayKey>(name.publicKey)
  const { deviceId } = identity
  const meant = { relayKey, origin: ORIGIN, clientNonce: nonce, relayNonce: nonce, deviceId }
  const signature = signChallenge({ ...meant, ...change }, pair.privateKey)
  const body = { relayKey, nonce, signature }
  const challenge: RelayMessage = { kind: 'challenge', id: 0, body }
  return verdictOf(() => handshake.take(challenge))
}

test('attack 26: a device answers the relay that it has pinned, on this connection, and no other', () => {
  assert.is(answerTo(pinned), 'holds')
  assert.is(answerTo(other), 'tampering/relay-key', 'another relay')
  assert.is(answerTo(other, pinned), 'tampering/relay-key', 'in its name')
  const elsewhere = 'wss://elsewhere.example:443'
  assert.is(answerTo(pinned, pinned, { origin: elsewhere }), 'tampering/relay-key')
  const old = new Uint8Array(32)
  assert.is(answerTo(pinned, pinned, { clientNonce: old }), 'tampering/relay-key', 'replayed')
})

test.run()
