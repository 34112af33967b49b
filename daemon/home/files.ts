import {
  closeSync,
  constants,
  existsSync,
  fchmodSync,
  fstatSync,
  fsyncSync,
  linkSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  unlinkSync,
  writeSync,
} from 'node:fs'
import { dirname } from 'node:path'
import { randomBytes } from 'node:crypto'
import type { Bytes } from '../../shared/bytes.js'
import { CofferError } from '../../shared/errors.js'
import { systemCode, systemWords } from '../../shared/system-error.js'

const STORAGE: Readonly<Record<string, readonly [reason: string, next: string]>> = {
  ENOSPC: ['full', 'free some space and try again'],
  EDQUOT: ['full', 'free some space and try again'],
  EROFS: ['read-only', 'make it writable again'],
  EIO: ['io', 'look at the system log'],
  EMFILE: ['files', 'raise the limit of open files'],
  ENFILE: ['files', 'raise the limit of open files'],
}

/** The coded error of a failed file operation; `what` says what was tried, without secrets. */
export function fileError(error: unknown, what: string): CofferError {
  if (error instanceof CofferError) return error
  const code = systemCode(error)
  const message = `${what}: ${systemWords(error)}`
  const storage = code === undefined ? undefined : STORAGE[code]
  if (storage !== undefined) {
    const [reason, next] = storage
    return new CofferError('storage', message, { reason, next, cause: error })
  }
  return new CofferError('home', message, {
    reason: code === 'EACCES' || code === 'EPERM' ? 'no-access' : 'file',
    next: 'run coffer doctor',
    cause: error,
  })
}

export type FileRule = {
  readonly maxBytes: number
  readonly uid: number
  /** Also root's files, and a group's read right: what systemd gives as a credential. */
  readonly credential?: boolean
}

/**
 * The content of a regular file that only `uid` can read, or undefined when there is none. Symbolic links are refused.
 * @throws CofferError `home` (reasons `not-a-file`, `not-owner`, `file-mode`), `limit`, `storage`.
 */
export function readPrivate(path: string, rule: FileRule): Bytes | undefined {
  let fd: number
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined
    if (systemCode(error) === 'ELOOP') throw refused(path, 'not-a-file', 'is a symbolic link')
    throw fileError(error, `can't read ${path}`)
  }
  try {
    checkOwnership(path, fd, rule)
    return readAll(path, fd, rule.maxBytes)
  } catch (error) {
    throw fileError(error, `can't read ${path}`)
  } finally {
    closeSync(fd)
  }
}

function refused(path: string, reason: string, what: string, next?: string): CofferError {
  return new CofferError('home', `${path} ${what}`, {
    reason,
    ...(next === undefined ? {} : { next }),
  })
}

function checkOwnership(path: string, fd: number, rule: FileRule): void {
  const { uid, credential = false } = rule
  const stat = fstatSync(fd)
  if (!stat.isFile()) throw refused(path, 'not-a-file', 'is no regular file')
  if (stat.uid !== uid && !(credential && stat.uid === 0)) {
    throw refused(path, 'not-owner', `belongs to user ${stat.uid}`, 'run coffer as its owner')
  }
  const others = credential ? 0o007 : 0o077
  if ((stat.mode & others) !== 0) {
    throw refused(path, 'file-mode', 'can be read by others', `run chmod 600 ${path}`)
  }
}

function readAll(path: string, fd: number, maxBytes: number): Bytes {
  const buffer = new Uint8Array(maxBytes + 1)
  let length = 0
  for (;;) {
    const got = readSync(fd, buffer, length, buffer.length - length, null)
    length += got
    if (length > maxBytes) {
      throw new CofferError('limit', `${path} has more than ${maxBytes} bytes`, {
        reason: 'oversize',
      })
    }
    if (got === 0) return buffer.slice(0, length)
  }
}

function writeAll(fd: number, bytes: Bytes): void {
  let at = 0
  while (at < bytes.length) at += writeSync(fd, bytes, at)
}

/** Makes the directory's entries durable. */
export function syncFolder(path: string): void {
  const fd = openSync(path, constants.O_RDONLY | constants.O_DIRECTORY)
  try {
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
}

/** Writes a fresh file of mode 0600, durable. @throws the system error; EEXIST when there is one. */
function writeFresh(path: string, bytes: Bytes): void {
  const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW
  const fd = openSync(path, flags, 0o600)
  try {
    fchmodSync(fd, 0o600)
    writeAll(fd, bytes)
    fsyncSync(fd)
  } catch (error) {
    unlinkSync(path)
    throw error
  } finally {
    closeSync(fd)
  }
}

/**
 * Replaces or makes `path` (0600) so that a reader, also after a crash, sees the old content or the new, never less:
 * a temporary file in the same folder, fsync, rename, fsync of the folder.
 * @throws CofferError `storage`, `home`.
 */
export function writeAtomic(path: string, bytes: Bytes): void {
  const fresh = `${path}.${randomBytes(8).toString('hex')}.tmp`
  try {
    writeFresh(fresh, bytes)
    try {
      renameSync(fresh, path)
    } catch (error) {
      unlinkSync(fresh)
      throw error
    }
    syncFolder(dirname(path))
  } catch (error) {
    throw fileError(error, `can't write ${path}`)
  }
}

/** Makes `path` (0600), which must not exist. @throws CofferError `exists`, `storage`, `home`. */
export function writeNew(path: string, bytes: Bytes): void {
  try {
    writeFresh(path, bytes)
    syncFolder(dirname(path))
  } catch (error) {
    if (systemCode(error) !== 'EEXIST') throw fileError(error, `can't write ${path}`)
    throw taken(path)
  }
}

/**
 * Writes pieces to `path` (0600) as they come. It is there as a whole or not at all, and while they come under another
 * name beside it; what was there before stays unless `replace`.
 * @throws CofferError `exists`, `storage`, `home`, or what `pieces` throws
 */
export async function writePieces(
  path: string,
  pieces: AsyncIterable<Bytes>,
  replace: boolean,
): Promise<void> {
  const fresh = `${path}.${randomBytes(8).toString('hex')}.tmp`
  try {
    // What can't be there at the end isn't begun.
    if (!replace && existsSync(path)) throw taken(path)
    const fd = openSync(fresh, 'wx', 0o600)
    try {
      for await (const piece of pieces) writeAll(fd, piece)
      fsyncSync(fd)
      if (replace || !linked(fresh, path)) renameSync(fresh, path)
    } finally {
      closeSync(fd)
      rmSync(fresh, { force: true })
    }
    syncFolder(dirname(path))
  } catch (error) {
    if (systemCode(error) === 'EEXIST') throw taken(path)
    throw fileError(error, `can't write ${path}`)
  }
}

/** Gives a file its name where there is none of it. False on what has no hard links, such as a memory stick. */
function linked(fresh: string, path: string): boolean {
  try {
    linkSync(fresh, path)
    return true
  } catch (error) {
    if (!['EPERM', 'ENOTSUP', 'ENOSYS', 'EMLINK'].includes(systemCode(error) ?? '')) throw error
    if (existsSync(path)) throw taken(path)
    return false
  }
}

function taken(path: string): CofferError {
  return new CofferError('exists', `${path} exists already`, {
    reason: 'file-exists',
    next: 'name a file that does not exist',
  })
}

/** Removes `path`, durably; true when there was one. @throws CofferError `storage`, `home`. */
export function removeFile(path: string): boolean {
  try {
    unlinkSync(path)
    syncFolder(dirname(path))
    return true
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return false
    throw fileError(error, `can't remove ${path}`)
  }
}
