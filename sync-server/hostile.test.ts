import fc from 'fast-check'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { concat, type Bytes } from '../shared/bytes.js'
import { idOf } from '../shared/ids.js'
import { LIMITS } from '../shared/limits.js'
import { encodeFrame } from '../shared/protocol/relay-frame.js'
import {
  clientMessageCodec,
  CLOSE_CODES,
  LOG_START,
  type ClientMessage,
} from '../shared/protocol/relay.js'
import { newSession, step, type Session, type SessionConfig } from './core/session.js'
import { RawClient } from './testing/client.js'
import { deviceOf, TestVault } from './testing/people.js'
import { withRelay } from './testing/relay.js'

const ann = deviceOf('ann')
const RELAY = deviceOf('relay')
const config: SessionConfig = {
  relay: { key: idOf(RELAY.pair.publicKey), privateKey: RELAY.pair.privateKey },
  registration: 'open',
  vaults: 10,
  inFlight: 4,
  rate: { perSecond: 1e6, burst: 1e6 },
}
const vault = new TestVault(ann, 'v', config.relay.key)
const { vaultId } = vault
const request = vault.invite(ann, 'code', 'reader')
const entry = vault.changeset(ann, 'x')

/** One real message of each kind. */
const REAL: readonly ClientMessage[] = [
  {
    kind: 'hello',
    id: 0,
    body: { version: 1, keys: ann.keys, nonce: new Uint8Array(32), origin: 'ws://r:1' },
  },
  { kind: 'auth', id: 0, body: { signature: new Uint8Array(64) } },
  { kind: 'create', id: 1, body: { links: vault.links, token: 'token' } },
  { kind: 'open', id: 2, body: { vaultId, after: { pos: 1, entryId: idOf(new Uint8Array(32)) } } },
  { kind: 'close', id: 3, body: { vaultId } },
  { kind: 'append', id: 4, body: { vaultId, base: LOG_START, entries: [entry, request] } },
  { kind: 'putHead', id: 5, body: { vaultId, head: vault.signedHead(ann, 1) } },
  { kind: 'heads', id: 6, body: { vaultId } },
  { kind: 'chain', id: 7, body: { vaultId, from: 0 } },
  { kind: 'join', id: 8, body: { vaultId, request: vault.joinRequest(ann, 'code') } },
  { kind: 'joinRequests', id: 9, body: { vaultId } },
]
const FRAMES = REAL.map((message) => encodeFrame(clientMessageCodec, message))

/** A real frame with bytes flipped, cut off, put in, repeated, or random ones at the end. */
const mutated: fc.Arbitrary<Bytes> = fc
  .record({
    frame: fc.constantFrom(...FRAMES),
    how: fc.constantFrom('flip', 'cut', 'insert', 'append', 'splice'),
    at: fc.double({ min: 0, max: 1, noNaN: true }),
    more: fc.uint8Array({ minLength: 1, maxLength: 12 }),
    other: fc.constantFrom(...FRAMES),
  })
  .map(({ frame, how, at, more, other }) => {
    const i = Math.min(frame.length - 1, Math.floor(at * frame.length))
    switch (how) {
      case 'flip': {
        const copy = Uint8Array.from(frame)
        copy[i] = (copy[i] ?? 0) ^ (more[0] || 1)
        return copy
      }
      case 'cut':
        return frame.subarray(0, i)
      case 'insert':
        return concat(frame.subarray(0, i), more, frame.subarray(i))
      case 'append':
        return concat(frame, more)
      default:
        return concat(frame.subarray(0, i), other.subarray(Math.floor(at * other.length)))
    }
  })

function ready(): Session {
  return {
    phase: 'ready',
    device: ann.id,
    bucket: { tokens: 1e6, at: 0 },
    inFlight: new Set(),
    draining: false,
  }
}

test('every mutation of a real frame is performed, refused or closes the connection', () => {
  const states = [newSession(['ws://r:1'], new Uint8Array(32), 1e9), ready()]
  fc.assert(
    fc.property(mutated, fc.constantFrom(...states), (bytes, session) => {
      const { effects } = step(config, session, { kind: 'frame', bytes, now: 1 })
      assert.ok(effects.length > 0)
      for (const effect of effects) {
        if (effect.kind !== 'send') continue
        assert.ok(['refused', 'challenge'].includes(effect.message.kind))
      }
      if (session.phase !== 'ready') assert.not.ok(effects.some(({ kind }) => kind === 'perform'))
    }),
    { seed: 20_261_122, numRuns: 3000 },
  )
})

test(
  'a relay under mutated frames lives on and loses nothing',
  withRelay(
    async (relay) => {
      const client = await relay.connect(ann)
      const own = new TestVault(ann, 'own', relay.key)
      await client.get('create', { links: [own.genesis] }, 'created')
      const kept = own.changeset(ann, 'kept')
      const base = LOG_START
      await client.get('append', { vaultId: own.vaultId, base, entries: [kept] }, 'appended')
      for (const bytes of fc.sample(mutated, { seed: 7, numRuns: 150 })) {
        const hostile = await relay.connect(ann)
        hostile.sendBytes(bytes)
        // Either it was a request and is answered, or the connection ends.
        await hostile.until('an answer', () => hostile.inbox[0] ?? hostile.closed)
        hostile.socket.terminate()
      }
      for (const bytes of fc.sample(fc.uint8Array({ maxLength: 2000 }), { seed: 8, numRuns: 50 })) {
        const stranger = await RawClient.dial(relay.url)
        stranger.sendBytes(bytes)
        await stranger.untilClosed()
      }
      const opened = await client.get('open', { vaultId: own.vaultId, after: base }, 'opened')
      assert.is(opened.head.pos, 2)
    },
    '--rate',
    '100000',
  ),
)

test(
  'text, oversize and out-of-place frames close with a code',
  withRelay(async (relay) => {
    const closing = async (bytes: Bytes | string): Promise<number> => {
      const client = await RawClient.dial(relay.url)
      client.sendBytes(bytes)
      return (await client.untilClosed()).code
    }
    assert.is(await closing('{"jsonrpc":"2.0"}'), CLOSE_CODES.malformed)
    assert.is(await closing(new Uint8Array(0)), CLOSE_CODES.malformed)
    assert.is(await closing(new Uint8Array(LIMITS.frame + 1)), 1009)
    assert.is(await closing(new Uint8Array(LIMITS.frame).fill(0x81)), CLOSE_CODES.malformed)
    // An array and a byte string that claim to be far longer than the frame.
    assert.is(await closing(Uint8Array.of(0x9b, 0, 0, 0xff, 255, 255, 255, 255, 255)), 4400)
    assert.is(await closing(Uint8Array.of(0x5b, 0, 0, 0, 1, 0, 0, 0, 0)), 4400)
    const client = await relay.connect(ann)
    const heads = { kind: 'heads', id: 5, body: { vaultId } } as const
    const frame = encodeFrame(clientMessageCodec, heads)
    // The same request id in a longer form than needed: not canonical.
    const long = concat(frame.subarray(0, 2), Uint8Array.of(0x18, 5), frame.subarray(3))
    client.sendBytes(long)
    assert.is((await client.take('refused')).body.reason, 'malformed')
    assert.is((await client.untilClosed()).code, CLOSE_CODES.malformed)
  }),
)

test.run()
