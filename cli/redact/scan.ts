import { Buffer } from 'node:buffer'
import { spawn, spawnSync } from 'node:child_process'
import {
  chmodSync,
  closeSync,
  constants,
  fstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  lstatSync,
  writeSync,
} from 'node:fs'
import { join, resolve } from 'node:path'
import { displayText } from '../../shared/display.js'
import { CofferError } from '../../shared/errors.js'
import { systemCode, systemWords } from '../../shared/system-error.js'
import { Scanner, type Find, type Wanted } from './scanner.js'

// Where `scan` looks: files, folders, and what git is about to commit.

export type Place = Find & { readonly path: string }
export type Found = (place: Place) => void

const CHUNK = 256 * 1024

/** Scans a file, or everything below a folder but `.git`; symbolic links aren't followed. @throws CofferError `usage` */
export function scanPath(wanted: Wanted, folder: string, typed: string, found: Found): void {
  const stack = [typed]
  for (let path = stack.pop(); path !== undefined; path = stack.pop()) {
    const full = resolve(folder, path)
    try {
      const stat = lstatSync(full)
      if (stat.isDirectory()) {
        const names = readdirSync(full).filter((name) => name !== '.git')
        stack.push(
          ...names
            .toSorted()
            .toReversed()
            .map((name) => join(path ?? '', name)),
        )
      } else if (stat.isFile()) scanFile(wanted, full, path, found)
    } catch (error) {
      // What comes and goes while it is looked at is no fault; what was named and can't be read is.
      if (systemCode(error) === 'ENOENT' && path !== typed) continue
      throw unreadable(path, error)
    }
  }
}

function scanFile(wanted: Wanted, full: string, path: string, found: Found): void {
  const fd = openSync(full, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW)
  try {
    if (!fstatSync(fd).isFile()) return
    const scanner = scannerOf(wanted, path, found)
    const chunk = Buffer.alloc(CHUNK)
    for (let length = readSync(fd, chunk); length > 0; length = readSync(fd, chunk)) {
      scanner.push(chunk.subarray(0, length))
    }
    scanner.end()
  } finally {
    closeSync(fd)
  }
}

function scannerOf(wanted: Wanted, path: string, found: Found): Scanner {
  return new Scanner(wanted, (find) => {
    found({ path, ...find })
  })
}

function unreadable(path: string, error: unknown): CofferError {
  if (error instanceof CofferError) return error
  return new CofferError('usage', `can't read ${displayText(path)}: ${systemWords(error)}`, {
    reason: 'unreadable',
    next: 'name files and folders that you may read',
    cause: error,
  })
}

// git runs nothing that a repository's own configuration names.
const GIT = ['-c', 'core.fsmonitor=false', '-c', 'core.quotePath=false']

/** What a git command prints. @throws CofferError `usage` (reason `no-git`) */
function git(folder: string, words: readonly string[]): Buffer {
  const done = spawnSync('git', [...GIT, ...words], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'pipe'],
    maxBuffer: 256 * 1024 * 1024,
  })
  if (done.status === 0) return done.stdout
  const said = done.error === undefined ? done.stderr.toString().trim() : systemWords(done.error)
  throw new CofferError('usage', `git ${words[0] ?? ''} failed: ${said.slice(0, 500)}`, {
    reason: 'no-git',
    next: 'run it within a git repository',
  })
}

type Blob = { readonly id: string; readonly path: string }

