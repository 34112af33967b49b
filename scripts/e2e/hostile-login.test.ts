// Somebody on the way to a relay, or another relay, that would pass for it or for a device.
import { createServer } from 'node:http'
import { readFileSync } from 'node:fs'
import * as path from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { WebSocketServer } from 'ws'
import { idOf } from '../../shared/ids.js'
import { deviceIdOf } from '../../shared/log/device.js'
import { decodeFrame, encodeFrame } from '../../shared/protocol/relay-frame.js'
import {
  clientMessageCodec,
  relayMessageCodec,
  type ClientMessage,
} from '../../shared/protocol/relay.js'
import { originOf, signChallenge } from '../../shared/protocol/relay-handshake.js'
import { RawClient } from '../../sync-server/testing/client.js'
import { deviceOf } from '../../sync-server/testing/people.js'
import { until } from './harness/until.js'
import { Stage } from './support/hostile/stage.js'

const stage = await Stage.start()
const { a, relay, world } = stage
test.after(() => stage.close())

test('attacks 13, 26: a login is worth nothing anywhere else, nor a second time', async () => {
  const wire = await until('a login', () => relay.of(a.device).at(-1))
  const [hello, auth] = wire.sent.map((data) =>
    decodeFrame(clientMessageCodec, new Uint8Array(data)),
  )
  assert.ok(hello?.kind === 'hello' && auth?.kind === 'auth')
  const stranger = await RawClient.dial(relay.url)
  if (hello?.kind === 'hello') stranger.send(hello)
  await stranger.take('challenge')
  if (auth?.kind === 'auth') stranger.send(auth)
  assert.is((await stranger.take('refused')).body.reason, 'unauthenticated')
  await stranger.untilClosed()

  // Another relay, which the person trusts with other vaults, passes a login on.
  const rogue = deviceOf('rogue relay')
  const passed = await passing(rogue.pair, relay.real.url)
  try {
    const home = world.home('victim')
    await home.init()
    const key = Buffer.from(rogue.pair.publicKey).toString('hex')
    const set = await home.run(['relay', 'set', passed.url, '--relay-key', key])
    assert.is(set.code, 30, set.err)
    assert.match(passed.refusals.join(), /unauthenticated|origin/)
    const other = await home.run(['relay', 'set', relay.url, '--relay-key', key])
    assert.is(other.code, 27, other.err)
    assert.match(other.err, /pinned key/)
  } finally {
    passed.close()
  }
})

/** A relay with a key of its own that signs its challenge itself and hands the answer to the real one. */
async function passing(pair: { publicKey: Uint8Array; privateKey: Uint8Array }, real: string) {
  const http = createServer()
  const sockets = new WebSocketServer({ server: http })
  await new Promise<void>((resolve) => {
    http.listen(0, '127.0.0.1', resolve)
  })
  const address = http.address()
  const port = typeof address === 'object' ? (address?.port ?? 0) : 0
  const refusals: string[] = []
  sockets.on('connection', (near) => {
    // What comes before the real relay is reached waits.
    near.pause()
    void RawClient.dial(real).then((far) => {
      far.socket.on('message', (data: Buffer) => {
        const message = decodeFrame(relayMessageCodec, new Uint8Array(data))
        if (message.kind === 'refused') refusals.push(message.body.reason)
        if (message.kind !== 'challenge') near.send(data)
      })
      near.on('message', (data: Buffer) => {
        const message: ClientMessage = decodeFrame(clientMessageCodec, new Uint8Array(data))
        if (far.socket.readyState === 1) far.sendBytes(new Uint8Array(data))
        if (message.kind !== 'hello') return
        const nonce = new Uint8Array(32).fill(9)
        const relayKey = idOf<never>(pair.publicKey)
        const transcript = {
          relayKey,
          origin: originOf(new URL(`ws://127.0.0.1:${port}`)),
          clientNonce: message.body.nonce,
          relayNonce: nonce,
          deviceId: deviceIdOf(message.body.keys),
        }
        const signature = signChallenge(transcript, pair.privateKey)
        const body = { relayKey, nonce, signature }
        near.send(encodeFrame(relayMessageCodec, { kind: 'challenge', id: 0, body }))
      })
      near.resume()
    })
  })
  const close = (): void => {
    for (const one of sockets.clients) one.terminate()
    sockets.close()
    http.close()
  }
  return { url: `ws://127.0.0.1:${port}`, refusals, close }
}

test('attack 16: no relay is reached without TLS, or where another sends to', async () => {
  const { home } = a
  for (const url of [
    'ws://relay.example',
    'http://127.0.0.1',
    'ws://127.0.0.1@evil.example',
    'ws://127.1.evil.example',
  ]) {
    const { code, err } = await home.run(['relay', 'set', url, '--relay-key', relay.key])
    assert.is(code, 2, `${url}: ${err}`)
  }
  let asked = 0
  const http = createServer((_, response) => response.end())
  http.on('upgrade', (_, socket) => {
    asked++
    socket.end(`HTTP/1.1 302 Found\r\nLocation: ${relay.url}\r\n\r\n`)
  })
  await new Promise<void>((resolve) => {
    http.listen(0, '127.0.0.1', resolve)
  })
  const address = http.address()
  const port = typeof address === 'object' ? (address?.port ?? 0) : 0
  const redirected = await home.run([
    'relay',
    'set',
    `ws://127.0.0.1:${port}`,
    '--relay-key',
    relay.key,
  ])
  assert.is(redirected.code, 26, redirected.err)
  assert.is(asked, 1)
  http.close()
  assert.match(readFileSync(path.join(home.folder, 'daemon.log'), 'utf8'), /"event":"started"/)
})

test.run()
