import {
  chmodSync,
  chownSync,
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs'
import { dirname } from 'node:path'
import { CofferError } from '../../shared/errors.js'
import { systemCode, systemWords } from '../../shared/system-error.js'

/**
 * Puts a file's content in the place of another as a whole: it is there as it was or as it will be, never half. A link
 * stays a link, a mode stays; a new file gets `mode`, and its folder is made.
 * @throws CofferError `storage`
 */
export function rewriteFile(path: string, content: string | Uint8Array, mode: number): void {
  try {
    const real = followed(path)
    mkdirSync(dirname(real), { recursive: true })
    const there = statSync(real, { throwIfNoEntry: false })
    const fresh = `${real}.coffer-${process.pid}`
    const wanted = there === undefined ? mode : there.mode & 0o7777
    try {
      write(fresh, content, wanted)
      // Root edits somebody's file: it stays theirs.
      if (there !== undefined && there.uid !== process.geteuid?.()) {
        chownSync(fresh, there.uid, there.gid)
      }
      renameSync(fresh, real)
    } catch (error) {
      rmSync(fresh, { force: true })
      throw error
    }
  } catch (error) {
    throw new CofferError('storage', `can't write ${path}: ${systemWords(error)}`, {
      reason: 'unwritable',
      next: 'make its folder writable',
      cause: error,
    })
  }
}

function followed(path: string): string {
  try {
    return realpathSync(path)
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return path
    throw error
  }
}

function write(path: string, content: string | Uint8Array, mode: number): void {
  // Nobody else may read it meanwhile, whatever it is to be.
  const fd = openSync(path, 'wx', 0o600)
  try {
    const bytes = Buffer.from(content)
    for (let at = 0; at < bytes.length;) at += writeSync(fd, bytes, at)
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
  chmodSync(path, mode)
}
