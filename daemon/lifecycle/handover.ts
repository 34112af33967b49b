import { randomBytes } from 'node:crypto'
import { linkSync, lstatSync, renameSync } from 'node:fs'
import { createConnection } from 'node:net'
import { fromHex, fromUtf8, toHex, utf8, type Bytes } from '../../shared/bytes.js'
import type { Random } from '../../shared/crypto/random.js'
import { CofferError } from '../../shared/errors.js'
import { LIMITS } from '../../shared/limits.js'
import { LineReader } from '../../shared/protocol/lines.js'
import { METHODS } from '../../shared/protocol/local.js'
import { parseIncoming, requestLine } from '../../shared/protocol/local-wire.js'
import { Secret } from '../../shared/redacted.js'
import { systemCode } from '../../shared/system-error.js'
import { openLocal, sealLocal } from '../core/crypto/passphrase.js'
import { fileError, readPrivate, removeFile, writeNew } from '../home/files.js'
import type { Home } from '../home/home.js'
import { namedSocket } from './place.js'

// How the root passes to a newer daemon (SPEC section 10). The successor writes a fresh key into the home, asks on
// the socket, and gets the root sealed under that key: whoever reaches the socket but not the home (a container that
// it was mounted into) learns nothing. An inherited pipe would put the successor into its predecessor's network
// namespace, which is one of the two reasons to replace a daemon.

const NO_AAD = new Uint8Array(0)

/** The handover that stands in the home: who asks, and the key to seal under. */
type Handover = { readonly pid: number; readonly key: Secret }

function parse(content: Bytes): Handover | undefined {
  const found = /^coffer-handover 1\n([1-9][0-9]{0,9})\n([0-9a-f]{64})\n$/.exec(
    fromUtf8(content) ?? '',
  )
  const key = found === null ? undefined : fromHex(found[2] ?? '')
  return key === undefined ? undefined : { pid: Number(found?.[1]), key: new Secret(key) }
}

function read(home: Home): Handover | undefined {
  const content = readPrivate(home.file('handover'), { maxBytes: LIMITS.homeFile, uid: home.uid })
  return content === undefined ? undefined : parse(content)
}

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return systemCode(error) === 'EPERM'
  }
}

/** Whether a successor is on its way: whoever else starts must leave the place to it. */
export function successorComes(home: Home): boolean {
  return holds(home, home.file('handover'))
}

function holds(home: Home, path: string): boolean {
  const content = readPrivate(path, { maxBytes: LIMITS.homeFile, uid: home.uid })
  if (content === undefined) return false
  const found = parse(content)
  // One that says nothing is being written this moment.
  if (found !== undefined && (found.pid === process.pid || !alive(found.pid))) return false
  // A pid may have been given to another process since: no successor takes that long.
  return isYoung(path)
}

function isYoung(path: string): boolean {
  try {
    return Math.abs(Date.now() - lstatSync(path).mtimeMs) < LIMITS.daemonStart
  } catch {
    return false
  }
}

/** Takes away what a successor left that is dead, or this process as one: for whoever has the lock. */
export function clearHandover(home: Home): void {
  removeDead(home, home.file('handover'))
}

/** Takes back what this process wrote into the home as a successor; another's stays. */
export function withdraw(home: Home): void {
  if (read(home)?.pid === process.pid) removeFile(home.file('handover'))
}

function anotherComes(): CofferError {
  return new CofferError('exists', 'another daemon takes over already', { reason: 'successor' })
}

/**
 * Writes this process and its key into the home, for one successor at a time.
 * @throws CofferError `exists` when another successor was faster.
 */
function claim(home: Home, key: Secret): void {
  const path = home.file('handover')
  const text = utf8(`coffer-handover 1\n${process.pid}\n${toHex(key.reveal())}\n`)
  for (;;) {
    try {
      writeNew(path, text)
      return
    } catch (error) {
      if (!(error instanceof CofferError) || error.code !== 'exists') throw error
    }
    if (!removeDead(home, path)) {
      throw anotherComes()
    }
  }
}

