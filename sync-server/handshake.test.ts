import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { WebSocket } from 'ws'
import { idOf } from '../shared/ids.js'
import { originOf, signAuth } from '../shared/protocol/relay-handshake.js'
import {
  CLOSE_CODES,
  LOG_START,
  RELAY_PROTOCOL,
  RELAY_SUBPROTOCOL,
} from '../shared/protocol/relay.js'
import { RawClient, TestClient } from './testing/client.js'
import { deviceOf } from './testing/people.js'
import { TestRelay, withRelay } from './testing/relay.js'

const ann = deviceOf('ann')
const eve = deviceOf('eve')
const NONCE = new Uint8Array(32).fill(7)

async function refusedWith(client: RawClient, reason: string): Promise<void> {
  const { body } = await client.take('refused')
  assert.is(body.reason, reason)
  assert.is((await client.untilClosed()).code, CLOSE_CODES.unauthenticated)
}

function helloFrom(
  client: RawClient,
  origin = client.origin,
  version: number = RELAY_PROTOCOL,
): void {
  const body = { version, keys: ann.keys, nonce: NONCE, origin }
  client.send({ kind: 'hello', id: 0, body })
}

test(
  'both sides prove their keys',
  withRelay(async (relay) => {
    const client = await relay.connect(ann)
    assert.equal(await client.refused('heads', { vaultId: idOf(NONCE) }), 'not-found/no-vault')
    await TestClient.connect(relay.url, idOf(NONCE), ann).then(
      () => assert.unreachable('a relay with another key passed'),
      (error: Error) => assert.is(error.message, 'wrong relay'),
    )
  }),
)

test(
  'a signature by another key is refused',
  withRelay(async (relay) => {
    const client = await RawClient.dial(relay.url)
    helloFrom(client)
    const { relayKey, nonce } = (await client.take('challenge')).body
    const transcript = {
      relayKey,
      origin: client.origin,
      clientNonce: NONCE,
      relayNonce: nonce,
      deviceId: ann.id,
    }
    client.send({
      kind: 'auth',
      id: 0,
      body: { signature: signAuth(transcript, eve.pair.privateKey) },
    })
    await refusedWith(client, 'unauthenticated')
  }),
)

test(
  'a replayed handshake is refused: the relay’s nonce is new each time',
  withRelay(async (relay) => {
    const first = await RawClient.dial(relay.url)
    helloFrom(first)
    const { relayKey, nonce } = (await first.take('challenge')).body
    const origin = first.origin
    const transcript = {
      relayKey,
      origin,
      clientNonce: NONCE,
      relayNonce: nonce,
      deviceId: ann.id,
    }
    const signature = signAuth(transcript, ann.pair.privateKey)
    first.send({ kind: 'auth', id: 0, body: { signature } })
    await first.take('welcome')
    const second = await RawClient.dial(relay.url)
    helloFrom(second)
    assert.not.equal((await second.take('challenge')).body.nonce, nonce)
    second.send({ kind: 'auth', id: 0, body: { signature } })
    await refusedWith(second, 'unauthenticated')
    await first.close()
  }),
)

test('authentication relayed to another relay is refused there', async () => {
  const [honest, evil] = [await TestRelay.start(), await TestRelay.start()]
  try {
    // The device means to speak to `evil`, which passes everything on to `honest`.
    const victim = await RawClient.dial(honest.url)
    helloFrom(victim, originOf(new URL(evil.url)))
    await refusedWith(victim, 'origin')
    // With the right origin claimed, the signature still names the relay that the device meant.
    const relayed = await RawClient.dial(honest.url)
    helloFrom(relayed)
    const { nonce } = (await relayed.take('challenge')).body
    const transcript = {
      relayKey: evil.key,
      origin: relayed.origin,
      clientNonce: NONCE,
      relayNonce: nonce,
      deviceId: ann.id,
    }
    const signature = signAuth(transcript, ann.pair.privateKey)
    relayed.send({ kind: 'auth', id: 0, body: { signature } })
    await refusedWith(relayed, 'unauthenticated')
  } finally {
    await Promise.all([honest.dispose(), evil.dispose()])
  }
})

test(
  'nothing is accepted before welcome, nor a second handshake after it',
  withRelay(async (relay) => {
    const early = await RawClient.dial(relay.url)
    early.send({ kind: 'open', id: 1, body: { vaultId: idOf(NONCE), after: LOG_START } })
    await refusedWith(early, 'unauthenticated')
    const skipping = await RawClient.dial(relay.url)
    skipping.send({ kind: 'auth', id: 0, body: { signature: new Uint8Array(64) } })
    await refusedWith(skipping, 'unauthenticated')
    const late = await relay.connect(ann)
    helloFrom(late)
    assert.is((await late.take('refused')).body.reason, 'out-of-turn')
    assert.is((await late.untilClosed()).code, CLOSE_CODES.malformed)
  }),
)

test(
  'another version is refused',
  withRelay(async (relay) => {
    const client = await RawClient.dial(relay.url)
    helloFrom(client, client.origin, 2)
    await refusedWith(client, 'version')
  }),
)

test(
  'configured origins count, not the Host header',
  withRelay(
    async (relay) => {
      const other = await RawClient.dial(relay.url)
      helloFrom(other)
      await refusedWith(other, 'origin')
      const right = await RawClient.dial(relay.url)
      helloFrom(right, 'wss://relay.example:443')
      await right.take('challenge')
      await right.close()
    },
    '--origin',
    'wss://Relay.example',
  ),
)

test(
  'pages in browsers and other subprotocols are refused before the handshake',
  withRelay(async (relay) => {
    const status = (
      protocols: string[],
      headers: Record<string, string>,
      path = '',
    ): Promise<number> =>
      new Promise((resolve) => {
        const socket = new WebSocket(`${relay.url}${path}`, protocols, { headers })
        socket.on('unexpected-response', (request, response) => {
          request.destroy()
          resolve(response.statusCode ?? 0)
        })
        socket.on('error', () => undefined)
        socket.on('open', () => resolve(101))
      })
    assert.is(await status([RELAY_SUBPROTOCOL], { origin: 'https://evil.example' }), 403)
    assert.is(await status([], {}), 400)
    assert.is(await status([RELAY_SUBPROTOCOL], {}, '/other'), 404)
    assert.is(await status([RELAY_SUBPROTOCOL], { host: 'a b' }), 400)
  }),
)

test.run()
