import { mkdirSync, unlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Level } from 'level'
import { CofferError } from '../../shared/errors.js'
import { fileError, systemCode } from '../home/files.js'
import type { Home } from '../home/home.js'

// Node has no flock(2), and every protocol of pid and socket files leaves a race or a stale lock after kill -9. LevelDB
// takes an fcntl(2) lock on its folder, which the kernel releases at the holder's death: an empty database is our lock.

/** The exclusive right to be this home's daemon, until `release` or the end of the process. */
export type Lock = { release(): Promise<void> }

/**
 * Takes the home's lock; undefined when another process holds it.
 * @throws CofferError `storage` when the disk is full, read-only or failing.
 */
export async function takeLock(home: Home): Promise<Lock | undefined> {
  const folder = home.file('lock')
  const db = new Level(folder, { compression: false, cacheSize: 0, writeBufferSize: 64 * 1024 })
  try {
    mkdirSync(folder, { mode: 0o700, recursive: true })
    await db.open()
  } catch (error) {
    await db.close().catch(() => undefined)
    if (reasons(error).includes('LEVEL_LOCKED')) return undefined
    throw diskError(home, error)
  }
  return { release: () => db.close() }
}

function reasons(error: unknown): (string | undefined)[] {
  const cause = error instanceof Error ? error.cause : undefined
  return [systemCode(error), systemCode(cause)]
}

/** LevelDB reports a failed write as text: what kind it was is asked of the disk by writing there. */
function diskError(home: Home, error: unknown): CofferError {
  const probe = join(home.path, `lock.${'0'.repeat(16)}.tmp`)
  try {
    writeFileSync(probe, new Uint8Array(4096), { flag: 'wx', mode: 0o600 })
    unlinkSync(probe)
  } catch (failure) {
    return fileError(failure, `can't start in ${home.path}`)
  }
  return new CofferError('storage', `can't lock ${home.path}`, {
    reason: 'lock',
    next: `remove ${home.file('lock')} while no daemon runs, then try again`,
    cause: error,
  })
}
