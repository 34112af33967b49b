import {
  closeSync,
  existsSync,
  fsyncSync,
  openSync,
  renameSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { CofferError } from '../shared/errors.js'
import { systemCode, systemWords } from '../shared/system-error.js'

/**
 * Makes a file that nobody else may read, has `work` bring its content, and takes it away again when that fails: a file
 * that can't be made is found out before anything is done that can't be undone.
 * @throws CofferError `exists`, `storage`, or what `work` throws
 */
export async function writeNewFile<T>(
  path: string,
  work: (write: (text: string) => void) => Promise<T>,
): Promise<T> {
  const fd = make(path)
  try {
    const result = await work((text) => {
      writeSync(fd, text)
      fsyncSync(fd)
    })
    closeSync(fd)
    return result
  } catch (error) {
    closeSync(fd)
    rmSync(path, { force: true })
    throw error
  }
}

function make(path: string): number {
  try {
    return openSync(path, 'wx', 0o600)
  } catch (error) {
    const there = systemCode(error) === 'EEXIST'
    throw new CofferError(
      there ? 'exists' : 'storage',
      `can't make ${path}: ${systemWords(error)}`,
      {
        reason: there ? 'file-exists' : 'unwritable',
        next: 'name a new file',
        cause: error,
      },
    )
  }
}

/**
 * Writes a file that nobody else may read, whole or not at all: beside its place first, then moved there.
 * @param replace whether a file that is there may be replaced
 * @throws CofferError `exists`, `storage`
 */
export function replaceFile(path: string, bytes: Uint8Array, replace: boolean): void {
  if (!replace && existsSync(path)) {
    throw new CofferError('exists', `${path} is there already`, {
      reason: 'file-exists',
      next: 'name another, or say --force',
    })
  }
  const beside = `${path}.${process.pid}.new`
  const fd = make(beside)
  try {
    writeFileSync(fd, bytes)
    fsyncSync(fd)
    renameSync(beside, path)
  } catch (error) {
    rmSync(beside, { force: true })
    throw new CofferError('storage', `can't write ${path}: ${systemWords(error)}`, {
      reason: 'unwritable',
      next: 'free space, or name another file',
      cause: error,
    })
  } finally {
    closeSync(fd)
  }
}
