import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { createConnection, type Socket } from 'node:net'
import { networkInterfaces } from 'node:os'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { setTimeout as wait } from 'node:timers/promises'
import { fromUtf8 } from '../shared/bytes.js'
import { CofferError, isErrorCode } from '../shared/errors.js'
import { LIMITS } from '../shared/limits.js'
import { LineReader } from '../shared/protocol/lines.js'
import { handshake as handshakeMethod } from '../shared/protocol/local-home.js'
import { parseIncoming, requestLine } from '../shared/protocol/local-wire.js'
import { object, oneOf, optional, text, type Infer } from '../shared/protocol/schema.js'
import { compareVersions, VERSION } from '../shared/version.js'
import { homeExists, homeOf, networkNamespace, socketOf } from './socket.js'

// Reaching the daemon, and starting it when there is none. Twenty callers at once may each start one: the home's lock
// leaves one, the others end with `busy`, and all callers meet at the one that answers.

export type DaemonOptions = {
  readonly env: NodeJS.ProcessEnv
  /** Start a daemon in a folder that is no home yet: for `init` and `join`. Otherwise that is an error. */
  readonly create?: boolean
  /** A daemon that is started opens no connection. */
  readonly offline?: boolean
  /** Milliseconds for everything; LIMITS.daemonStart by default. */
  readonly timeout?: number
  /** The daemon's program, for tests. */
  readonly program?: string
}

export type Handshake = Infer<(typeof handshakeMethod)['result']>

/** A connection on which the handshake is done; nothing of later answers has been read. */
export type DaemonConnection = { readonly socket: Socket; readonly handshake: Handshake }

/** The variables that a daemon gets, and no others: it outlives the shell that happened to start it. */
const PASSED = [
  'HOME',
  'LANG',
  'LC_ALL',
  'NODE_EXTRA_CA_CERTS',
  'PATH',
  'TMPDIR',
  'TZ',
  'XDG_DATA_HOME',
  'XDG_RUNTIME_DIR',
] as const

/**
 * A connection to the home's daemon, which is started when there is none, and replaced when it is older than this
 * program, or runs where there is no network and this doesn't, or is offline and `offline` isn't asked for.
 * @throws CofferError `home` (reason `no-home`) without a home, `timed-out`, or what kept the daemon from starting.
 */
export async function openDaemon(options: DaemonOptions): Promise<DaemonConnection> {
  const home = homeOf(options.env)
  if (options.create !== true && !homeExists(home)) {
    throw new CofferError('home', `there is no coffer home at ${home}`, {
      reason: 'no-home',
      next: 'coffer init',
    })
  }
  const end = performance.now() + (options.timeout ?? LIMITS.daemonStart)
  let patience = 0
  while (performance.now() < end) {
    const open = await openRunning(home, end)
    if (open !== undefined && !mustReplace(open.handshake, options)) return open
    open?.socket.destroy()
    // Whoever was busy starting needs a moment: look often, start again seldom, in case it died.
    if (patience > 0) {
      patience--
      await wait(10)
      continue
    }
    const state = await startDaemon(home, options, open?.handshake.pid, end)
    if (state === 'busy') patience = 100
  }
  throw new CofferError('timed-out', 'the daemon does not answer', {
    reason: 'daemon-start',
    next: 'coffer daemon logs',
  })
}

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
        reject(new CofferError('timed-out', what, { next: 'coffer daemon stop' }))
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

function mustReplace(daemon: Handshake, { offline = false }: DaemonOptions): boolean {
  if (compareVersions(VERSION, daemon.version) > 0) return true
  if (daemon.offline && !offline) return true
  return daemon.cut && daemon.netns !== networkNamespace() && !networkIsCut()
}

function networkIsCut(): boolean {
  return Object.values(networkInterfaces()).every((addresses) =>
    (addresses ?? []).every((address) => address.internal),
  )
}

