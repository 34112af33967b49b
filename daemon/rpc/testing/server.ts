import { createConnection } from 'node:net'
import { join } from 'node:path'
import { utf8, type Bytes } from '../../../shared/bytes.js'
import { CofferError } from '../../../shared/errors.js'
import type { PlainAnswer } from '../../../shared/protocol/plain.js'
import { inFolder } from '../../home/testing/home.js'
import { jsonLog } from '../../lifecycle/log.js'
import type { Call } from '../call.js'
import { Hub } from '../hub.js'
import { LocalServer, type ServerParts } from '../server.js'
import { TestClient } from './client.js'

export type ServerWorld = {
  readonly path: string
  readonly server: LocalServer
  readonly hub: Hub
  readonly log: string[]
  readonly client: () => Promise<TestClient>
  /** Lets go of all requests of method `wait`. */
  readonly release: () => void
}

/** Runs `use` with a server whose methods and plain blocks do what each test needs. */
export async function inServer(
  limits: NonNullable<ServerParts['limits']>,
  use: (world: ServerWorld) => Promise<void>,
): Promise<void> {
  await inFolder(async (folder) => {
    const hub = new Hub()
    const log: string[] = []
    let release = (): void => undefined
    const released = new Promise<void>((resolve) => {
      release = resolve
    })
    const server = new LocalServer({
      answer: ({ method, params }, call) => answer(method, params, call, hub, released),
      plain: ({ argv }) => plain(argv),
      log: jsonLog((line) => log.push(line), Date.now),
      limits,
    })
    const path = join(folder, 's')
    await server.listen(path)
    const clients: TestClient[] = []
    const client = async (): Promise<TestClient> => {
      const one = await TestClient.connect(path)
      clients.push(one)
      return one
    }
    try {
      await use({ path, server, hub, log, client, release })
    } finally {
      release()
      for (const one of clients) one.socket.destroy()
      await server.close(1000)
    }
  })
}

async function answer(
  method: string,
  params: unknown,
  call: Call,
  hub: Hub,
  released: Promise<void>,
): Promise<object> {
  switch (method) {
    case 'echo':
      return { params }
    case 'wait':
      await released
      return { waited: true }
    case 'refuse':
      throw new CofferError('not-found', 'no such thing', { reason: 'name', next: 'look again' })
    case 'break':
      throw new TypeError('s3cret in a bug')
    case 'big':
      return { text: 'x'.repeat(2_000_000) }
    case 'progress':
      call.progress('receiving', 1, 2)
      return {}
    case 'subscribe':
      hub.subscribe(call.connection, ['changed', 'state'])
      return {}
    default:
      throw new CofferError('usage', 'no such method')
  }
}

export function plain(argv: readonly string[]): Promise<PlainAnswer> {
  if (argv[0] === 'refuse') throw new CofferError('locked', 'locked', { next: 'run coffer unlock' })
  const environment = { PASSWORD: 'pä$$\n', EMPTY: '' }
  const exec = { policy: 'override' as const, argv: argv.slice(2), environment }
  return Promise.resolve({
    status: 7,
    stdout: utf8(argv.join('|')),
    stderr: Uint8Array.of(0xff),
    ...(argv[0] === 'run' ? { exec } : {}),
  })
}

/** Sends bytes, ends, and resolves with everything that came back. */
export function raw(path: string, bytes: Bytes): Promise<Bytes> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    const socket = createConnection(path, () => socket.end(bytes))
    socket.on('data', (chunk: Buffer) => chunks.push(chunk))
    socket.on('close', () => {
      resolve(new Uint8Array(Buffer.concat(chunks)))
    })
    socket.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE' && error.code !== 'ECONNRESET') reject(error)
    })
  })
}
