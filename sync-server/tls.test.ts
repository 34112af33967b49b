import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { WebSocket } from 'ws'
import { RELAY_SUBPROTOCOL } from '../shared/protocol/relay.js'
import { RawClient } from './testing/client.js'
import { makeCertificate } from './testing/certificate.js'
import { deviceOf } from './testing/people.js'
import { TestRelay } from './testing/relay.js'

test('the relay speaks wss itself; what the client dialled is then wss', async () => {
  const plain = await TestRelay.start()
  try {
    const { cert, key } = makeCertificate()
    const files = [join(plain.folder, 'cert.pem'), join(plain.folder, 'key.pem')] as const
    await writeFile(files[0], cert)
    await writeFile(files[1], key)
    await plain.stop()
    await plain.again('--tls-cert', files[0], '--tls-key', files[1])
    const url = plain.url.replace('ws:', 'wss:')
    const client = await RawClient.adopt(url, new WebSocket(url, RELAY_SUBPROTOCOL, { ca: cert }))
    const body = {
      version: 1,
      keys: deviceOf('ann').keys,
      nonce: new Uint8Array(32),
      origin: client.origin,
    }
    client.send({ kind: 'hello', id: 0, body })
    assert.is((await client.take('challenge')).body.relayKey, plain.key)
    await client.close()
    const distrusting = new WebSocket(url, RELAY_SUBPROTOCOL)
    const failure = await new Promise<Error>((resolve) => distrusting.on('error', resolve))
    assert.match(failure.message, 'self-signed certificate')
  } finally {
    await plain.dispose()
  }
})

test.run()
