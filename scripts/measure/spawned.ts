// Programs started, waited for and timed as a shell sees them.
import { spawnSync } from 'node:child_process'
import { type World } from '../e2e/harness/world.js'
import { type Home } from '../e2e/harness/home.js'
import { type Sample } from './turns.js'

type Start = { readonly env: NodeJS.ProcessEnv; readonly cwd: string }

/** Milliseconds from the start of a program to its end; it must exit 0. `check` sees its stdout. */
export function spawned(
  start: Start,
  argv: readonly string[],
  check: (out: string) => boolean = () => true,
): number {
  const [program = '', ...args] = argv
  const started = performance.now()
  const done = spawnSync(program, args, {
    ...start,
    stdio: ['ignore', 'pipe', 'pipe'],
    maxBuffer: 64 * 1024 * 1024,
  })
  const took = performance.now() - started
  const out = done.stdout.toString()
  if (done.status !== 0 || !check(out)) {
    throw new Error(`${argv.join(' ')}: exit ${String(done.status)}\n${done.stderr.toString()}`)
  }
  return took
}

/** `node ARGS…` of the Node that runs this. */
export function node(world: World, ...args: readonly string[]): Sample {
  const start = { env: world.env, cwd: world.work }
  return () => spawned(start, [process.execPath, ...args])
}

/** What a program of `home` is started with. */
export function startOf(world: World, home: Home): Start {
  return { env: { ...world.env, COFFER_HOME: home.folder }, cwd: world.work }
}

/** `coffer ARGS…` in a home. */
export function coffer(
  world: World,
  home: Home,
  args: readonly string[],
  check?: (out: string) => boolean,
): Sample {
  const start = startOf(world, home)
  return () => spawned(start, ['coffer', ...args], check)
}
