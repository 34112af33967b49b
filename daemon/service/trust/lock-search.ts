import { dirname, join } from 'node:path'
import { CofferError } from '../../../shared/errors.js'
import { LIMITS } from '../../../shared/limits.js'
import { readIfThere } from '../selection-file.js'

// Finds `.coffer/lock`. It comes with a repository, which may be anybody's: it is size-capped and checked.

export type FoundLock = {
  /** Absolute. */
  readonly path: string
  readonly content: string
}

/** A lock file by its path; undefined when there is none. @throws CofferError `format` */
export async function readLock(path: string): Promise<FoundLock | undefined> {
  const content = await readIfThere(path, LIMITS.lockFile)
  return content === undefined ? undefined : { path, content }
}

/** The nearest lock file at or above `cwd` (absolute). @throws CofferError `format` */
export async function findLock(cwd: string): Promise<FoundLock | undefined> {
  for (let folder = cwd; ; folder = dirname(folder)) {
    const found = await readLock(join(folder, '.coffer', 'lock')).catch(passFolder)
    if (found !== undefined || folder === dirname(folder)) return found
  }
}

/** A home called `.coffer` has a folder of that name. */
function passFolder(error: unknown): undefined {
  if (error instanceof CofferError && error.reason === 'not-a-file') return undefined
  throw error
}
