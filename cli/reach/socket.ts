import { readFileSync, readlinkSync, statSync, type Stats } from 'node:fs'
import { CofferError } from '../../shared/errors.js'
import { LIMITS } from '../../shared/limits.js'
import {
  HOME_FILES,
  homePath,
  isPrivate,
  LAYOUT_VERSION,
  layoutVersion,
  parsePointer,
  type Pointer,
} from '../../shared/protocol/socket-path.js'
import { VERSION } from '../../shared/version.js'

// Where the daemon of this home listens, if one does. Only files and folders of the caller's own count: whoever else
// could write them would be handed passphrases.

/** The home that the environment names; it may not exist. @throws CofferError `home`. */
export function homeOf(env: NodeJS.ProcessEnv): string {
  return homePath(env, env['HOME'] ?? '')
}

/** Whether the home was made to its end. @throws CofferError `home` when it is another user's or of a newer coffer. */
export function homeExists(home: string): boolean {
  const layout = readOwn(`${home}/${HOME_FILES.layout}`)
  if (layout === undefined) return false
  const version = layoutVersion(layout)
  if (version !== undefined && version <= LAYOUT_VERSION) return true
  throw new CofferError('home', 'the home was made by a newer coffer', {
    reason: 'newer-layout',
    next: 'upgrade coffer on this machine',
  })
}

/** The socket that the running daemon has named in the home; undefined when there is none to trust. */
export function socketOf(home: string): string | undefined {
  return pointerOf(home)?.socket
}

/**
 * The same for the short way, which does no handshake: undefined too when the daemon may have to be replaced first (of
 * another version, offline though this call isn't, started in another network where there was no way out).
 */
export function readySocketOf(home: string, offline: boolean): string | undefined {
  const pointer = pointerOf(home)
  if (pointer === undefined) return undefined
  const { version, cut, offline: isOffline } = pointer.mark
  const fitting =
    version === VERSION &&
    (!isOffline || offline) &&
    (cut === undefined || cut === networkNamespace())
  return fitting ? pointer.socket : undefined
}

function pointerOf(home: string): Pointer | undefined {
  const pointer = parsePointer(readOwn(`${home}/${HOME_FILES.socket}`) ?? '')
  if (pointer === undefined) return undefined
  const folder = statOf(pointer.folder)
  return folder !== undefined && isPrivate(folder, uid()) ? pointer : undefined
}

/** The network namespace of this process (`net:[4026531840]`), undefined where there are none. */
export function networkNamespace(): string | undefined {
  try {
    return readlinkSync('/proc/self/ns/net')
  } catch {
    return undefined
  }
}

/** A small file that is the caller's own and nobody else's to read or write; undefined when there is none. */
function readOwn(path: string): string | undefined {
  const stat = statOf(path)
  if (stat === undefined || !stat.isFile() || stat.size > LIMITS.homeFile) return undefined
  if (!isPrivate(stat, uid())) {
    throw new CofferError('home', `${path} is not yours alone`, {
      reason: 'not-private',
      next: `look at its owner and modes with ls -ld ${path}`,
    })
  }
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}

/** Undefined where there is nothing. @throws CofferError `home` (reason `no-access`) where this user may not look. */
function statOf(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false })
  } catch (error) {
    throw new CofferError('home', `can't reach ${path}`, {
      reason: 'no-access',
      next: 'run coffer as its owner, or set COFFER_HOME',
      cause: error,
    })
  }
}

function uid(): number {
  return process.getuid?.() ?? -1
}
