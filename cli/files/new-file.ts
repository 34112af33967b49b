import {
  closeSync,
  fsyncSync,
  openSync,
  renameSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { CofferError } from '../../shared/errors.js'
import { systemCode, systemWords } from '../../shared/system-error.js'

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

function make(path: string, taken?: string, next = 'name a new file'): number {
  try {
    return openSync(path, 'wx', 0o600)
  } catch (error) {
    const there = systemCode(error) === 'EEXIST'
    const why = (there ? taken : undefined) ?? `can't make ${path}: ${systemWords(error)}`
    throw new CofferError(there ? 'exists' : 'storage', why, {
      reason: there ? 'file-exists' : 'unwritable',
      next,
      cause: error,
    })
  }
}

/**
 * Writes a file that nobody else may read, whole or not at all: beside its place first, then moved there.
 * @param replace whether a file that is there may be replaced; else its name is taken before, so that nothing that comes
 * meanwhile is lost, nor a link that leads nowhere
 * @throws CofferError `exists`, `storage`
 */
export function replaceFile(path: string, bytes: Uint8Array, replace: boolean): void {
  if (!replace) closeSync(make(path, `${path} is there already`, 'name another, or say --force'))
  try {
    moveIn(path, bytes)
  } catch (error) {
    if (!replace) rmSync(path, { force: true })
    throw error
  }
}

function moveIn(path: string, bytes: Uint8Array): void {
  // A name of its own: one behind the file's would be too long where that is as long as may be.
  const beside = join(dirname(path), `.coffer-${process.pid}.new`)
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
