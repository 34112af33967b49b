import { Socket } from 'node:net'
import { fromUtf8 } from '../../shared/bytes.js'
import { cryptoReady } from '../../shared/crypto/hash.js'
import { CofferError } from '../../shared/errors.js'
import { LIMITS } from '../../shared/limits.js'
import { encodePlainAnswer, type PlainRequest } from '../../shared/protocol/plain.js'
import { ENROLL, enrollLine, RUNNER_FD } from '../../shared/protocol/runner-start.js'
import { answerPlain, plainFailure } from '../core/plain/answer.js'
import { parsePlain, type PlainCommand } from '../core/plain/parse.js'
import { parseLock } from '../core/vault/lock-file.js'
import { isOffline } from '../core/vault/selection.js'
import { identityOfToken, parseToken, type Token } from '../core/vault/token.js'
import { settle } from '../lifecycle/process.js'
import { systemRandom } from '../random.js'
import { asCofferError } from '../rpc/dispatch.js'
import { PlainReader } from '../rpc/plain-reader.js'
import { findLock } from '../service/trust/lock-search.js'
import { RelaySync } from '../sync/manager.js'
import type { Identity } from '../core/vault/chain.js'
import type { SyncManager } from '../sync/api.js'
import { enroll } from './enroll.js'
import { runnerMethods } from './runner-secrets.js'
import { MAX_AGE, readVault } from './runner-vault.js'

// The process that a runner's command starts and that ends with it: no home, no socket, no file. What it is comes on stdin
// (a token, or an invite's code), what it is asked and what it answers goes over one inherited descriptor.

/** Does what `mode` says and ends the process. */
export async function runRunner(mode: string): Promise<never> {
  settle()
  await cryptoReady
  const given = await readAll(process.stdin, LIMITS.tokenText)
  const peer = new Socket({ fd: RUNNER_FD, readable: true, writable: true })
  // Whoever asked has gone: so has the reason to be here.
  peer.on('error', () => process.exit(1))
  if (mode === ENROLL) await sayEnrolment(given, peer)
  else peer.write(await answer(given, peer))
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

async function answer(token: string, peer: Socket): Promise<Uint8Array> {
  try {
    const request = await readRequest(peer)
    return encodePlainAnswer(await serve(parseToken(token), parsePlain(request)))
  } catch (error) {
    return encodePlainAnswer(plainFailure(asCofferError(error)))
  }
}

async function readRequest(peer: Socket): Promise<PlainRequest> {
  const reader = new PlainReader()
  for await (const chunk of peer.iterator({ destroyOnReturn: false })) {
    const request = reader.push(new Uint8Array(Buffer.from(chunk)))
    if (request !== undefined) return request
  }
  throw new CofferError('internal', 'nothing was asked')
}

async function serve(
  token: Token,
  command: PlainCommand,
): Promise<Parameters<typeof encodePlainAnswer>[0]> {
  if (isOffline(command.params.context)) throw offline()
  const demands = await demandsOf(command.params)
  const sync = syncAs(identityOfToken(token))
  try {
    const vault = await readVault({ token, sync, now: Date.now, ...demands })
    return await answerPlain(command, runnerMethods(vault, Date.now))
  } finally {
    await sync.close()
  }
}

/**
 * What the caller demands: an age, or the lock file at or above its folder, or else that a member's word is at most a day
 * old.
 * @throws CofferError `refused` (reason `no-lock`), `format`
 */
async function demandsOf({
  context,
  maxAge,
  lock,
}: PlainCommand['params']): Promise<Pick<Parameters<typeof readVault>[0], 'maxAge' | 'lock'>> {
  if (lock === undefined) return { maxAge: maxAge ?? MAX_AGE }
  const found = await findLock(context.cwd)
  if (found !== undefined) return { maxAge, lock: parseLock(found.content) }
  throw new CofferError('refused', 'there is no .coffer/lock here or above', {
    reason: 'no-lock',
    next: 'make one: coffer lock-file update',
  })
}

function offline(): CofferError {
  return new CofferError('stale', 'a runner keeps nothing, and reads all from its relay', {
    reason: 'offline',
    next: 'leave --offline and COFFER_OFFLINE out',
  })
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
