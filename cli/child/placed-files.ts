import {
  closeSync,
  existsSync,
  fstatSync,
  lstatSync,
  openSync,
  readlinkSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeSync,
} from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { displayText } from '../../shared/display.js'
import { CofferError } from '../../shared/errors.js'
import { systemCode, systemWords } from '../../shared/system-error.js'
import { isInMemory, SecretFiles } from './secret-files.js'

// Secrets as files at the paths where a program looks for them, for as long as it runs. The bytes are in memory: where the
// path isn't, a symbolic link there leads to them. Nothing that is there already is touched.

export type FileOrder = {
  /** Absolute. */
  readonly path: string
  readonly bytes: Uint8Array
  /** A folder that it must lie below, links followed. */
  readonly below?: string
}

type Options = { readonly env: NodeJS.ProcessEnv; readonly allowDisk: boolean }

/** Files that end with this process. */
export class PlacedFiles {
  readonly #options: Options
  #memory: SecretFiles | undefined
  /** How each is taken away, if it is still what was put there. */
  readonly #undo: (() => void)[] = []
  readonly #removed = (): void => {
    this.remove()
  }

  /**
   * Puts all of them there, or none.
   * @throws CofferError `exists` (reason `file-exists`), `refused` (reason `outside`), `storage` (`no-tmpfs`,
   * `secret-file`)
   */
  constructor(orders: readonly FileOrder[], options: Options) {
    this.#options = options
    process.on('exit', this.#removed)
    try {
      for (const [i, order] of orders.entries()) this.#place(order, i)
    } catch (error) {
      this.remove()
      throw error
    }
  }

  /** Takes all of them away; a second time does nothing. */
  remove(): void {
    process.off('exit', this.#removed)
    for (const undo of this.#undo.splice(0)) undo()
    this.#memory?.remove()
    this.#memory = undefined
  }

  #place(order: FileOrder, index: number): void {
    const { path, bytes } = order
    checkBelow(order)
    if (isInMemory(dirname(path))) {
      this.#undo.push(makeFile(path, bytes))
      return
    }
    this.#memory ??= new SecretFiles(this.#options)
    const target = this.#memory.add(`${index}-${basename(path)}`, bytes)
    clearLeftover(path)
    attempt(path, () => {
      symlinkSync(target, path)
    })
    this.#undo.push(() => {
      if (linkTarget(path) === target) rmSync(path, { force: true })
    })
  }
}

function makeFile(path: string, bytes: Uint8Array): () => void {
  return attempt(path, () => {
    const fd = openSync(path, 'wx', 0o600)
    const { dev, ino } = fstatSync(fd)
    const undo = (): void => {
      const there = lstatSync(path, { throwIfNoEntry: false })
      if (there?.dev === dev && there.ino === ino) rmSync(path, { force: true })
    }
    try {
      for (let at = 0; at < bytes.length;) at += writeSync(fd, bytes, at)
    } catch (error) {
      undo()
      throw error
    } finally {
      closeSync(fd)
    }
    return undo
  })
}

function attempt<T>(path: string, work: () => T): T {
  try {
    return work()
  } catch (error) {
    const there = systemCode(error) === 'EEXIST'
    const why = there ? 'something is there already' : systemWords(error)
    throw new CofferError(
      there ? 'exists' : 'storage',
      `can't put a secret at ${displayText(path)}: ${why}`,
      {
        reason: there ? 'file-exists' : 'secret-file',
        next: there ? 'name another path, or move it away' : 'name a path where files can be made',
        cause: error,
      },
    )
  }
}

/** The link of a `run` that was killed leads to nothing, in a folder of coffer's own naming. */
function clearLeftover(path: string): void {
  const target = linkTarget(path)
  if (
    target === undefined ||
    !/\/coffer-files-[0-9]+-[0-9]+-[0-9]+-[^/]+\/[0-9]+-[^/]+$/.test(target)
  ) {
    return
  }
  if (!existsSync(target)) rmSync(path, { force: true })
}

function linkTarget(path: string): string | undefined {
  try {
    return readlinkSync(path)
  } catch {
    return undefined
  }
}

/** A repository's own symbolic link must not lead a file out of it. */
function checkBelow({ path, below }: FileOrder): void {
  if (below === undefined) return
  const root = attempt(path, () => realpathSync(below))
  const parent = attempt(path, () => realpathSync(dirname(path)))
  if (parent === root || parent.startsWith(join(root, '/'))) return
  throw new CofferError('refused', `${displayText(path)} isn't below ${displayText(below)}`, {
    reason: 'outside',
    next: 'see where the links in the folder of .coffer.yaml lead',
  })
}
