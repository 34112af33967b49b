import {
  closeSync,
  lstatSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statfsSync,
  writeSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { displayText } from '../../shared/display.js'
import { CofferError } from '../../shared/errors.js'
import { systemWords } from '../../shared/system-error.js'

// Secrets as files, for programs that take nothing else: of mode 0600, in a folder of mode 0700 in memory, for as long as
// their program runs. What a SIGKILL left behind, the next one that makes such files takes away.

/** statfs(2)'s types of file systems that live in memory. */
const TMPFS = 0x01021994
const RAMFS = 0x858458f6

const PREFIX = 'coffer-files-'

export type SecretFilesOptions = {
  readonly env: NodeJS.ProcessEnv
  /** Where nothing is in memory: a folder on disk will do. */
  readonly allowDisk?: boolean
  /** Folders to try, for tests; the runtime directory and /dev/shm by default. */
  readonly places?: readonly string[]
}

/** A folder of secrets that ends with this process. */
export class SecretFiles {
  readonly folder: string
  readonly #removed = (): void => {
    this.remove()
  }

  /**
   * Makes the folder, and takes away those whose process has gone.
   * @throws CofferError `storage` (reason `no-tmpfs`) where nothing is in memory and a disk isn't allowed
   */
  constructor(options: SecretFilesOptions) {
    this.folder = makeIn(places(options))
    // A last net: whoever uses this removes it before.
    process.on('exit', this.#removed)
  }

  /**
   * One more file. @param name a name without `/`, of this folder
   * @returns its absolute path
   * @throws CofferError `storage` when it can't be written; `exists`
   */
  add(name: string, bytes: Uint8Array): string {
    const path = join(this.folder, name)
    try {
      const fd = openSync(path, 'wx', 0o600)
      try {
        for (let at = 0; at < bytes.length;) at += writeSync(fd, bytes, at)
      } finally {
        closeSync(fd)
      }
    } catch (error) {
      const message = `can't write the file of ${displayText(name)}: ${systemWords(error)}`
      throw new CofferError('storage', message, {
        reason: 'secret-file',
        next: `free memory or space at ${this.folder}`,
        cause: error,
      })
    }
    return path
  }

  /** Takes all of it away; a second time does nothing. */
  remove(): void {
    process.off('exit', this.#removed)
    rmSync(this.folder, { recursive: true, force: true })
  }
}

function places({ env, allowDisk = false, places: given }: SecretFilesOptions): string[] {
  const runtime = env['XDG_RUNTIME_DIR'] ?? ''
  const wanted = given ?? [...(runtime.startsWith('/') ? [runtime] : []), '/dev/shm']
  const found = wanted.filter(isInMemory)
  if (found.length > 0) return found
  if (allowDisk) return [tmpdir()]
  throw new CofferError('storage', 'there is no file system in memory for files of secrets', {
    reason: 'no-tmpfs',
    next: 'mount a tmpfs at /dev/shm, or say --allow-disk: they lie on a disk then until the command ends',
  })
}

/** Whether what is written there stays off the disks (but for swap). */
export function isInMemory(folder: string): boolean {
  try {
    return [TMPFS, RAMFS].includes(statfsSync(folder).type)
  } catch {
    return false
  }
}

function makeIn(folders: readonly string[]): string {
  let problem: unknown
  for (const folder of folders) {
    try {
      sweep(folder)
      return mkdtempSync(join(folder, `${PREFIX}${ownMark()}-`))
    } catch (error) {
      problem = error
    }
  }
  throw new CofferError('storage', `can't make a folder for secrets: ${systemWords(problem)}`, {
    reason: 'secret-file',
    next: `make ${folders.join(' or ')} writable`,
    cause: problem,
  })
}

/** Which process a folder belongs to: its name space of processes, its number, its start. */
function ownMark(): string {
  return `${processSpace()}-${process.pid}-${startOf(process.pid) ?? 0}`
}

function processSpace(): string {
  try {
    return /\d+/.exec(readlinkSync('/proc/self/ns/pid'))?.[0] ?? '0'
  } catch {
    return '0'
  }
}

/** When a process started, in ticks since the machine did; undefined when there is none. */
function startOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    // The name in parentheses may hold anything; the start is the 20th field behind it.
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]
  } catch {
    return undefined
  }
}

/** Takes away folders whose process has gone: it had no time to. */
function sweep(folder: string): void {
  const space = processSpace()
  // Where processes can't be told apart, nothing is known to be left over.
  if (space === '0') return
  for (const name of readdirSync(folder)) {
    const [, theirs, pid, start] = /^coffer-files-(\d+)-(\d+)-(\d+)-/.exec(name) ?? []
    if (theirs !== space || pid === undefined || (startOf(Number(pid)) ?? '0') === start) continue
    removeLeftover(join(folder, name))
  }
}

/** One that resists (somebody mounted something in it, or another user's file is there) stays: it is no reason to fail. */
function removeLeftover(path: string): void {
  try {
    if (isOwn(path)) rmSync(path, { recursive: true, force: true })
  } catch {
    // The next one tries again.
  }
}

function isOwn(path: string): boolean {
  const stat = lstatSync(path, { throwIfNoEntry: false })
  return stat?.isDirectory() === true && stat.uid === process.geteuid?.()
}
