import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { Bytes } from '../../shared/bytes.js'
import { cryptoReady, hash } from '../../shared/crypto/hash.js'
import { signKeyPair } from '../../shared/crypto/sign.js'
import { idOf } from '../../shared/ids.js'
import { LIMITS } from '../../shared/limits.js'
import { deviceIdOf } from '../../shared/log/device.js'
import { encodeFrame } from '../../shared/protocol/relay-frame.js'
import { signAuth } from '../../shared/protocol/relay-handshake.js'
import {
  clientMessageCodec,
  CLOSE_CODES,
  type ClientMessage,
  type RelayMessage,
} from '../../shared/protocol/relay.js'
import { fullBucket, take } from './quota.js'
import { newSession, step, type Effect, type Session, type SessionConfig } from './session.js'

await cryptoReady

const relayPair = signKeyPair(hash('test-relay'))
const device = signKeyPair(hash('test-device'))
const keys = { sign: device.publicKey, box: hash('test-box') }
const config: SessionConfig = {
  relay: { key: idOf(relayPair.publicKey), privateKey: relayPair.privateKey },
  registration: 'open',
  vaults: 10,
  inFlight: 2,
  rate: { perSecond: 10, burst: 20 },
}
const ORIGIN = 'wss://relay.example:443'
const RELAY_NONCE = hash('test-nonce')
const NONCE = hash('test-client-nonce')
const vaultId = idOf<never>(NONCE)

const frame = (message: ClientMessage, now = 0) =>
  ({ kind: 'frame', bytes: encodeFrame(clientMessageCodec, message), now }) as const

const shown = (effects: readonly Effect[]): string[] =>
  effects.map((effect) => {
    if (effect.kind === 'send') {
      const { message } = effect
      return message.kind === 'refused' ? `refused ${message.body.reason}` : message.kind
    }
    return effect.kind === 'close' ? `close ${effect.code}` : effect.kind
  })

function hello(origin = ORIGIN): ClientMessage {
  return { kind: 'hello', id: 0, body: { version: 1, keys, nonce: NONCE, origin } }
}

function auth(key: Bytes): ClientMessage {
  const transcript = {
    relayKey: config.relay.key,
    origin: ORIGIN,
    clientNonce: NONCE,
    relayNonce: RELAY_NONCE,
    deviceId: deviceIdOf(keys),
  }
  return { kind: 'auth', id: 0, body: { signature: signAuth(transcript, key) } }
}

const fresh = (): Session => newSession([ORIGIN], RELAY_NONCE, LIMITS.handshake)

/** Runs events in order; gives the last session and what each event did. */
function play(session: Session, ...events: Parameters<typeof step>[2][]): [Session, string[][]] {
  let now = session
  const all = events.map((event) => {
    const done = step(config, now, event)
    now = done.session
    return shown(done.effects)
  })
  return [now, all]
}

function ready(): Session {
  const [session, effects] = play(fresh(), frame(hello()), frame(auth(device.privateKey)))
  assert.equal(effects, [['challenge'], ['authenticated', 'welcome']])
  return session
}

const ask = (id: number, now = 0) => frame({ kind: 'heads', id, body: { vaultId } }, now)
const reply = (id: number) => {
  const message: RelayMessage = { kind: 'done', id, body: {} }
  return { kind: 'replied', reply: message } as const
}

test('the handshake ends at its deadline, whatever comes', () => {
  const late = LIMITS.handshake + 1
  assert.equal(play(fresh(), frame(hello(), late))[1], [[`close ${CLOSE_CODES.unauthenticated}`]])
  assert.equal(play(fresh(), frame(hello()), frame(auth(device.privateKey), late))[1].at(-1), [
    `close ${CLOSE_CODES.unauthenticated}`,
  ])
  assert.equal(play(fresh(), { kind: 'tick', now: late })[1], [
    [`close ${CLOSE_CODES.unauthenticated}`],
  ])
  assert.equal(play(fresh(), { kind: 'tick', now: 1 })[1], [[]])
  assert.equal(play(ready(), { kind: 'tick', now: late })[1], [[]])
})

test('hello twice, a wrong origin, a wrong signature', () => {
  const closed = `close ${CLOSE_CODES.unauthenticated}`
  const twice = play(fresh(), frame(hello()), frame(hello()))[1]
  assert.equal(twice.at(-1), ['refused unauthenticated', closed])
  assert.equal(play(fresh(), frame(hello('wss://evil:443')))[1], [['refused origin', closed]])
  const wrong = play(fresh(), frame(hello()), frame(auth(relayPair.privateKey)))[1]
  assert.equal(wrong.at(-1), ['refused unauthenticated', closed])
})

test('request ids are used once while in flight; the cap is kept', () => {
  const [, used] = play(ready(), ask(1), ask(1))
  assert.equal(used, [['perform'], ['refused out-of-turn', `close ${CLOSE_CODES.malformed}`]])
  const [, many] = play(ready(), ask(1), ask(2), ask(3), reply(1), ask(3))
  assert.equal(many, [['perform'], ['perform'], ['refused in-flight'], ['done'], ['perform']])
  const [, stray] = play(ready(), reply(9))
  assert.equal(stray, [[]], 'a reply that nobody asked for is not sent')
})

test('rate: refused with a wait, granted after it, closed when the waits are ignored', () => {
  let session = ready()
  for (let id = 1; id <= 10; id++) [session] = play(session, ask(id), reply(id))
  assert.equal(play(session, ask(11))[1], [['refused rate']])
  assert.equal(play(session, ask(11, 300))[1], [['perform']])
  const stubborn = play(session, ...Array.from({ length: 30 }, (_, i) => ask(20 + i)))[1]
  assert.ok(stubborn.some((effects) => effects.includes(`close ${CLOSE_CODES.limit}`)))
})

test('draining: in flight is finished, new is refused, then it closes', () => {
  const [, busy] = play(ready(), ask(1), { kind: 'drain', retryAfter: 5 }, ask(2), reply(1))
  assert.equal(busy, [['perform'], ['draining'], ['refused draining'], ['done', 'close 1012']])
  assert.equal(play(ready(), { kind: 'drain', retryAfter: 5 })[1], [['draining', 'close 1012']])
  assert.equal(play(fresh(), { kind: 'drain', retryAfter: 5 })[1], [['close 1012']])
})

test('a closed session does nothing more', () => {
  const [session] = play(fresh(), { kind: 'drain', retryAfter: 5 })
  assert.equal(play(session, ask(1), reply(1), { kind: 'tick', now: 1e9 })[1], [[], [], []])
})

test('a token bucket refills with time, never past its burst, and time going back gives nothing', () => {
  const rate = { perSecond: 10, burst: 20 }
  const spent = take(fullBucket(rate, 0), rate, 0, 20)
  assert.is(spent.verdict, 'granted')
  const early = take(spent.bucket, rate, 100, 2)
  assert.is(early.verdict, 'refused')
  if (early.verdict === 'refused') {
    assert.is(take(early.bucket, rate, 100 + early.wait, 2).verdict, 'granted')
  }
  assert.is(take(spent.bucket, rate, 1e9, 20).bucket.tokens, 0)
  assert.is(take(spent.bucket, rate, -1e9, 1).verdict, 'refused')
  assert.is(
    take(fullBucket(rate, 0), rate, 0, 500).verdict,
    'granted',
    'a full bucket pays for anything',
  )
})

test.run()
