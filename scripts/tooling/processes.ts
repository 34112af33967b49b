// Child processes for tests: run to an end or a deadline, and leave nothing behind.
import { spawn } from 'node:child_process'
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { root } from './repo.js'

export type Finished = { code: number; output: string; timedOut: boolean; ms: number }

export type RunOptions = {
  /** Milliseconds until the process and all that it started in its group are killed. */
  timeout: number
  env?: NodeJS.ProcessEnv
  cwd?: string
  /** Gets every piece of output as it comes. */
  onOutput?: (text: string) => void
}

/** The environment without what would change how Node or coffer behave. */
export function cleanEnvironment(env: NodeJS.ProcessEnv = process.env): NodeJS.ProcessEnv {
  const kept = Object.entries(env).filter(
    ([name]) => !/^(NODE_|XDG_|COFFER_|EARTHLY_|UVU_|npm_|NO_COLOR$|FORCE_COLOR$)/.test(name),
  )
  return { ...Object.fromEntries(kept), NO_COLOR: '1', LC_ALL: 'C.UTF-8', TZ: 'UTC' }
}

/** Runs a command; its stdout and stderr come back as one text. A command that can't start gives 127. */
export function run(
  command: string,
  args: readonly string[],
  options: RunOptions,
): Promise<Finished> {
  const started = performance.now()
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      cwd: options.cwd ?? root,
      env: options.env ?? cleanEnvironment(),
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    })
    let output = ''
    let timedOut = false
    const add = (text: string): void => {
      output += text
      options.onOutput?.(text)
    }
    child.stdout.setEncoding('utf8').on('data', add)
    child.stderr.setEncoding('utf8').on('data', add)
    const deadline = setTimeout(() => {
      timedOut = true
      killGroup(child.pid)
    }, options.timeout)
    let ended = false
    const finish = (code: number): void => {
      if (ended) return
      ended = true
      clearTimeout(deadline)
      killGroup(child.pid)
      child.stdout.destroy()
      child.stderr.destroy()
      resolve({ code, output, timedOut, ms: performance.now() - started })
    }
    child.once('error', (error) => {
      output += `${error.message}\n`
      finish(127)
    })
    child.once('close', (code) => finish(code ?? 1))
    // A process that outlived it may hold the pipes: they mustn't hold the runner.
    child.once('exit', (code) => setTimeout(finish, 1000, code ?? 1).unref())
  })
}

function killGroup(pid: number | undefined): void {
  if (pid === undefined) return
  try {
    process.kill(-pid, 'SIGKILL')
  } catch {
    // It has ended already.
  }
}

/** The living processes that have `folder` in their arguments, environment or open files, but us. Linux only. */
export function processesOf(folder: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => pid !== process.pid && pid !== process.ppid)
    .filter((pid) => alive(pid) && touches(pid, folder))
}

/** Kills every process of `folder`, those that they start meanwhile too, and gives their ids. */
export function reap(folder: string): number[] {
  const killed = new Set<number>()
  for (let round = 0; round < 5; round++) {
    const pids = processesOf(folder)
    if (pids.length === 0) break
    for (const pid of pids) {
      killed.add(pid)
      try {
        process.kill(pid, 'SIGKILL')
      } catch {
        // It ended between the look and the kill.
      }
    }
  }
  return [...killed]
}

/** The arguments a process was started with; none when it has ended. Linux only. */
export function argumentsOf(pid: number): string[] {
  return orEmpty(() => readFileSync(`/proc/${pid}/cmdline`, 'utf8'))
    .split('\0')
    .filter((one) => one !== '')
}

/** Whether a process runs; one that has ended but wasn't waited for doesn't. Linux only. */
export function alive(pid: number): boolean {
  const stat = orEmpty(() => readFileSync(`/proc/${pid}/stat`, 'utf8'))
  const state = stat.slice(stat.lastIndexOf(')') + 2, stat.lastIndexOf(')') + 3)
  return stat !== '' && state !== 'Z' && state !== 'X'
}

function touches(pid: number, folder: string): boolean {
  // /tmp/x/a is not in /tmp/x/ab nor in /tmp/x/a.key.
  const escaped = folder.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
  const named = new RegExp(`${escaped}(?![\\w.-])`)
  const texts = ['cmdline', 'environ'].map((file) =>
    orEmpty(() => readFileSync(`/proc/${pid}/${file}`, 'utf8')),
  )
  if (texts.some((text) => named.test(text))) return true
  const fds = `/proc/${pid}/fd`
  return orEmpty(() => readdirSync(fds).join('\n'))
    .split('\n')
    .some((fd) => named.test(orEmpty(() => readlinkSync(`${fds}/${fd}`))))
}

/** Processes come and go and may be another user's: what can't be read has nothing to do with us. */
function orEmpty(read: () => string): string {
  try {
    return read()
  } catch {
    return ''
  }
}