/** Scans what the next commit would change: the index, not the files. @throws CofferError `usage` (reason `no-git`) */
export async function scanStaged(wanted: Wanted, folder: string, found: Found): Promise<void> {
  const diff = ['diff', '--cached', '--raw', '-z', '--no-renames', '--no-abbrev', '--no-ext-diff']
  const blobs = stagedBlobs(git(folder, [...diff, '--diff-filter=ACMT']).toString())
  if (blobs.length === 0) return
  const child = spawn('git', [...GIT, 'cat-file', '--batch'], {
    cwd: folder,
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const ended = new Promise<number | null>((done, fail) => {
    child.once('error', fail)
    child.once('close', done)
  })
  child.stdin.on('error', () => undefined)
  child.stdin.end(blobs.map(({ id }) => `${id}\n`).join(''))
  const batch = new Batch(blobs, (path) => scannerOf(wanted, path, found))
  for await (const chunk of child.stdout) {
    if (Buffer.isBuffer(chunk)) batch.push(chunk)
  }
  if ((await ended) === 0 && batch.isDone) return
  throw new CofferError('internal', 'git cat-file ended too soon', { reason: 'no-git' })
}

/** Of `:modes ids status NUL path NUL…`: files and links, no submodules. */
function stagedBlobs(raw: string): Blob[] {
  const parts = raw.split('\0')
  const blobs: Blob[] = []
  for (let i = 0; i + 1 < parts.length; i += 2) {
    const [, mode = '', , id = ''] = (parts[i] ?? '').split(' ')
    if (mode !== '160000') blobs.push({ id, path: parts[i + 1] ?? '' })
  }
  return blobs
}

/** Reads `ID blob SIZE LF bytes LF`, again and again. */
class Batch {
  readonly #blobs: readonly Blob[]
  readonly #scannerOf: (path: string) => Scanner
  #next = 0
  #waiting: Buffer = Buffer.alloc(0)
  #current: { readonly scanner: Scanner; left: number } | undefined

  constructor(blobs: readonly Blob[], make: (path: string) => Scanner) {
    this.#blobs = blobs
    this.#scannerOf = make
  }

  get isDone(): boolean {
    return this.#next === this.#blobs.length && this.#current === undefined
  }

  push(chunk: Buffer): void {
    this.#waiting = Buffer.concat([this.#waiting, chunk])
    while (this.#current === undefined ? this.#begin() : this.#go(this.#current));
  }

  #begin(): boolean {
    const end = this.#waiting.indexOf(0x0a)
    if (end < 0) return false
    const [, , size] = this.#waiting.toString('latin1', 0, end).split(' ')
    const { path = '' } = this.#blobs[this.#next++] ?? {}
    this.#waiting = this.#waiting.subarray(end + 1)
    if (size !== undefined) this.#current = { scanner: this.#scannerOf(path), left: Number(size) }
    return true
  }

  #go(current: { readonly scanner: Scanner; left: number }): boolean {
    const part = this.#waiting.subarray(0, current.left)
    current.scanner.push(part)
    current.left -= part.length
    this.#waiting = this.#waiting.subarray(part.length)
    if (current.left > 0 || this.#waiting.length === 0) return false
    current.scanner.end()
    this.#waiting = this.#waiting.subarray(1)
    this.#current = undefined
    return true
  }
}

const HOOK = `#!/bin/sh
# Made by coffer scan --install-hook: refuses a commit that holds a secret.
exec coffer scan --staged
`

/** Makes git's pre-commit hook, where core.hooksPath says. @returns its path. @throws CofferError `exists`, `storage` */
export function installHook(folder: string): string {
  const hooks = git(folder, ['rev-parse', '--git-path', 'hooks']).toString().replace(/\n$/, '')
  const path = join(resolve(folder, hooks), 'pre-commit')
  try {
    mkdirSync(resolve(folder, hooks), { recursive: true })
    const fd = openSync(path, 'wx', 0o755)
    writeSync(fd, HOOK)
    closeSync(fd)
    chmodSync(path, 0o755)
    return path
  } catch (error) {
    const there = systemCode(error) === 'EEXIST'
    throw new CofferError(
      there ? 'exists' : 'storage',
      `can't make ${path}: ${there ? 'there is one' : systemWords(error)}`,
      {
        reason: there ? 'hook-exists' : 'unwritable',
        next: there
          ? 'put this line into it: coffer scan --staged || exit'
          : 'make its folder writable',
        cause: error,
      },
    )
  }
}
