import { spawn, type ChildProcess } from 'node:child_process'
import { readFileSync, statSync } from 'node:fs'
import { fromUtf8, utf8 } from '../../../shared/bytes.js'
import { CofferError } from '../../../shared/errors.js'
import { LIMITS } from '../../../shared/limits.js'
import { systemWords } from '../../../shared/system-error.js'
import { SecretFiles } from '../../child/secret-files.js'

// The person's own editor, on a file in memory that ends with it. The whole folder goes: swap and backup files that an
// editor puts beside the file are in it. What it keeps elsewhere is its own configuration's matter, and nothing is set
// here against it: vim's viminfo remembers registers (what was yanked or deleted), its undodir and backupdir whole texts,
// emacs's auto-save and backup directories too.

export type Editing = {
  /** What the editor left; undefined when it changed nothing, or was stopped. @throws CofferError when it failed */
  readonly done: Promise<string | undefined>
  /** Ends the editor and takes its file away. */
  readonly stop: () => void
}

export type EditOptions = {
  readonly env: NodeJS.ProcessEnv
  /** What the text is: its last part names the file, so that an editor knows the kind of text by its ending. */
  readonly name: string
  readonly text: string
}

/** An editor that hears SIGHUP has so long to go. */
const GRACE = 2000

/** Runs the editor in the foreground, on this process's own terminal. */
export function edited({ env, name, text }: EditOptions): Editing {
  let files: SecretFiles
  try {
    files = new SecretFiles({ env })
  } catch (error) {
    return { done: Promise.reject(inMemoryOnly(error)), stop: () => undefined }
  }
  let child: ChildProcess | undefined
  let stopped = false
  const run = async (): Promise<string | undefined> => {
    try {
      const path = files.add(fileName(name), utf8(text))
      child = started(env, path)
      await ended(child, () => stopped)
      return stopped ? undefined : changed(text, read(path))
    } finally {
      files.remove()
    }
  }
  return {
    done: run(),
    stop: () => {
      stopped = true
      files.remove()
      if (child !== undefined) end(child)
    },
  }
}

/** A disk is no place for it here, whatever `run --allow-disk` would do. */
function inMemoryOnly(error: unknown): unknown {
  if (!(error instanceof CofferError) || error.reason !== 'no-tmpfs') return error
  return new CofferError('storage', 'there is no file system in memory for the editor’s file', {
    reason: 'no-tmpfs',
    next: 'mount a tmpfs at /dev/shm, or edit the text here',
  })
}

/** `db/config.json` → `config.json`: no name that an option or a hidden file could have. */
function fileName(name: string): string {
  const last = name.slice(name.lastIndexOf('/') + 1)
  const plain = last.replace(/[^A-Za-z0-9._-]/g, '_').replace(/^[-.]+/, '')
  return plain.slice(-64) || 'secret'
}

/**
 * As git does it: the shell takes the words of `code --wait` apart, and the path comes as one of its own. ^C and ^\ are the
 * editor's: the shell waits for what that makes of them.
 */
function started(env: NodeJS.ProcessEnv, path: string): ChildProcess {
  const editor = [env['VISUAL'], env['EDITOR']].find((one) => (one ?? '').trim() !== '') ?? 'vi'
  const line = `trap : INT QUIT\n${editor} "$@"`
  return spawn('/bin/sh', ['-c', line, editor, path], { env, stdio: 'inherit' })
}

async function ended(child: ChildProcess, stopped: () => boolean): Promise<void> {
  const { code, signal } = await new Promise<{ code: number | null; signal: string | null }>(
    (resolve, reject) => {
      child.on('error', reject)
      child.on('exit', (code, signal) => {
        resolve({ code, signal })
      })
    },
  ).catch((error: unknown) => {
    throw failure(`the editor can't be started: ${systemWords(error)}`)
  })
  if (code === 0 || stopped()) return
  if (code === 127) throw failure('there is no such editor', CHOOSE)
  throw failure(`the editor ended with ${signal ?? `code ${code ?? 1}`}; nothing is changed`)
}

const CHOOSE = 'set VISUAL or EDITOR to one that runs in a terminal'

function failure(message: string, next?: string): CofferError {
  return new CofferError('storage', message, {
    reason: 'editor',
    ...(next === undefined ? {} : { next }),
  })
}

/** @throws CofferError `limit`, `format`, or `storage` when the editor took the file away */
function read(path: string): string {
  let bytes: Uint8Array
  try {
    if (statSync(path).size > LIMITS.value + 1) {
      throw new CofferError('limit', `what the editor left is longer than ${LIMITS.value} bytes`)
    }
    bytes = readFileSync(path)
  } catch (error) {
    if (error instanceof CofferError) throw error
    throw failure(`what the editor left can't be read: ${systemWords(error)}`)
  }
  const text = fromUtf8(bytes)
  if (text === undefined) {
    throw new CofferError('format', 'what the editor left is no UTF-8 text', {
      next: 'give the bytes with coffer secret set --file',
    })
  }
  return text
}

/** Editors end the last line with a newline; a value that had none gets none. */
function changed(before: string, after: string): string | undefined {
  const text = !before.endsWith('\n') && after.endsWith('\n') ? after.slice(0, -1) : after
  return text === before ? undefined : text
}

/** The shell and what it started: it may wait for an editor that hears nothing of its end. */
function end(child: ChildProcess): void {
  if (child.exitCode !== null || child.signalCode !== null) return
  const { pid } = child
  const all = pid === undefined ? [] : family(pid)
  const kill = (signal: NodeJS.Signals): void => {
    for (const one of all) {
      try {
        process.kill(one, signal)
      } catch {
        // Gone already.
      }
    }
  }
  kill('SIGHUP')
  // One that was suspended would hear it only when woken.
  kill('SIGCONT')
  const late = setTimeout(() => {
    kill('SIGKILL')
  }, GRACE)
  // Nobody outlives this process on a terminal that is somebody else's by then.
  const last = (): void => {
    kill('SIGKILL')
  }
  process.once('exit', last)
  late.unref()
  child.on('exit', () => {
    if (!all.every((one) => one === pid || !alive(one))) return
    clearTimeout(late)
    process.off('exit', last)
  })
}

function alive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

/** A process and those that it started, as far as the system tells. */
function family(pid: number): number[] {
  try {
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1')
    return [pid, ...children.split(' ').filter(Boolean).map(Number).flatMap(family)]
  } catch {
    return [pid]
  }
}
