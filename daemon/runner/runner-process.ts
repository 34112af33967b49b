import { Socket } from 'node:net'
import { fromUtf8 } from '../../shared/bytes.js'
import { cryptoReady } from '../../shared/crypto/hash.js'
import { CofferError } from '../../shared/errors.js'
import { LIMITS } from '../../shared/limits.js'
import { ENROLL, enrollLine, RUNNER_FD } from '../../shared/protocol/runner-start.js'
import { settle } from '../lifecycle/process.js'
import { systemRandom } from '../random.js'
import { asCofferError } from '../rpc/dispatch.js'
import { Peer } from '../rpc/peer.js'
import { SERVER_LIMITS } from '../rpc/server-limits.js'
import { RelaySync } from '../sync/manager.js'
import type { Identity } from '../core/vault/chain.js'
import type { SyncManager } from '../sync/api.js'
import { enroll } from './enroll.js'
import { Source } from './runner-source.js'

// The process that a runner's command starts and that ends with it: no home, no socket, no file. What it is comes on stdin
// (a token, or an invite's code), what it is asked and what it answers goes over one inherited descriptor.

/**
 * Does what `mode` says and ends the process.
 * @param bundle the file that is read in the relay's place, absolute
 */
export async function runRunner(mode: string, bundle: string | undefined): Promise<never> {
  settle()
  await cryptoReady
  const given = await readAll(process.stdin, LIMITS.tokenText)
  const peer = new Socket({ fd: RUNNER_FD, readable: true, writable: true })
  // Whoever asked has gone: so has the reason to be here.
  peer.on('error', () => process.exit(1))
  if (mode === ENROLL) await sayEnrolment(given, peer)
  else await serve(new Source(given, bundle, syncAs), peer)
  await new Promise<void>((resolve) => peer.end(resolve))
  process.exit(0)
}

async function readAll(stream: NodeJS.ReadableStream, cap: number): Promise<string> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of stream) {
    const bytes = Buffer.from(chunk)
    size += bytes.length
    if (size > cap) throw new CofferError('limit', 'the token is too long', { reason: 'token' })
    chunks.push(bytes)
  }
  return fromUtf8(new Uint8Array(Buffer.concat(chunks))) ?? ''
}

/** Timers keep this process alive: there is nothing else to wait for when the relay is away. */
function after(ms: number, then: () => void): () => void {
  const timer = setTimeout(then, Math.min(ms, 2 ** 31 - 1))
  return () => clearTimeout(timer)
}

function syncAs({ device, statement, sign }: Identity): SyncManager {
  const timers = { now: () => performance.now(), wall: Date.now, after }
  const identity = { deviceId: device, keys: statement.keys, signPrivate: sign.privateKey }
  return new RelaySync({ identity, random: systemRandom, timers, offline: false })
}

/** Answers the requests of one connection until it ends: one plain block, or as many lines as its caller has. */
async function serve(source: Source, socket: Socket): Promise<void> {
  await new Promise<void>((resolve) => {
    void new Peer(socket, 1, {
      answer: (request) => source.answer(request),
      plain: (request) => source.plain(request),
      limits: SERVER_LIMITS,
      partial: 0,
      kept: 0,
      failed: () => undefined,
      active: () => undefined,
      closed: () => resolve(),
    })
  })
  await source.close()
}

async function sayEnrolment(code: string, peer: Socket): Promise<void> {
  try {
    const token = await enroll(code, syncAs, (fingerprint) => {
      peer.write(enrollLine({ kind: 'fingerprint', text: fingerprint }))
    })
    peer.write(enrollLine({ kind: 'token', text: token }))
  } catch (error) {
    peer.write(enrollLine({ kind: 'error', error: asCofferError(error) }))
  }
}
