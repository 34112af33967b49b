// The commands of a script. Each takes its words and the script's state, and throws when what it says isn't so.
import { existsSync, mkdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import * as path from 'node:path'
import { type Home } from './home.js'
import { type Result, type Running, type StartOptions } from './program.js'
import { type Relay } from './relay.js'
import { until } from './until.js'
import { type World } from './world.js'

export type State = {
  readonly world: World
  home: Home
  readonly relays: Map<string, Relay>
  readonly background: Map<string, Running>
  readonly variables: Map<string, string>
  readonly env: NodeJS.ProcessEnv
  cwd: string
  /** What the next program reads. */
  stdin: Uint8Array | 'closed' | undefined
  /** The last program that ran to its end in the foreground. */
  last: Result | undefined
}

type Command = {
  negatable: boolean
  run(state: State, args: readonly string[], negated: boolean): Promise<void> | void
}

const fail = (message: string): never => {
  throw new Error(message)
}

const need = (value: string | undefined, what: string): string => value ?? fail(`needs ${what}`)

const resolved = (state: State, file: string): string => path.resolve(state.cwd, file)

function lastOf(state: State): Result {
  return state.last ?? fail('no program ran yet')
}

/** A file's bytes, or the last program's `stdout` or `stderr`. */
function bytesOf(state: State, name: string): Buffer {
  if (name === 'stdout') return lastOf(state).stdout
  if (name === 'stderr') return lastOf(state).stderr
  return readFileSync(resolved(state, name))
}

function startProgram(
  state: State,
  args: readonly string[],
  more: Partial<StartOptions> = {},
): Running {
  if (args.length === 0) fail('needs a program')
  const { stdin } = state
  state.stdin = undefined
  const input =
    stdin === 'closed' ? { closeStdin: true } : stdin === undefined ? {} : { stdin: stdin }
  const env = { COFFER_HOME: state.home.folder, ...state.env }
  return state.world.start(args, { cwd: state.cwd, env, ...input, ...more })
}

async function runProgram(state: State, args: readonly string[]): Promise<Result> {
  state.last = await startProgram(state, args).ended
  return state.last
}

async function exec(state: State, args: readonly string[], negated: boolean): Promise<void> {
  const { code } = await runProgram(state, args)
  if ((code !== 0) !== negated) fail(`exit ${code}`)
}

async function exit(state: State, args: readonly string[]): Promise<void> {
  const [wanted, ...program] = args
  const { code } = await runProgram(state, program)
  if (String(code) !== wanted) fail(`exit ${code}, not ${wanted}`)
}

/** stdout and stderr: a regular expression, `m` flag on, that the last program's stream matches. */
function stream(name: 'out' | 'err'): Command {
  return {
    negatable: true,
    run(state, [pattern], negated) {
      const found = new RegExp(need(pattern, 'a pattern'), 'm').test(lastOf(state)[name])
      if (found === negated) fail(found ? 'matches' : "doesn't match")
    },
  }
}

function compare(state: State, [left, right]: readonly string[], negated: boolean): void {
  const [a, b] = [need(left, 'two names'), need(right, 'two names')]
  const same = bytesOf(state, a).equals(bytesOf(state, b))
  if (same === negated) fail(`${a} and ${b} ${same ? 'are the same' : 'differ'}`)
}

async function waitUntil(state: State, args: readonly string[], negated: boolean): Promise<void> {
  const { stdin } = state
  await until(
    `${negated ? 'not ' : ''}${args.join(' ')}`,
    async () => {
      state.stdin = stdin
      const { code } = await runProgram(state, args)
      return (code !== 0) === negated
    },
    { timeout: 30_000 },
  )
}

/** wait-for REGEX PROGRAM…: runs it until it exits 0 and its stdout matches (or, negated, doesn't). */
async function waitFor(state: State, args: readonly string[], negated: boolean): Promise<void> {
  const [pattern = '', ...program] = args
  const wanted = new RegExp(pattern, 'm')
  await until(
    `${program.join(' ')} prints ${pattern}`,
    async () => {
      const { code, out } = await runProgram(state, program)
      return code === 0 && wanted.test(out) !== negated
    },
    { timeout: 30_000 },
  )
}

/** capture NAME [REGEX]: the last stdout without its last line end, or what the first group matched. */
function capture(state: State, [name, pattern]: readonly string[]): void {
  const { out } = lastOf(state)
  const value =
    pattern === undefined ? out.replace(/\n$/, '') : new RegExp(pattern, 'm').exec(out)?.[1]
  state.variables.set(need(name, 'a name'), value ?? fail("doesn't match"))
}

function backgroundOf(state: State, name: string | undefined): Running {
  return state.background.get(need(name, 'a name')) ?? fail(`nothing was started as ${name}`)
}

function start(state: State, [name, ...program]: readonly string[]): void {
  const key = need(name, 'a name')
  if (state.background.has(key)) fail(`${key} runs already`)
  state.background.set(key, startProgram(state, program))
}

/**
 * printed NAME REGEX [VARIABLE], printed-err …: waits until the program in the background has printed it on stdout
 * (stderr).
 */
function printed(stream: 'out' | 'err'): Command {
  return {
    negatable: false,
    async run(state, [name, pattern, variable]) {
      const wanted = new RegExp(need(pattern, 'a pattern'), 'm')
      const match = await backgroundOf(state, name).printed(wanted, { stream })
      if (variable !== undefined) state.variables.set(variable, match[1] ?? match[0])
    },
  }
}

/** wait NAME [CODE]: waits for the end of a program in the background, which becomes the last program. */
async function wait(state: State, [name, wanted = '0']: readonly string[]): Promise<void> {
  state.last = await backgroundOf(state, name).ended
  state.background.delete(name ?? '')
  if (String(state.last.code) !== wanted) fail(`exit ${state.last.code}, not ${wanted}`)
}

function signal(state: State, [name, wanted = 'SIGTERM']: readonly string[]): void {
  const names = ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGKILL', 'SIGUSR1', 'SIGUSR2'] as const
  const known = names.find((one) => one === wanted) ?? fail(`no signal ${wanted}`)
  backgroundOf(state, name).kill(known)
}

/** relay start [ARGS…] | stop | kill | again [ARGS…]: the relay of the script; sets $RELAY_URL and $RELAY_KEY. */
async function relay(state: State, [what, ...args]: readonly string[]): Promise<void> {
  const known = state.relays.get('relay')
  if (what === 'start') {
    if (known !== undefined) fail("it was started before: 'relay again' starts it as it was")
    const made = await state.world.relay({ args })
    state.relays.set('relay', made)
    state.variables.set('RELAY_URL', made.url).set('RELAY_KEY', made.key)
    return
  }
  const there = known ?? fail('no relay was started')
  if (what === 'again') await there.start(args)
  else if (what === 'stop') state.last = await there.stop()
  else if (what === 'kill') state.last = await there.kill()
  else fail('start, stop, kill or again')
}

/** daemon kill | gone | one: kills the home's daemon as a crash would; asserts that there is none or one. */
async function daemon(state: State, [what]: readonly string[]): Promise<void> {
  const { home } = state
  if (what === 'kill') return home.crashDaemon()
  const wanted = what === 'gone' ? 0 : what === 'one' ? 1 : fail('kill, gone or one')
  await until(
    () => `${wanted} daemons; there are ${home.daemons().length}`,
    () => home.daemons().length === wanted,
  )
}

function env(state: State, args: readonly string[]): void {
  for (const one of args) {
    const [, name = '', value = ''] = /^(\w+)=([^]*)$/.exec(one) ?? fail(`NAME=VALUE: ${one}`)
    state.env[name] = value
    state.variables.set(name, value)
  }
}

function stdin(state: State, [name]: readonly string[]): void {
  state.stdin = name === 'closed' ? 'closed' : bytesOf(state, need(name, 'a file'))
}

function mode(state: State, [wanted, file]: readonly string[]): void {
  const found = (statSync(resolved(state, need(file, 'a file'))).mode & 0o7777).toString(8)
  if (found !== wanted) fail(`its mode is ${found}`)
}

function exists(state: State, files: readonly string[], negated: boolean): void {
  for (const file of files) {
    if (existsSync(resolved(state, file)) === negated)
      fail(`${file} ${negated ? 'is' : "isn't"} there`)
  }
}

export const COMMANDS: Readonly<Record<string, Command>> = {
  exec: { negatable: true, run: exec },
  exit: { negatable: false, run: exit },
  stdout: stream('out'),
  stderr: stream('err'),
  cmp: { negatable: true, run: compare },
  stdin: { negatable: false, run: stdin },
  'wait-until': { negatable: true, run: waitUntil },
  'wait-for': { negatable: true, run: waitFor },
  capture: { negatable: false, run: capture },
  start: { negatable: false, run: start },
  printed: printed('out'),
  'printed-err': printed('err'),
  wait: { negatable: false, run: wait },
  signal: { negatable: false, run: signal },
  relay: { negatable: false, run: relay },
  daemon: { negatable: false, run: daemon },
  env: { negatable: false, run: env },
  exists: { negatable: true, run: exists },
  mode: { negatable: false, run: mode },
  home: {
    negatable: false,
    run: (state, [name]) => {
      state.home = state.world.home(need(name, 'a name'))
      state.variables.set('COFFER_HOME', state.home.folder).set('KEY_FILE', state.home.keyFile)
    },
  },
  cd: {
    negatable: false,
    run: (state, [folder]) => {
      state.cwd = resolved(state, need(folder, 'a folder'))
    },
  },
  mkdir: {
    negatable: false,
    run: (state, [folder]) => {
      mkdirSync(resolved(state, need(folder, 'a folder')), { recursive: true })
    },
  },
  rm: {
    negatable: false,
    run: (state, [file]) => {
      rmSync(resolved(state, need(file, 'a file')), { recursive: true, force: true })
    },
  },
}
