import { spawn, type ChildProcess } from 'node:child_process'
import { createHash, createHmac, randomBytes } from 'node:crypto'
import {
  closeSync,
  constants,
  existsSync,
  fstatSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { CofferError } from '../../../shared/errors.js'
import type { ProgramName } from './clipboard-programs.js'
import type { TerminalFile } from './osc52.js'

// The process that takes a value off the clipboard again, whatever becomes of this one. It doesn't know the value: it
// gets a salted digest to recognise it by, over its stdin.

/** Where to take it off: by a program, or by what a terminal obeys. */
export type Erasing =
  | { readonly kind: 'program'; readonly name: ProgramName }
  | { readonly kind: 'terminal'; readonly file: TerminalFile; readonly sequence: string }

/** What the process is told. */
export type EraserOrder = {
  readonly ms: number
  readonly salt: string
  readonly digest: string
  readonly erasing: Erasing
  /** The file that says whose copy is the newest; where there is none, each clears what it knows. */
  readonly mark?: string
}

export function digestOf(salt: string, value: Uint8Array): string {
  return createHmac('sha256', Buffer.from(salt, 'base64')).update(value).digest('base64')
}

export type Eraser = {
  /** What others wait for on the same clipboard is replaced: this copy's time counts. */
  readonly takesOver: () => void
  /** Nothing was copied. */
  readonly stop: () => void
  /** Another copy has followed: what that hasn't written over goes now. @param value what was copied then */
  readonly follow: (value: Uint8Array, erasing: Erasing) => void
}

/** One for each clipboard, in memory and the person's alone. */
function markOf(erasing: Erasing, env: NodeJS.ProcessEnv): { readonly mark?: string } {
  const memory = env['XDG_RUNTIME_DIR'] ?? ''
  if (memory === '') return {}
  const { WAYLAND_DISPLAY: wayland, DISPLAY: display, TMUX: tmux } = env
  const where =
    erasing.kind === 'terminal' ? [erasing.file] : [erasing.name, wayland, display, tmux]
  const name = createHash('sha256').update(JSON.stringify(where)).digest('hex').slice(0, 16)
  return { mark: join(memory, `coffer-clipboard-${name}`) }
}

/** What the newest copy is known by. */
type Mark = Pick<EraserOrder, 'salt' | 'digest'>

/** A later copy that has taken over; its own process clears that. The newest one takes its mark away. */
export function replacementOf({ mark, salt }: EraserOrder): Mark | undefined {
  if (mark === undefined) return undefined
  try {
    const newest = JSON.parse(readOwn(mark)) as Mark
    if (newest.salt !== salt) return newest
    rmSync(mark)
  } catch {
    // No mark says that there is another.
  }
  return undefined
}

/** Nobody else's file, no link, and nothing that one could wait for: the folder may be one that others write to. */
function readOwn(path: string): string {
  const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants
  const file = openSync(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK)
  try {
    const stat = fstatSync(file)
    if (!stat.isFile() || stat.uid !== process.getuid?.()) throw new TypeError('no mark of ours')
    return readFileSync(file, 'utf8')
  } finally {
    closeSync(file)
  }
}

/** Beside this program: in the bundle's folder, or in the compiled tree. */
function eraserProgram(): string {
  const here = import.meta.dirname
  const found = [join(here, 'coffer-unclip.cjs'), join(here, '../unclip.js')].find((path) =>
    existsSync(path),
  )
  if (found !== undefined) return found
  throw new CofferError('internal', 'coffer-unclip is missing beside coffer', {
    reason: 'no-unclip',
    next: 'install coffer again',
  })
}

/**
 * Starts it; from then on it needs nobody. @param env what clipboard programs get
 * @throws CofferError when it can't be started: then nothing shall be copied either
 */
export async function startEraser(
  value: Uint8Array,
  ms: number,
  erasing: Erasing,
  env: NodeJS.ProcessEnv,
): Promise<Eraser> {
  const salt = randomBytes(32).toString('base64')
  const order: EraserOrder = {
    ms,
    salt,
    digest: digestOf(salt, value),
    erasing,
    ...markOf(erasing, env),
  }
  // A session of its own and no stream of the caller's: it outlives the terminal, and $(…) doesn't wait for it.
  const child = spawn(process.execPath, ['--max-old-space-size=32', eraserProgram()], {
    cwd: '/',
    detached: true,
    env,
    stdio: ['pipe', 'pipe', 'ignore'],
  })
  try {
    await told(child, JSON.stringify(order))
  } catch (error) {
    throw new CofferError('internal', 'nothing could be started that clears the clipboard', {
      reason: 'no-unclip',
      cause: error,
    })
  }
  child.unref()
  return {
    takesOver: () => {
      marked(order)
    },
    stop: () => {
      child.kill('SIGKILL')
    },
    follow: (later, where) => {
      // tmux keeps what was copied before, and so does another clipboard; else there is nothing left to clear.
      const isLeft =
        nameOf(where) !== nameOf(erasing) ||
        (nameOf(where) === 'tmux' && digestOf(salt, later) !== order.digest)
      child.kill(isLeft ? 'SIGTERM' : 'SIGKILL')
    },
  }
}

function nameOf(erasing: Erasing): string {
  return erasing.kind === 'program' ? erasing.name : erasing.kind
}

function marked({ mark, salt, digest }: EraserOrder): void {
  if (mark === undefined) return
  // Put in its place whole: a link that somebody left there is replaced, and not followed.
  const fresh = `${mark}-${process.pid}`
  try {
    rmSync(fresh, { force: true })
    writeFileSync(fresh, JSON.stringify({ salt, digest }), { mode: 0o600, flag: 'wx' })
    renameSync(fresh, mark)
  } catch {
    // Then an earlier copy's process may clear this one early: better than never.
  }
}

/** Gives it its order; it says a word when it has read it and will obey. */
function told(child: ChildProcess, order: string): Promise<void> {
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', reject)
    child.stdin?.once('error', reject)
    child.stdout?.once('data', () => {
      child.stdout?.destroy()
      resolve()
    })
    child.stdin?.end(order)
  })
}
