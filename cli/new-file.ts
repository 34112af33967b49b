import { closeSync, fsyncSync, openSync, rmSync, writeSync } from 'node:fs'
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
