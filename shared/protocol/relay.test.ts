import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { toHex, type Bytes } from '../bytes.js'
import { encode, type Codec } from '../codec.js'
import { cryptoReady } from '../crypto/hash.js'
import { signKeyPair } from '../crypto/sign.js'
import { CofferError } from '../errors.js'
import { idOf } from '../ids.js'
import { LIMITS } from '../limits.js'
import { deviceIdOf } from '../log/device.js'
import { decodeFrame, encodeFrame } from './relay-frame.js'
import {
  authHolds,
  challengeHolds,
  originOf,
  signAuth,
  signChallenge,
  transcriptCodec,
} from './relay-handshake.js'
import {
  clientMessageCodec,
  relayMessageCodec,
  type ClientMessage,
  type RelayMessage,
} from './relay.js'

await cryptoReady

const fill = (byte: number): Bytes => new Uint8Array(32).fill(byte)
const relay = signKeyPair(fill(1))
const device = signKeyPair(fill(2))
const keys = { sign: device.publicKey, box: fill(3) }
const transcript = {
  relayKey: idOf<never>(relay.publicKey),
  origin: 'wss://relay.example:443',
  clientNonce: fill(4),
  relayNonce: fill(5),
  deviceId: deviceIdOf(keys),
}
const vaultId = idOf<never>(fill(6))
const entryId = idOf<never>(fill(8))
const hash = idOf<never>(fill(9))
const head = { pos: 2, entryId }
const chainHead = { length: 3, hash }
const body = Uint8Array.of(0xde, 0xad)
const challengeSignature = signChallenge(transcript, relay.privateKey)
const authSignature = signAuth(transcript, device.privateKey)
const hello = { version: 1, keys, nonce: transcript.clientNonce, origin: transcript.origin }
const challenge = {
  relayKey: transcript.relayKey,
  nonce: transcript.relayNonce,
  signature: challengeSignature,
}

const CLIENT: readonly ClientMessage[] = [
  { kind: 'hello', id: 0, body: hello },
  { kind: 'auth', id: 0, body: { signature: authSignature } },
  { kind: 'create', id: 1, body: { links: [body] } },
  { kind: 'create', id: 1, body: { links: [body, body], token: 't' } },
  { kind: 'open', id: 7, body: { vaultId, after: head } },
  { kind: 'open', id: 7, body: { vaultId, after: { pos: 0 } } },
  { kind: 'close', id: 24, body: { vaultId } },
  { kind: 'append', id: 256, body: { vaultId, base: head, entries: [body] } },
  { kind: 'putHead', id: 65_536, body: { vaultId, head: body } },
  { kind: 'heads', id: 0xffff_ffff, body: { vaultId } },
  { kind: 'chain', id: 2, body: { vaultId, from: 0 } },
  { kind: 'join', id: 3, body: { vaultId, request: body } },
  { kind: 'joinRequests', id: 4, body: { vaultId } },
]

const RELAY: readonly RelayMessage[] = [
  { kind: 'challenge', id: 0, body: challenge },
  {
    kind: 'welcome',
    id: 0,
    body: { registration: 'token', vaults: 1, inFlight: 2, rate: 3, burst: 4 },
  },
  { kind: 'refused', id: 7, body: { code: 'limit', reason: 'rate', retryAfter: 250 } },
  { kind: 'refused', id: 7, body: { code: 'not-found', reason: 'no-vault' } },
  { kind: 'created', id: 1, body: { head, existed: false } },
  { kind: 'opened', id: 1, body: { head, generation: 1, floor: 0, memberHead: chainHead } },
  { kind: 'appended', id: 1, body: { positions: [1, 2], head } },
  { kind: 'done', id: 1, body: {} },
  { kind: 'heads', id: 1, body: { heads: [] } },
  { kind: 'chain', id: 1, body: { from: 0, entries: [body], head: chainHead } },
  { kind: 'joined', id: 1, body: { member: true, head: chainHead } },
  { kind: 'joinRequests', id: 1, body: { requests: [body] } },
  { kind: 'entries', id: 0, body: { vaultId, from: 3, entries: [body], head: 3 } },
  { kind: 'head', id: 0, body: { vaultId, head: body } },
  { kind: 'joinRequest', id: 0, body: { vaultId, request: body } },
  { kind: 'chainMoved', id: 0, body: { vaultId, head: chainHead } },
  { kind: 'closed', id: 0, body: { vaultId, code: 'refused', reason: 'invite-closed' } },
  { kind: 'draining', id: 0, body: { retryAfter: 100 } },
]

