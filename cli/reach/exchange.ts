import { Buffer } from 'node:buffer'
import { LIMITS } from '../../shared/limits.js'
import { cutAnswer, type OpenAnswer } from '../hot.js'
import { exchangeRaw } from './pipe.js'
import { hungUp, silent } from '../refusals.js'

/**
 * Sends a plain request and reads the answer; doesn't wait for the daemon to close.
 * @returns undefined when nobody listens there
 * @throws CofferError `internal` when the daemon hangs up, `timed-out` when it says nothing for long
 */
export async function exchange(socket: string, request: Buffer): Promise<OpenAnswer | undefined> {
  return (await exchangeRaw(socket, request)) ?? (await exchangeOverNet(socket, request))
}

/** The same by Node's documented means, which tell why it failed. */
export async function exchangeOverNet(
  socket: string,
  request: Buffer,
): Promise<OpenAnswer | undefined> {
  const { createConnection } = await import('node:net')
  return new Promise((resolve, reject) => {
    let received: Buffer | undefined
    const connection = createConnection(socket)
    connection.write(request)
    connection.setTimeout(LIMITS.plainAnswer, () => {
      reject(silent())
      connection.destroy()
    })
    connection.on('data', (chunk: Buffer) => {
      received = received === undefined ? chunk : Buffer.concat([received, chunk])
      const answer = cutAnswer(received)
      if (answer !== undefined) resolve({ ...answer, close: () => connection.destroy() })
    })
    connection.on('end', () => reject(hungUp()))
    connection.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT' || error.code === 'ECONNREFUSED') resolve(undefined)
      else reject(hungUp(error))
    })
  })
}
