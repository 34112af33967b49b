import { Level } from 'level'
import { systemCode } from '../../shared/system-error.js'

/** An exclusive lock on a folder, until `release` or the end of the process, however it ends. */
export type FolderLock = { release(): Promise<void> }

/**
 * Takes the lock of `dir`, an empty LevelDB database kept for nothing else (made when missing, its parent must exist);
 * undefined when another process holds it. Node has no flock(2); LevelDB takes an fcntl(2) lock, which the kernel
 * releases at the holder's death, so that nothing stale is ever left. Throws what `level` threw when the disk fails.
 */
export async function lockFolder(dir: string): Promise<FolderLock | undefined> {
  const db = new Level(dir, { compression: false, cacheSize: 0, writeBufferSize: 64 * 1024 })
  try {
    await db.open()
  } catch (error) {
    await db.close().catch(() => undefined)
    const cause = error instanceof Error ? error.cause : undefined
    if (systemCode(error) === 'LEVEL_LOCKED' || systemCode(cause) === 'LEVEL_LOCKED')
      return undefined
    throw error
  }
  return { release: () => db.close() }
}
