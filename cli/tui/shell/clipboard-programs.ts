import { spawn, spawnSync } from 'node:child_process'
import { accessSync, constants } from 'node:fs'
import * as path from 'node:path'

// Programs that hold a clipboard. Values go in by stdin and come out by stdout: no argument or variable shows them.

export type ProgramName = 'wl-copy' | 'xclip' | 'xsel' | 'pbcopy' | 'tmux'

type Argv = readonly [string, ...string[]]

type Program = {
  readonly name: ProgramName
  readonly applies: (env: NodeJS.ProcessEnv) => boolean
  readonly put: Argv
  /** What to add to `put` where its own help knows it. */
  readonly hint?: string
  readonly get: Argv
  /** Gets an empty stdin. */
  readonly clear: Argv
}

const has = (name: string) => (env: NodeJS.ProcessEnv) => (env[name] ?? '') !== ''

/** In the order of trying. */
const PROGRAMS: readonly Program[] = [
  {
    name: 'wl-copy',
    applies: has('WAYLAND_DISPLAY'),
    // Without a type it would have another program guess one.
    put: ['wl-copy', '--type', 'text/plain;charset=utf-8'],
    // Clipboard managers are told to keep no history of it.
    hint: '--sensitive',
    get: ['wl-paste', '--no-newline'],
    clear: ['wl-copy', '--clear'],
  },
  {
    name: 'xclip',
    applies: has('DISPLAY'),
    put: ['xclip', '-selection', 'clipboard', '-in'],
    get: ['xclip', '-selection', 'clipboard', '-out'],
    clear: ['xclip', '-selection', 'clipboard', '-in'],
  },
  {
    name: 'xsel',
    applies: has('DISPLAY'),
    put: ['xsel', '--clipboard', '--input'],
    get: ['xsel', '--clipboard', '--output'],
    clear: ['xsel', '--clipboard', '--clear'],
  },
  {
    name: 'pbcopy',
    applies: () => process.platform === 'darwin',
    put: ['pbcopy'],
    get: ['pbpaste'],
    clear: ['pbcopy'],
  },
  {
    name: 'tmux',
    applies: has('TMUX'),
    // To the terminal's own clipboard, too.
    put: ['tmux', 'load-buffer', '-w', '-'],
    get: ['tmux', 'save-buffer', '-'],
    clear: ['tmux', 'delete-buffer'],
  },
]

/** A clipboard that hangs must not hang whoever asks it. */
const PATIENCE = 5000
/** More than a value can have: what is longer is another's. */
const LONGEST = 1024 * 1024

/** Variables that these programs need; whatever else the caller has is none of their business. */
const VARIABLES =
  'PATH HOME LANG LC_ALL DISPLAY XAUTHORITY WAYLAND_DISPLAY XDG_RUNTIME_DIR TMUX TMUX_PANE TMUX_TMPDIR TMPDIR'.split(
    ' ',
  )

/** The environment of clipboard programs. */
export function clipboardEnvironment(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  // pbcopy takes text for UTF-8 only if told; wl-copy passes it through a file there, which is better in memory.
  const out: NodeJS.ProcessEnv = { LC_CTYPE: 'UTF-8' }
  for (const name of VARIABLES) if (env[name] !== undefined) out[name] = env[name]
  const memory = env['XDG_RUNTIME_DIR'] ?? ''
  return memory === '' ? out : { ...out, TMPDIR: memory }
}

/** The programs that can be tried in this session, the best first. */
export function clipboardPrograms(env: NodeJS.ProcessEnv): readonly ProgramName[] {
  return PROGRAMS.filter(({ applies, put, get }) => {
    return applies(env) && isOnPath(put[0], env) && isOnPath(get[0], env)
  }).map(({ name }) => name)
}

function isOnPath(program: string, { PATH: all = '' }: NodeJS.ProcessEnv): boolean {
  return all
    .split(path.delimiter)
    .filter((folder) => path.isAbsolute(folder))
    .some((folder) => isProgram(path.join(folder, program)))
}

function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}

function specOf(name: ProgramName): Program {
  const found = PROGRAMS.find((one) => one.name === name)
  if (found === undefined) throw new TypeError('no such program')
  return found
}

/** Gives it to the program; whether that took it. `env` is clipboardEnvironment's. */
export function putBy(
  name: ProgramName,
  value: Uint8Array,
  env: NodeJS.ProcessEnv,
): Promise<boolean> {
  const { put, hint } = specOf(name)
  const [program, ...words] = put
  const args = hint !== undefined && knows(program, hint, env) ? [...words, hint] : words
  return new Promise((resolve) => {
    // What holds the clipboard goes on in the background, and longer than this terminal.
    const child = spawn(program, args, {
      env,
      cwd: '/',
      detached: true,
      timeout: PATIENCE,
      stdio: ['pipe', 'ignore', 'ignore'],
    })
    child.once('error', () => {
      resolve(false)
    })
    child.once('exit', (code) => {
      resolve(code === 0)
    })
    // It may have ended already: its exit code says so.
    child.stdin.on('error', () => undefined)
    child.stdin.end(value)
  })
}

function knows(program: string, option: string, env: NodeJS.ProcessEnv): boolean {
  const { stdout } = spawnSync(program, ['--help'], { env, timeout: PATIENCE, encoding: 'utf8' })
  return typeof stdout === 'string' && stdout.includes(option)
}

/** Takes off what `isOurs` knows, and leaves anything else. */
export function clearBy(
  name: ProgramName,
  isOurs: (content: Uint8Array) => boolean,
  env: NodeJS.ProcessEnv,
): void {
  if (name === 'tmux') clearTmux(isOurs, env)
  else {
    const { get, clear } = specOf(name)
    const content = answer(get, env)
    if (content !== undefined && isOurs(content)) tell(clear, env)
  }
}

/** tmux keeps every copy as a buffer: ours may lie below later ones. */
function clearTmux(isOurs: (content: Uint8Array) => boolean, env: NodeJS.ProcessEnv): void {
  const listed = answer(['tmux', 'list-buffers', '-F', '#{buffer_name}'], env) ?? []
  const names = Buffer.from(listed).toString().split('\n').filter(Boolean)
  for (const [i, name] of names.entries()) {
    const content = answer(['tmux', 'save-buffer', '-b', name, '-'], env)
    if (content === undefined || !isOurs(content)) continue
    // tmux takes nothing for no order: a blank replaces it on the terminal's own clipboard, where nobody copied since.
    if (i === 0) tell(['tmux', 'load-buffer', '-w', '-b', name, '-'], env, ' ')
    tell(['tmux', 'delete-buffer', '-b', name], env)
  }
}

function answer([program, ...args]: Argv, env: NodeJS.ProcessEnv): Uint8Array | undefined {
  const { status, stdout } = spawnSync(program, args, {
    env,
    timeout: PATIENCE,
    maxBuffer: LONGEST,
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  return status === 0 ? stdout : undefined
}

function tell([program, ...args]: Argv, env: NodeJS.ProcessEnv, input = ''): void {
  spawnSync(program, args, { env, timeout: PATIENCE, input, stdio: ['pipe', 'ignore', 'ignore'] })
}