/** `cofferd` beside this program: in the bundle's folder, or in the compiled tree. */
export function daemonProgram(): string {
  const here = import.meta.dirname
  const found = [join(here, 'cofferd.js'), join(here, '../daemon/main.js')].find((path) =>
    existsSync(path),
  )
  if (found !== undefined) return found
  throw new CofferError('internal', 'cofferd is missing beside coffer', {
    reason: 'no-daemon',
    next: 'install coffer again',
  })
}

/**
 * A daemon is a guest for days: memory that a first sync of 10,000 secrets took for seconds goes back to the system.
 * (Measured: 130 MiB resident instead of 226. glibc reads its variables before the program runs, V8 its young
 * generation's size before the first script.)
 */
const SMALL_HEAP = ['--max-semi-space-size=2']
const SMALL_MALLOC = { MALLOC_ARENA_MAX: '1', MALLOC_TRIM_THRESHOLD_: '131072' }

function daemonEnvironment(home: string, env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const out: NodeJS.ProcessEnv = { COFFER_HOME: home, ...SMALL_MALLOC }
  for (const name of PASSED) if (env[name] !== undefined) out[name] = env[name]
  return out
}

/** The shell sets what Node can't: no core dump may hold a key, and a socket is born closed to others. */
const SHELL = 'umask 077; ulimit -c 0 2>/dev/null; exec "$0" "$@"'

/** Starts a daemon and resolves with what it says of its start. @throws CofferError when it failed. */
async function startDaemon(
  home: string,
  { env, offline = false, program = daemonProgram() }: DaemonOptions,
  replaces: number | undefined,
  end: number,
): Promise<'ready' | 'busy'> {
  const words = [...SMALL_HEAP, program, '--ready-fd', '3']
  if (offline) words.push('--offline')
  if (replaces !== undefined) words.push('--successor-of', String(replaces))
  const child = spawn('/bin/sh', ['-c', SHELL, process.execPath, ...words], {
    cwd: '/',
    detached: true,
    env: daemonEnvironment(home, env),
    // No stream of the caller's: $(coffer …) would wait for the daemon.
    stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
  })
  child.unref()
  const failed = new Promise<never>((_, reject) => {
    child.once('error', (error) => {
      reject(new CofferError('internal', "the daemon can't be started", { cause: error }))
    })
  })
  const pipe = child.stdio[3]
  if (pipe === null || pipe === undefined || !('read' in pipe)) throw new TypeError('no pipe')
  try {
    return await Promise.race([failed, outcomeOf(pipe, end)])
  } finally {
    pipe.destroy()
  }
}

const outcomeSchema = object({
  state: oneOf('ready', 'busy', 'failed'),
  error: optional(
    object({
      code: text(64),
      message: text(4096),
      reason: optional(text(64)),
      next: optional(text(4096)),
    }),
  ),
})

async function outcomeOf(pipe: Readable, end: number): Promise<'ready' | 'busy'> {
  const timer = setTimeout(() => pipe.destroy(), Math.max(1, end - performance.now()))
  let said = ''
  try {
    for await (const chunk of pipe) {
      said += String(chunk)
      if (said.length > LIMITS.homeFile) break
    }
  } catch {
    // Destroyed at the deadline: what it said until then counts.
  } finally {
    clearTimeout(timer)
  }
  if (said === '') {
    throw new CofferError('internal', 'the daemon ended before it was ready', {
      reason: 'daemon-start',
      next: 'coffer daemon logs',
    })
  }
  return readOutcome(said)
}

function readOutcome(said: string): 'ready' | 'busy' {
  const { state, error } = outcomeSchema.check(JSON.parse(said), 'the daemon')
  if (state !== 'failed') return state
  const { code = 'internal', message = 'the daemon failed to start', reason, next } = error ?? {}
  throw new CofferError(isErrorCode(code) ? code : 'internal', message, {
    ...(reason === undefined ? {} : { reason }),
    ...(next === undefined ? {} : { next }),
  })
}
