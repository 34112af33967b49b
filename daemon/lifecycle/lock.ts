import { existsSync, mkdirSync, unlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { CofferError } from '../../shared/errors.js'
import { fileError } from '../home/files.js'
import type { Home } from '../home/home.js'
import { lockFolder, type FolderLock } from '../store/folder-lock.js'

/**
 * Takes the exclusive right to be this home's daemon; undefined when another process has it.
 * @throws CofferError `storage` when the disk is full, read-only or failing.
 */
export async function takeLock(home: Home): Promise<FolderLock | undefined> {
  const folder = home.file('lock')
  try {
    if (!existsSync(folder)) mkdirSync(folder, { mode: 0o700 })
    return await lockFolder(folder)
  } catch (error) {
    throw diskError(home, error)
  }
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
