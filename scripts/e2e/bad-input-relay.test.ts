// What anybody on the network may send to a relay: a code, or a closed connection, and the relay lives on.
import { get } from 'node:http'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { WebSocket } from 'ws'
import { concat, fromHex, utf8 } from '../../shared/bytes.js'
import { idOf, type RelayKey, type VaultId } from '../../shared/ids.js'
import { LIMITS } from '../../shared/limits.js'
import { encodeFrame } from '../../shared/protocol/relay-frame.js'
import { clientMessageCodec, CLOSE_CODES, LOG_START } from '../../shared/protocol/relay.js'
import { RawClient, TestClient } from '../../sync-server/testing/client.js'
import { deviceOf, TestVault } from '../../sync-server/testing/people.js'
import { type Relay } from './harness/relay.js'
import { inWorld } from './harness/world.js'
import { exchangeBytes } from './support/local.js'
import { pair } from './support/pair.js'
import { Seeded, seedsOf } from './support/seeded.js'

const mallory = deviceOf('mallory')
const port = (relay: Relay): number => Number(new URL(relay.url).port)

function statusOf(relay: Relay, path: string): Promise<number> {
  return new Promise((resolve, reject) => {
    get(`${relay.url.replace(/^ws/, 'http')}${path}`, (response) => {
      response.resume()
      resolve(response.statusCode ?? 0)
    }).on('error', reject)
  })
}

/** Two devices with a secret; afterwards it is the same relay, and they have and exchange what they had. */
async function attacked(body: (relay: Relay) => Promise<void>): Promise<void> {
  await inWorld(async (world) => {
    const relay = await world.relay()
    const [a, b] = [world.home('a'), world.home('b')]
    await a.init()
    await a.ok(['set', '/user/x', 'before'])
    await pair(relay, a, b)
    const { pid } = relay.process
    await body(relay)
    assert.is(relay.process.pid, pid)
    assert.is(await statusOf(relay, '/livez'), 200)
    assert.is(await statusOf(relay, '/readyz'), 200)
    await a.ok(['set', '/user/y', 'after'])
    await a.ok(['sync'])
    await b.ok(['sync'])
    assert.is(await b.ok(['get', '/user/x']), 'before\n')
    assert.is(await b.ok(['get', '/user/y']), 'after\n')
    await relay.stop()
  })
}

const keyOf = (relay: Relay): RelayKey => idOf<RelayKey>(fromHex(relay.key) ?? new Uint8Array())

/** The HTTP status with which an upgrade is refused. */
function upgradeStatus(url: string, protocols: string[], headers = {}): Promise<number> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(url, protocols, { headers })
    socket.on('unexpected-response', (_, response) => {
      resolve(response.statusCode ?? 0)
      socket.terminate()
    })
    socket.on('open', () => reject(new Error('it was let in')))
    socket.on('error', () => undefined)
  })
}

test('what is no WebSocket', async () => {
  await attacked(async (relay) => {
    const garbage = [
      'garbage\r\n\r\n',
      `GET / HTTP/1.1\r\nX: ${'x'.repeat(100_000)}\r\n\r\n`,
      'GET / HTTP/9.9\r\n\r\n',
      Uint8Array.of(22, 3, 1, 2, 0, 1, 0, 1, 252, 3, 3, 13, 10, 13, 10),
      'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello',
      'GET /../../etc/passwd HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n',
    ]
    for (const bytes of garbage) {
      const answer = (await exchangeBytes({ port: port(relay) }, bytes)).toString('latin1')
      assert.match(answer, /^(HTTP\/1\.1 4\d\d |$)/, String(bytes).slice(0, 30))
    }
    for (const path of ['/', '/nothing', '/%00', '/metrics/x']) {
      assert.ok((await statusOf(relay, path)) >= 400, path)
    }
    assert.is(await upgradeStatus(relay.url, []), 400)
    assert.is(await upgradeStatus(relay.url, ['other']), 400)
    const subprotocol = ['coffer.relay.v1']
    assert.is(await upgradeStatus(`${relay.url}/else`, subprotocol), 404)
    assert.is(await upgradeStatus(relay.url, subprotocol, { Origin: 'https://evil.example' }), 403)
  })
})

