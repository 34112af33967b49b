import type { ChildProcess } from 'node:child_process'
import { existsSync } from 'node:fs'
import { Socket } from 'node:net'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { CofferError } from '../../shared/errors.js'
import { LIMITS } from '../../shared/limits.js'
import { DAEMON_VARIABLES, readOutcome } from '../../shared/protocol/daemon-start.js'
import { RUNNER_FD } from '../../shared/protocol/runner-start.js'
import { builtin } from '../builtin.js'

// A daemon that doesn't run yet: the process, and what it says of its start.

export type SpawnOptions = {
  readonly env: NodeJS.ProcessEnv
  /** The daemon opens no connection. */
  readonly offline?: boolean
  /** The daemon's program, for tests. */
  readonly program?: string
}

/** `cofferd` beside this program: in the bundle's folder, or in the compiled tree. */
export function daemonProgram(): string {
  const here = import.meta.dirname
  const found = [join(here, 'cofferd.cjs'), join(here, '../../daemon/main.js')].find((path) =>
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

function daemonEnvironment(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const out: NodeJS.ProcessEnv = { ...SMALL_MALLOC }
  for (const name of DAEMON_VARIABLES) if (env[name] !== undefined) out[name] = env[name]
  return out
}

/** The shell sets what Node can't: no core dump may hold a key, and a socket is born closed to others. */
const SHELL = 'umask 077; ulimit -c 0 2>/dev/null; exec "$0" "$@"'

/** One end of a process that lives for one command: what it is told first, and the connection to it. */
export type OneCommand = { readonly child: ChildProcess; readonly peer: Socket }

/**
 * Starts the daemon's program for one command of a runner: `secret` goes to its stdin, the rest over the connection. It
 * ends with this process.
 */
export function startForOne(
  mode: string,
  secret: string,
  { env, program = daemonProgram() }: SpawnOptions,
  more: readonly string[] = [],
): OneCommand {
  const { spawn } = builtin('node:child_process')
  const child = spawn('/bin/sh', ['-c', SHELL, process.execPath, program, mode, ...more], {
    cwd: '/',
    env: daemonEnvironment(env),
    stdio: ['pipe', 'ignore', 'ignore', 'pipe'],
  })
  const peer = child.stdio[RUNNER_FD]
  if (!(peer instanceof Socket) || child.stdin === null) throw new TypeError('no pipe')
  // It may have ended already: then the connection says so.
  child.stdin.on('error', () => undefined)
  child.stdin.end(secret)
  return { child, peer }
}

/**
 * Starts a daemon and resolves with what it says of its start.
 * @param replaces the process of the daemon whose place it takes
 * @param end when to give up, by `performance.now`
 * @throws CofferError when it failed
 */
export async function startDaemon(
  home: string,
  { env, offline = false, program = daemonProgram() }: SpawnOptions,
  replaces: number | undefined,
  end: number,
): Promise<'ready' | 'busy'> {
  const words = [...SMALL_HEAP, program, '--ready-fd', '3']
  if (offline) words.push('--offline')
  if (replaces !== undefined) words.push('--successor-of', String(replaces))
  const { spawn } = builtin('node:child_process')
  const child = spawn('/bin/sh', ['-c', SHELL, process.execPath, ...words], {
    cwd: '/',
    detached: true,
    env: { COFFER_HOME: home, ...daemonEnvironment(env) },
    // No stream of the caller's: $(coffer …) would wait for the daemon.
    stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
  })
  child.unref()
  const failed = new Promise<never>((_, reject) => {
    child.once('error', (error) => {
      reject(
        new CofferError('internal', "the daemon can't be started", {
          reason: 'daemon-start',
          next: 'see coffer daemon logs',
          cause: error,
        }),
      )
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
      next: 'see coffer daemon logs',
    })
  }
  const outcome = readOutcome(said)
  if (outcome.state === 'failed') throw outcome.error
  return outcome.state
}
