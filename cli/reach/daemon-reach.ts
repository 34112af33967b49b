import { createConnection, type Socket } from 'node:net'
import { fromUtf8 } from '../../shared/bytes.js'
import { CofferError } from '../../shared/errors.js'
import { LIMITS } from '../../shared/limits.js'
import { LineReader } from '../../shared/protocol/lines.js'
import { handshake as handshakeMethod } from '../../shared/protocol/local-home.js'
import { parseIncoming, requestLine } from '../../shared/protocol/local-wire.js'
import type { Infer } from '../../shared/protocol/schema.js'
import { VERSION } from '../../shared/version.js'
import { networkNamespace, socketOf } from './socket.js'

// A daemon that runs: a connection to it, with the handshake done.

export type Handshake = Infer<(typeof handshakeMethod)['result']>

/** A connection on which the handshake is done; nothing of later answers has been read. */
export type DaemonConnection = { readonly socket: Socket; readonly handshake: Handshake }

/**
 * A connection to the home's daemon if one runs; never starts one, never makes a file.
 * @throws CofferError `timed-out` when it runs but doesn't answer, or what it answered.
 */
export async function openRunning(
  home: string,
  end: number = performance.now() + LIMITS.daemonDrain,
): Promise<DaemonConnection | undefined> {
  const path = socketOf(home)
  const socket = path === undefined ? undefined : await connect(path)
  if (socket === undefined) return undefined
  const handshake = await greet(socket, Math.max(1, end - performance.now()))
  return handshake === undefined ? undefined : { socket, handshake }
}

/** A connection, or undefined when nobody listens. */
function connect(path: string): Promise<Socket | undefined> {
  return new Promise((resolve) => {
    const socket = createConnection(path)
    socket.once('connect', () => {
      socket.removeAllListeners('error')
      resolve(socket)
    })
    socket.once('error', () => {
      resolve(undefined)
    })
  })
}

/** The daemon's answer to the handshake; undefined when it ended meanwhile. Leaves the socket paused, without listeners. */
function greet(socket: Socket, ms: number): Promise<Handshake | undefined> {
  const lines = new LineReader(LIMITS.homeFile)
  return new Promise((resolve, reject) => {
    const done = (settle: () => void): void => {
      clearTimeout(timer)
      socket.pause()
      for (const event of ['data', 'close', 'error']) socket.removeAllListeners(event)
      settle()
    }
    const timer = setTimeout(() => {
      done(() => {
        socket.destroy()
        const what = 'the daemon runs but does not answer'
        reject(new CofferError('timed-out', what, { next: 'run coffer daemon stop' }))
      })
    }, ms)
    const gone = (): void => {
      done(() => {
        socket.destroy()
        resolve(undefined)
      })
    }
    socket.on('error', gone)
    socket.on('close', gone)
    socket.on('data', (chunk: Buffer) => {
      try {
        const [line] = lines.push(chunk)
        if (line === undefined) return
        const answer = readHandshake(fromUtf8(line) ?? '')
        done(() => {
          resolve(answer)
        })
      } catch (error) {
        done(() => {
          socket.destroy()
          reject(error instanceof Error ? error : new Error('no handshake'))
        })
      }
    })
    const netns = networkNamespace()
    const params = { version: VERSION, ...(netns === undefined ? {} : { netns }) }
    socket.write(requestLine(0, 'handshake', params))
  })
}

function readHandshake(line: string): Handshake {
  const message = parseIncoming(line)
  if (message.kind === 'error') throw message.error
  if (message.kind === 'result') return handshakeMethod.result.check(message.result, 'result')
  throw new CofferError('format', 'the daemon answers out of turn', { reason: 'handshake' })
}