/**
 * Takes away what a dead successor left; false when the file is one that lives. Two may look at the same dead one, and
 * the slower finds the living one of the faster in its place: so it is looked at again under another name, and goes back.
 */
function removeDead(home: Home, path: string): boolean {
  if (holds(home, path)) return false
  const aside = `${path}.${randomBytes(8).toString('hex')}.tmp`
  try {
    renameSync(path, aside)
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return true
    throw fileError(error, `can't replace ${path}`)
  }
  try {
    if (!holds(home, aside)) return true
    linkSync(aside, path)
    return false
  } catch (error) {
    if (['EEXIST', 'ENOENT'].includes(systemCode(error) ?? '')) return false
    throw fileError(error, `can't replace ${path}`)
  } finally {
    removeFile(aside)
  }
}

/**
 * The root sealed (hex) under the key of the successor that asks; undefined root: undefined.
 * @param successor the process that asks, as it says
 * @throws CofferError `refused` when no successor has just written its key into the home, `exists` when another has
 */
export function sealForSuccessor(
  home: Home,
  successor: number,
  root: Secret | undefined,
  random: Random,
): string | undefined {
  const found = read(home)
  if (found === undefined || !isYoung(home.file('handover'))) {
    throw new CofferError('refused', 'only a starting daemon of this home can take over', {
      reason: 'no-handover',
    })
  }
  if (found.pid !== successor) throw anotherComes()
  return root === undefined
    ? undefined
    : toHex(sealLocal('handover', found.key, NO_AAD, root, random))
}

/** `asked`: there was a daemon, and it ends. `root`: of a home that was unlocked. */
export type Takeover = { readonly asked: boolean; readonly root: Secret | undefined }

/**
 * Asks the running daemon, process `predecessor`, for its place. Resolves when it has gone, or when there was none to
 * ask; the lock is then to be taken, and `withdraw` called after that.
 * @throws CofferError `exists` when another successor is on its way, `timed-out`, or what the daemon answered.
 */
export async function takeOver(home: Home, predecessor: number, random: Random): Promise<Takeover> {
  const key = new Secret(random(32))
  claim(home, key)
  const socket = namedSocket(home)
  const answer = socket === undefined ? undefined : await ask(socket, predecessor)
  const box = answer?.root === undefined ? undefined : fromHex(answer.root)
  const root = box === undefined ? undefined : openLocal('handover', key, NO_AAD, box)
  return { asked: answer !== undefined, root }
}

/** Sends the one request and waits until the daemon, which then ends, has closed the connection. */
function ask(socket: string, pid: number): Promise<Answer | undefined> {
  const lines = new LineReader(LIMITS.homeFile)
  let answer: Answer | undefined
  return new Promise((resolve, reject) => {
    const connection = createConnection(socket)
    const end = (error?: unknown): void => {
      clearTimeout(timer)
      connection.destroy()
      if (error === undefined) resolve(answer)
      else reject(error instanceof Error ? error : new Error('the handover failed'))
    }
    const timer = setTimeout(() => {
      end(
        new CofferError('timed-out', 'the running daemon does not end', {
          reason: 'handover',
          next: 'run coffer daemon stop',
        }),
      )
    }, LIMITS.daemonStart)
    const params = { pid, successor: process.pid }
    connection.on('connect', () => connection.write(requestLine(1, 'daemonHandover', params)))
    connection.on('data', (chunk: Buffer) => {
      try {
        for (const line of lines.push(chunk)) answer = answered(line) ?? answer
      } catch (error) {
        end(error)
      }
    })
    // Nobody listens: the daemon has died or ends just now.
    connection.on('error', () => {
      end()
    })
    connection.on('close', () => {
      end()
    })
  })
}

type Answer = { readonly root?: string }

function answered(line: Bytes): Answer | undefined {
  const message = parseIncoming(fromUtf8(line) ?? '')
  if (message.kind === 'error') throw message.error
  if (message.kind === 'notification') return undefined
  return METHODS.daemonHandover.result.check(message.result, 'result')
}
