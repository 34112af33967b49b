// The local socket as programs of any kind use it: the daemon's own protocol, or bytes of one's choice.
import { readFileSync } from 'node:fs'
import { createConnection, type Socket } from 'node:net'
import * as path from 'node:path'
import { Client } from '../../../cli/reach/client.js'
import { openDaemon } from '../../../cli/reach/daemon-start.js'
import { type Context } from '../../../shared/protocol/local-common.js'
import { parsePointer } from '../../../shared/protocol/socket-path.js'
import { type Home } from '../harness/home.js'
import { type World } from '../harness/world.js'

/** A connection to the home's daemon, which is started when there is none. */
export async function clientOf(world: World, home: Home): Promise<Client> {
  const env = { ...world.env, COFFER_HOME: home.folder }
  const program = path.join(world.folder, 'bin', 'cofferd')
  return new Client((await openDaemon({ env, program })).socket)
}

/** What a call needs to choose a vault: nothing for `/user/…`, else org and project. */
export function contextOf(org?: string, project?: string): Context {
  return {
    cwd: '/',
    env: {},
    ...(org === undefined ? {} : { org }),
    ...(project === undefined ? {} : { project }),
  }
}

export const base64 = (value: string | Uint8Array): string => Buffer.from(value).toString('base64')
export const textOf = (value: string): string => Buffer.from(value, 'base64').toString()

/** Where the home's daemon listens, by the file in the home that says so. */
export function socketPathOf(home: Home): string {
  const pointer = parsePointer(readFileSync(path.join(home.folder, 'socket'), 'utf8'))
  if (pointer === undefined) throw new Error(`${home.name} names no socket`)
  return pointer.socket
}

/** A connected socket, errors of which are left to whoever waits for its end. */
export function dial(at: string | { port: number }): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket =
      typeof at === 'string' ? createConnection(at) : createConnection(at.port, '127.0.0.1')
    socket.once('error', reject)
    socket.once('connect', () => {
      socket.off('error', reject)
      socket.on('error', () => undefined)
      resolve(socket)
    })
  })
}

/** Everything that comes until the other side closes, which it must do within `timeout` ms. */
export function untilClosed(socket: Socket, timeout = 90_000): Promise<Buffer> {
  const chunks: Buffer[] = []
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      socket.destroy()
      reject(new Error(`not closed within ${timeout} ms; so far: ${String(Buffer.concat(chunks))}`))
    }, timeout)
    socket.on('data', (chunk: Buffer) => chunks.push(chunk))
    socket.once('close', () => {
      clearTimeout(timer)
      resolve(Buffer.concat(chunks))
    })
  })
}

/** Sends bytes on a fresh connection and gives all that is answered until the other side closes. */
export async function exchangeBytes(
  at: string | { port: number },
  bytes: string | Uint8Array,
): Promise<Buffer> {
  const socket = await dial(at)
  const answer = untilClosed(socket)
  socket.write(bytes)
  return answer
}
