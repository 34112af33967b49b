import {
  chmodSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  realpathSync,
  rmSync,
  type Stats,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { fromUtf8, utf8 } from '../../shared/bytes.js'
import { CofferError } from '../../shared/errors.js'
import { LIMITS } from '../../shared/limits.js'
import { makeFolder } from '../../shared/make-folder.js'
import {
  canonicalPath,
  HOME_FILES,
  homePath,
  isPrivate,
  LAYOUT_VERSION,
  layoutText,
  layoutVersion,
  noHome,
  withoutTemporary,
  type Variables,
} from '../../shared/protocol/socket-path.js'
import { systemCode } from '../../shared/system-error.js'
import { fileError, readPrivate, writeAtomic } from './files.js'

export type HomeFile = keyof typeof HOME_FILES

/** One user's home folder: owner and modes have been checked. */
export type Home = {
  /** Canonical and absolute. */
  readonly path: string
  readonly uid: number
  /** The path of one of its files. */
  readonly file: (name: HomeFile) => string
}

/**
 * The canonical path of the caller's home, which needn't exist: links on the way are resolved as far as it does.
 * @throws CofferError `home` (reason `not-absolute`).
 */
export function locateHome(env: Variables, userHome: string): string {
  return canonicalPath(homePath(env, userHome), (path) => {
    try {
      return realpathSync.native(path)
    } catch (error) {
      if (systemCode(error) === 'ENOENT') return undefined
      throw fileError(error, `can't reach ${path}`)
    }
  })
}

function homeAt(path: string, uid: number): Home {
  return { path, uid, file: (name) => join(path, HOME_FILES[name]) }
}

function stat(path: string): Stats | undefined {
  try {
    return lstatSync(path)
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined
    throw fileError(error, `can't reach ${path}`)
  }
}

const make = (path: string): void => mkdirSync(path, { mode: 0o700 })

/**
 * A folder of `uid` that nobody else may enter: made when missing, tightened when looser.
 * @throws CofferError `home` (reasons `not-a-folder`, `not-owner`, `modes-not-kept`), `storage`.
 */
export function privateFolder(path: string, uid: number): void {
  try {
    if (stat(path) === undefined) makeFolder(path, { make, parentOf: dirname })
    const found = lstatSync(path)
    if (!found.isDirectory()) {
      throw new CofferError('home', `${path} is no folder`, {
        reason: 'not-a-folder',
        next: 'set COFFER_HOME to a folder',
      })
    }
    if (found.uid !== uid) {
      throw new CofferError('home', `${path} belongs to user ${found.uid}, not ${uid}`, {
        reason: 'not-owner',
        next: 'run coffer as its owner (not with sudo), or set COFFER_HOME',
      })
    }
    if ((found.mode & 0o777) !== 0o700) chmodSync(path, 0o700)
    if (!isPrivate(lstatSync(path), uid)) {
      throw new CofferError('home', `${path} is on a file system that keeps no modes`, {
        reason: 'modes-not-kept',
        next: 'set COFFER_HOME to a folder on a Linux file system',
      })
    }
  } catch (error) {
    throw fileError(error, `can't use ${path}`)
  }
}

/** Whether there is a home: its `layout` was written. @throws CofferError `home` when it isn't the caller's. */
export function hasHome(path: string, uid: number): boolean {
  if (stat(path) === undefined) return false
  return (
    readPrivate(join(path, HOME_FILES.layout), { maxBytes: LIMITS.homeFile, uid }) !== undefined
  )
}

/**
 * The existing home at `path`.
 * @throws CofferError `home`: `no-home`, `newer` (made by a newer coffer), `layout`, or as `privateFolder`.
 */
export function openHome(path: string, uid: number): Home {
  if (!hasHome(path, uid)) {
    throw noHome(path)
  }
  privateFolder(path, uid)
  const home = homeAt(path, uid)
  const text = readPrivate(home.file('layout'), { maxBytes: LIMITS.homeFile, uid })
  const version = layoutVersion((text === undefined ? undefined : fromUtf8(text)) ?? '')
  if (version === undefined) {
    throw new CofferError('home', `${home.file('layout')} is damaged`, {
      reason: 'layout',
      next: 'bring the home back from a backup',
    })
  }
  if (version > LAYOUT_VERSION) {
    throw new CofferError('home', `${path} was made by a newer coffer`, {
      reason: 'newer',
      next: 'upgrade coffer on this machine',
    })
  }
  return home
}

const OURS = Object.values(HOME_FILES)
const isOurs = (name: string): boolean => OURS.some((own) => own === withoutTemporary(name))

/**
 * The folder of a home, made when missing (0700) and checked to keep modes; `layout` is not yet written, so it is
 * no home until `finishHome`. An existing home is checked as by `openHome`.
 * @throws CofferError as `privateFolder` and `openHome`; `home` (reason `not-empty`) for a folder with other things in it.
 */
export function prepareHome(path: string, uid: number): Home {
  if (hasHome(path, uid)) return openHome(path, uid)
  if (stat(path)?.isDirectory() === true && !readdirSync(path).every(isOurs)) {
    throw new CofferError('home', `${path} has other files in it`, {
      reason: 'not-empty',
      next: 'set COFFER_HOME to a folder of its own',
    })
  }
  privateFolder(path, uid)
  return homeAt(path, uid)
}

/** Takes away what an interrupted `init` left, so that keys and database of a new one belong together. */
export function clearUnfinished(home: Home): void {
  for (const name of ['keystore', 'device', 'settings', 'locked', 'vaults'] as const) {
    rmSync(home.file(name), { recursive: true, force: true })
  }
  removeTemporary(home)
}

/** Removes temporary files that a killed process left. Only the daemon, which holds the lock, may. */
export function removeTemporary(home: Home): void {
  for (const name of readdirSync(home.path)) {
    if (name.endsWith('.tmp') && isOurs(name)) rmSync(join(home.path, name), { force: true })
  }
}

/** Writes `layout`, last of all, durably: from now on it is a home. */
export function finishHome(home: Home): void {
  writeAtomic(home.file('layout'), utf8(layoutText()))
}
