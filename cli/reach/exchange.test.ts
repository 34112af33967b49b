import { Buffer } from 'node:buffer'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { CofferError } from '../../shared/errors.js'
import { encodePlainAnswer } from '../../shared/protocol/plain.js'
import { exchange, exchangeOverNet } from './exchange.js'
import { requestBytes } from '../hot.js'
import { exchangeRaw } from './pipe.js'

const nothing = new Uint8Array(0)
const answer = Buffer.from(
  encodePlainAnswer({ status: 3, stdout: Buffer.alloc(200_000, 'v'), stderr: nothing }),
)

/** Runs `body` with a socket whose server does `serve` once a whole request has come. */
async function served(
  serve: (socket: Socket, request: Buffer) => void,
  body: (path: string) => Promise<void>,
): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'coffer-exchange-'))
  const path = join(folder, 's')
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    let request = Buffer.alloc(0)
    socket.on('error', () => undefined)
    socket.on('data', (chunk: Buffer) => {
      request = Buffer.concat([request, chunk])
      if (request.length === 11 + request.readUInt32BE(7)) serve(socket, request)
    })
  })
  await new Promise<void>((resolve) => {
    server.listen(path, resolve)
  })
  try {
    await body(path)
  } finally {
    for (const socket of sockets) socket.destroy()
    await new Promise((resolve) => {
      server.close(resolve)
    })
    rmSync(folder, { recursive: true })
  }
}

test('both ways give the same answer, however large request and answer are', async () => {
  const long = requestBytes(['get', 'n'.repeat(900_000)], {})
  const requests: Buffer[] = []
  const serve = (socket: Socket, request: Buffer): void => {
    requests.push(request)
    socket.write(answer.subarray(0, 70_001))
    socket.end(answer.subarray(70_001))
  }
  await served(serve, async (path) => {
    for (const way of [exchangeRaw, exchangeOverNet, exchange]) {
      const got = await way(path, long)
      assert.is(got?.status, 3)
      assert.is(got?.bytes.equals(answer), true)
      got?.close()
    }
  })
  assert.is(requests.length, 3)
  assert.ok(requests.every((one) => one.equals(long)))
})

test('nobody there is no error, whichever way', async () => {
  const path = join(tmpdir(), 'coffer-nobody', 's')
  const request = requestBytes(['ls'], {})
  for (const way of [exchangeRaw, exchangeOverNet, exchange]) {
    assert.is(await way(path, request), undefined)
  }
})

test('a daemon that hangs up is asked once more, then is an error', async () => {
  let asked = 0
  const hangUp = (socket: Socket): void => {
    asked++
    socket.end(answer.subarray(0, 100))
  }
  await served(hangUp, async (path) => {
    try {
      await exchange(path, requestBytes(['ls'], {}))
      assert.unreachable()
    } catch (error) {
      assert.is(error instanceof CofferError && error.code, 'internal')
    }
  })
  assert.is(asked, 2)
})

test('warns nobody of what it uses', async () => {
  const warnings: Error[] = []
  const hear = (warning: Error): unknown => warnings.push(warning)
  process.on('warning', hear)
  const before = process.noDeprecation
  await served(
    (socket) => socket.end(answer),
    async (path) => {
      ;(await exchangeRaw(path, requestBytes(['ls'], {})))?.close()
    },
  )
  await new Promise(setImmediate)
  process.off('warning', hear)
  assert.equal(warnings, [])
  assert.is(process.noDeprecation ?? false, before ?? false)
})

test.run()