test('frames that are no messages, before and after the handshake', async () => {
  const hello = encodeFrame(clientMessageCodec, {
    kind: 'hello',
    id: 0,
    body: { version: 1, keys: mallory.keys, nonce: new Uint8Array(32), origin: 'ws://x:1' },
  })
  const bytes = (hex: string): Uint8Array => fromHex(hex) ?? new Uint8Array()
  const { malformed, unauthenticated } = CLOSE_CODES
  const cases: [string, Uint8Array | string, number[]][] = [
    ['text', '{"jsonrpc":"2.0"}', [malformed]],
    ['empty', new Uint8Array(0), [malformed]],
    ['oversize', new Uint8Array(LIMITS.frame + 1), [1009]],
    ['of the greatest size', new Uint8Array(LIMITS.frame), [malformed]],
    ['a number', bytes('00'), [malformed]],
    ['a list of two', bytes('820000'), [malformed]],
    ['an unknown kind', bytes('8318630000'), [malformed]],
    ['a number that is not canonical', concat(bytes('831800'), hello.subarray(2)), [malformed]],
    ['an indefinite list', concat(bytes('9f'), hello.subarray(1), bytes('ff')), [malformed]],
    ['a byte too many', concat(hello, bytes('00')), [malformed]],
    ['a byte too few', hello.subarray(0, -1), [malformed]],
    ['a deep one', new Uint8Array(10_000).fill(0x81), [malformed]],
    ['a relay message', bytes('83182600a0'), [malformed]],
    ['a tagged one', concat(bytes('c0'), hello), [malformed]],
    ['a request before hello', bytes('830401a1005820'), [malformed, unauthenticated]],
  ]
  await attacked(async (relay) => {
    for (const [what, frame, codes] of cases) {
      const stranger = await RawClient.dial(relay.url)
      stranger.sendBytes(frame)
      const { code } = await stranger.untilClosed()
      assert.ok([...codes, unauthenticated].includes(code), `${what}: ${code}`)
      const member = await TestClient.connect(relay.url, keyOf(relay), mallory)
      member.sendBytes(frame)
      const end = await member.untilClosed()
      assert.ok([...codes, malformed].includes(end.code), `${what}, authenticated: ${end.code}`)
    }
  })
})

test('messages in no order, for vaults of others', async () => {
  await attacked(async (relay) => {
    const key = keyOf(relay)
    // Handshakes that aren't finished as they should.
    const early = await RawClient.dial(relay.url)
    early.send({ kind: 'auth', id: 0, body: { signature: new Uint8Array(64) } })
    assert.is((await early.untilClosed()).code, CLOSE_CODES.unauthenticated)
    const forged = await RawClient.dial(relay.url)
    const hello = { version: 1, keys: mallory.keys, nonce: new Uint8Array(32) }
    forged.send({ kind: 'hello', id: 0, body: { ...hello, origin: forged.origin } })
    await forged.take('challenge')
    forged.send({ kind: 'auth', id: 0, body: { signature: new Uint8Array(64) } })
    assert.is((await forged.untilClosed()).code, CLOSE_CODES.unauthenticated)
    const future = await RawClient.dial(relay.url)
    future.send({ kind: 'hello', id: 0, body: { ...hello, version: 2, origin: future.origin } })
    assert.is((await future.untilClosed()).code, CLOSE_CODES.unauthenticated)

    const client = await TestClient.connect(relay.url, key, mallory)
    const vaultId = idOf<VaultId>(new Uint8Array(32).fill(7))
    const own = new TestVault(mallory, 'own', key)
    const entries = [own.changeset(mallory, 'x')]
    const asked = [
      await client.refused('open', { vaultId, after: LOG_START }),
      await client.refused('append', { vaultId, base: LOG_START, entries }),
      await client.refused('heads', { vaultId }),
      await client.refused('chain', { vaultId, from: 0 }),
      await client.refused('joinRequests', { vaultId }),
      await client.refused('putHead', { vaultId, head: utf8('junk') }),
      await client.refused('join', { vaultId, request: utf8('junk') }),
      await client.refused('create', { links: [utf8('junk')] }),
      await client.refused('append', { vaultId: own.vaultId, base: LOG_START, entries }),
    ]
    for (const answer of asked) assert.match(answer, /^[a-z-]+\/[a-z0-9-]+$/)
    // It is served all the same when it asks for what it may.
    await client.get('create', { links: [own.genesis] }, 'created')
    await client.get('append', { vaultId: own.vaultId, base: LOG_START, entries }, 'appended')
    client.send({ kind: 'auth', id: 0, body: { signature: new Uint8Array(64) } })
    await client.untilClosed()
  })
})

test('garbage of any kind', async () => {
  const [seed = 0] = seedsOf(1)
  console.log(`again with TEST_SEED=${seed}`)
  const random = new Seeded(seed)
  await attacked(async (relay) => {
    for (let n = 0; n < 60; n++) {
      const frame = concat(random.bytes(random.below(4)), random.bytes(random.below(300)))
      const member = n % 2 === 0
      const client = member
        ? await TestClient.connect(relay.url, keyOf(relay), mallory)
        : await RawClient.dial(relay.url)
      client.sendBytes(frame)
      await client.until('an answer', () => client.inbox[0] ?? client.closed)
      client.socket.terminate()
    }
  })
})

test.run()
