import { Buffer } from 'node:buffer'
import { writeSync } from 'node:fs'
import { CofferError } from '../shared/errors.js'
import { shownOn, stdoutIsTerminal } from './visible.js'

// The short way of get, ls and run: one plain block (shared/protocol/plain.ts) to the daemon, its bytes to stdout.
// Nothing is loaded or computed here that these three don't need: the time to a value is mostly Node's own start, and
// a tenth of it is spent in 2 ms. That is why this file builds and cuts the block itself, as a launcher in any other
// language would; the tests hold it against the shared codec.

/** PLAIN_VARIABLES of the shared codec, which isn't loaded here. */
const VARIABLES = [
  'COFFER_ORG',
  'COFFER_PROJECT',
  'COFFER_OFFLINE',
  'EARTHLY_ORG',
  'EARTHLY_PROJECT',
]

/** The bytes of a plain request. @throws CofferError `usage` when the working folder is gone. */
export function requestBytes(
  argv: readonly string[],
  env: NodeJS.ProcessEnv,
  cwd: string = workingFolder(),
): Buffer {
  let fields = `coffer1\0\0\0\0${argv.length}\0`
  for (const word of argv) fields += `${word}\0`
  fields += `${cwd}\0`
  for (const name of VARIABLES) {
    const value = env[name]
    if (value !== undefined) fields += `${name}=${value}\0`
  }
  const bytes = Buffer.from(fields)
  bytes.writeUInt32BE(bytes.length - 11, 7)
  return bytes
}

/** The working folder. @throws CofferError `usage` when it was removed. */
export function workingFolder(): string {
  try {
    return process.cwd()
  } catch (error) {
    throw new CofferError('usage', 'the working folder is gone', {
      reason: 'no-folder',
      next: 'cd to a folder that exists',
      cause: error,
    })
  }
}

/** A plain answer, cut but not looked into. */
export type RawAnswer = {
  readonly status: number
  readonly stdout: Buffer
  readonly stderr: Buffer
  /** Whether there is something to execute; decodePlainAnswer reads it from `bytes`. */
  readonly exec: boolean
  readonly bytes: Buffer
}

/** An answer whose connection is still open: a process that ends now needn't take it apart. */
export type OpenAnswer = RawAnswer & { readonly close: () => void }

/** The answer in `bytes`, or undefined while it isn't whole. */
export function cutAnswer(bytes: Buffer): RawAnswer | undefined {
  const ends = [1]
  for (let part = 0, at = 1; part < 3; part++) {
    if (at + 4 > bytes.length) return undefined
    at += 4 + bytes.readUInt32BE(at)
    ends.push(at)
  }
  const [start = 0, first = 0, second = 0, third = 0] = ends
  if (third > bytes.length) return undefined
  return {
    status: bytes[0] ?? 0,
    stdout: bytes.subarray(start + 4, first),
    stderr: bytes.subarray(first + 4, second),
    exec: third - second > 4,
    bytes: bytes.subarray(0, third),
  }
}

/**
 * Writes all of it to stdout (1) or stderr (2), synchronously: loading Node's streams costs more than the answer.
 * A reader that has gone (`| head`) is no error.
 * @returns false when Node's stream still has to wait for a reader: don't exit yet
 * @throws CofferError `storage` when a file can't take it
 */
export function writeAll(fd: 1 | 2, bytes: Uint8Array): boolean {
  let at = 0
  while (at < bytes.length) {
    try {
      at += writeSync(fd, bytes, at)
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? error.code : undefined
      // What can't be said to anybody is no reason to fail otherwise than it was going to.
      if (code === 'EPIPE' || (fd === 2 && code !== 'EAGAIN')) return true
      if (code !== 'EAGAIN') throw notWritten(error)
      // Somebody made the pipe non-blocking: Node's stream knows how to wait for it.
      const stream = fd === 1 ? process.stdout : process.stderr
      stream.on('error', () => undefined)
      stream.write(bytes.subarray(at))
      return false
    }
  }
  return true
}

function notWritten(cause: unknown): CofferError {
  return new CofferError('storage', "the output can't be written", {
    reason: 'output',
    next: 'free space where it goes',
    cause,
  })
}

/**
 * Shows the answer (`exact`: its very bytes) and ends with its exit code; `run` goes on with the child.
 * @returns 'full' when only the full program can do it
 */
export async function finish(answer: OpenAnswer, exact: boolean): Promise<'done' | 'full'> {
  process.exitCode = answer.status
  const { stdout, stderr } = shownOn(answer, exact, stdoutIsTerminal)
  const said = writeAll(2, stderr)
  const written = writeAll(1, stdout)
  if (answer.exec) {
    answer.close()
    const { runAnswer } = await import('./child/child.js')
    return (await runAnswer(answer.bytes)) === 'full' ? 'full' : 'done'
  }
  if (said && written) process.exit()
  answer.close()
  return 'done'
}