/** Worked frames of SPEC section 9: seeds 32 × 01 (relay) and 32 × 02 (device), box key 32 × 03, nonces 04 and 05. */
const FRAMES: Readonly<Record<string, string>> = {
  hello:
    '830000a4000101a20058208139770ea87d175f56a35466c34c7ecccb8d8a91b4ee37a25df60f5b8fc9b39401582003030303030303030303030303030303030303030303030303030303030303030258200404040404040404040404040404040404040404040404040404040404040404' +
    '03777773733a2f2f72656c61792e6578616d706c653a343433',
  challenge:
    '83182000a30058208a88e3dd7409f195fd52db2d3cba5d72ca6709bf1d94121bf3748801b40f6f5c0158200505050505050505050505050505050505050505050505050505050505050505025840' +
    'e8aa928926ac54c74b4c8c84de415f4a349ddce36fd47c0ed941c20b3a784d09ff83e0f53a4a5b31913c84024d96ab79436a21bb6275c3edae75d1fcdd981f0b',
  auth:
    '830100a1005840' +
    'a34d0d0c6c4d2a8a5e29f99517b13b1a53e7836ab83d1e5c1a968df8fe27439a4a0a43b3044a2b0920a49ae0f2fcd00e636b7c485592a32d8fc251c33b4cbf0e',
  open: '830307a2005820060606060606060606060606060606060606060606060606060606060606060601a200020158200808080808080808080808080808080808080808080808080808080808080808',
  refused: '83182207a300010164726174650218fa',
  entries:
    '83183000a400582006060606060606060606060606060606060606060606060606060606060606060103028142dead0303',
}
const TRANSCRIPT =
  'a50058208a88e3dd7409f195fd52db2d3cba5d72ca6709bf1d94121bf3748801b40f6f5c01777773733a2f2f72656c61792e6578616d706c653a34343302582004040404040404040404040404040404040404040404040404040404040404040358200505050505050505050505050505050505050505050505050505050505050505045820' +
  '4b3a9d542b0ffb8cdce18fc98789fedf024951531a69a0972b43fad37826a0ad'

function roundTrip<M extends { kind: string }>(codec: Codec<M>, messages: readonly M[]): void {
  const seen = new Set<string>()
  for (const message of messages) {
    const frame = encodeFrame(codec, message)
    const again = decodeFrame(codec, frame)
    assert.is(again.kind, message.kind)
    assert.is(toHex(encodeFrame(codec, again)), toHex(frame))
    const worked = FRAMES[message.kind]
    if (worked !== undefined && !seen.has(message.kind)) assert.is(toHex(frame), worked)
    seen.add(message.kind)
  }
}

function reasonOf(run: () => unknown): string | undefined {
  try {
    run()
    return undefined
  } catch (error) {
    if (error instanceof CofferError) return error.reason
    throw error
  }
}

test('every message decodes to what was encoded; worked frames are byte-exact', () => {
  roundTrip(clientMessageCodec, CLIENT)
  roundTrip(relayMessageCodec, RELAY)
})

test('neither side takes the other’s messages', () => {
  for (const message of CLIENT) {
    const frame = encodeFrame(clientMessageCodec, message)
    assert.is(
      reasonOf(() => decodeFrame(relayMessageCodec, frame)),
      'malformed',
    )
  }
  for (const message of RELAY) {
    const frame = encodeFrame(relayMessageCodec, message)
    assert.is(
      reasonOf(() => decodeFrame(clientMessageCodec, frame)),
      'malformed',
    )
  }
})

test('a signature is worth nothing for another transcript or purpose', () => {
  assert.is(toHex(encode(transcriptCodec, transcript)), TRANSCRIPT)
  assert.ok(challengeHolds(transcript, challengeSignature))
  assert.ok(authHolds(transcript, authSignature, device.publicKey))
  const others = [
    { ...transcript, origin: 'wss://evil.example:443' },
    { ...transcript, clientNonce: fill(7) },
    { ...transcript, relayNonce: fill(7) },
    { ...transcript, deviceId: idOf<never>(fill(7)) },
    { ...transcript, relayKey: idOf<never>(device.publicKey) },
  ]
  for (const other of others) {
    assert.not(challengeHolds(other, challengeSignature))
    assert.not(authHolds(other, authSignature, device.publicKey))
  }
  const crossed = signAuth(transcript, relay.privateKey)
  assert.not(challengeHolds(transcript, crossed), 'the domains are apart')
})

test('origins are written in one way', () => {
  const of = (protocol: string, hostname: string, port: string): string =>
    originOf({ protocol, hostname, port })
  assert.is(of('wss:', 'Relay.Example', ''), 'wss://relay.example:443')
  assert.is(of('ws:', '127.0.0.1', ''), 'ws://127.0.0.1:80')
  assert.is(of('ws:', '[::1]', '7420'), 'ws://[::1]:7420')
})

test('frames are capped both ways', () => {
  const entries = [new Uint8Array(LIMITS.entry), new Uint8Array(LIMITS.entry)]
  const message = { kind: 'append' as const, id: 1, body: { vaultId, base: head, entries } }
  assert.is(
    reasonOf(() => encodeFrame(clientMessageCodec, message)),
    'oversize',
  )
  const one = { ...message, body: { ...message.body, entries: entries.slice(1) } }
  assert.ok(encodeFrame(clientMessageCodec, one).length <= LIMITS.frame, 'one whole entry fits')
  const long = new Uint8Array(LIMITS.frame + 1)
  assert.is(
    reasonOf(() => decodeFrame(clientMessageCodec, long)),
    'oversize',
  )
})

test.run()
