import { randomBytes } from 'node:crypto'
import { statfsSync } from 'node:fs'
import { open, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { systemCode } from '../../shared/system-error.js'
import type { StorageReason } from './store.js'

// What the file system says for itself. LevelDB reports a failed write as text only; what kind of
// failure it was is asked of the disk.

export type Disk = {
  /** Bytes that a user may still write below `dir`, or undefined where the file system doesn't say. */
  free(dir: string): number | undefined
  /** Tries to write and sync `bytes` below `dir`: why that failed, or undefined when it worked. */
  probe(dir: string, bytes: number): Promise<StorageReason | undefined>
}

export const disk: Disk = { free, probe }

function free(dir: string): number | undefined {
  try {
    const { blocks, bavail, bsize } = statfsSync(dir)
    return blocks === 0 ? undefined : bavail * bsize
  } catch {
    return undefined
  }
}

async function probe(dir: string, bytes: number): Promise<StorageReason | undefined> {
  const path = join(dir, `probe-${randomBytes(8).toString('hex')}`)
  try {
    const file = await open(path, 'wx', 0o600)
    try {
      await file.writeFile(new Uint8Array(bytes))
      await file.datasync()
    } finally {
      await file.close()
      await unlink(path)
    }
    return undefined
  } catch (error) {
    return reasonOf(error)
  }
}

/** The reason behind a failed call of Node's file system. */
export function reasonOf(error: unknown): StorageReason {
  switch (systemCode(error)) {
    case 'ENOSPC':
    case 'EDQUOT':
    case 'EFBIG':
      return 'full'
    case 'EROFS':
    case 'EACCES':
    case 'EPERM':
      return 'read-only'
    case 'EMFILE':
    case 'ENFILE':
    case 'EBUSY':
      return 'busy'
    default:
      return 'io'
  }
}
