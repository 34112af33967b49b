import { utf8 } from '../bytes.js'
import { CofferError } from '../errors.js'
import { LIMITS } from '../limits.js'

// Where one user's home and its daemon's socket are (SPEC section 10). Pure: the CLI and the daemon,
// which can't import each other, compute it alike from the environment they are given.

export type Variables = Readonly<Record<string, string | undefined>>

/** Names of the files in a home. */
export const HOME_FILES = {
  /** Format of the home; made last by whoever makes the home. */
  layout: 'layout',
  config: 'config.json',
  keystore: 'keystore',
  device: 'device',
  /** Sealed: the user vault, selection, relay, a pending join. */
  settings: 'settings',
  /** The vaults' databases, a folder each. */
  vaults: 'vaults',
  /** Present while a person's `lock` holds. */
  locked: 'locked',
  /** Names the socket of the running daemon. */
  socket: 'socket',
  /** Holds the key of a root that passes to a newer daemon. */
  handover: 'handover',
  /** Present while a command starts the daemon: the others wait for it. */
  starting: 'starting',
  log: 'daemon.log',
  oldLog: 'daemon.log.1',
  /** The database whose lock, released by the kernel at death, makes the daemon the only one. */
  lock: 'lock',
  run: 'run',
  /** A random line that changes when shells with the hook shall look again. */
  hook: 'hook',
} as const

/** The name of a file in a home without what a killed daemon leaves at its end, where it was replacing the file. */
export function withoutTemporary(name: string): string {
  return name.replace(/\.[0-9a-f]{16}\.tmp$/, '')
}

/** The newest home that this program can use; an older program refuses a newer home. */
export const LAYOUT_VERSION = 1

/** `layout`: one line naming format and version. */
export function layoutText(version: number = LAYOUT_VERSION): string {
  return `coffer-home ${version}\n`
}

/** Version of a `layout` file, or undefined when it is none. */
export function layoutVersion(text: string): number | undefined {
  const found = /^coffer-home ([1-9][0-9]{0,3})\n$/.exec(text)
  return found === null ? undefined : Number(found[1])
}

function absolute(name: string, path: string): string {
  if (!path.startsWith('/') || path.includes('\0') || utf8(path).length > LIMITS.path) {
    throw new CofferError('home', `${name} is not an absolute path`, {
      reason: 'not-absolute',
      next: `set ${name} to an absolute path`,
    })
  }
  return path.replace(/\/+/g, '/').replace(/(.)\/$/, '$1')
}

/**
 * The home: $COFFER_HOME, else $XDG_DATA_HOME/coffer, else ~/.local/share/coffer. An empty variable counts as unset.
 * @throws CofferError `home` (reason `not-absolute`).
 */
export function homePath(env: Variables, userHome: string): string {
  const own = env['COFFER_HOME']
  if (own !== undefined && own !== '') return absolute('COFFER_HOME', own)
  const data = env['XDG_DATA_HOME']
  if (data !== undefined && data !== '') return `${absolute('XDG_DATA_HOME', data)}/coffer`
  return `${absolute('HOME', userHome)}/.local/share/coffer`
}

/**
 * `path` with its links resolved as far as it exists, so that one home has one name.
 * @param realpath the canonical path of what exists, undefined where nothing is
 */
export function canonicalPath(
  path: string,
  realpath: (path: string) => string | undefined,
): string {
  const there = realpath(path)
  if (there !== undefined || path === '/') return there ?? path
  const at = path.lastIndexOf('/')
  const parent = canonicalPath(path.slice(0, at) || '/', realpath)
  return `${parent === '/' ? '' : parent}${path.slice(at)}`
}

/** There is no home where one is needed. */
export function noHome(path: string): CofferError {
  return new CofferError('home', `there is no coffer home at ${path}`, {
    reason: 'no-home',
    next: 'run coffer init',
  })
}

export const SOCKET_NAME = 'daemon.sock'

/** Where a starting daemon binds: a folder (0700, made if missing), or a fresh one below each of `temporary`. */
export type SocketPlan =
  | { readonly kind: 'folder'; readonly folder: string }
  | { readonly kind: 'temporary'; readonly below: readonly string[] }

/**
 * The folder for the socket of `home` (canonical): `$XDG_RUNTIME_DIR/coffer-<digest>`, else `<home>/run`;
 * a fresh temporary one when the path would exceed what the kernel takes.
 * @param digest at least 16 characters of the lower-case hex SHA-256 of the home's path
 */
export function socketPlan(env: Variables, home: string, digest: string): SocketPlan {
  const runtime = env['XDG_RUNTIME_DIR']
  const folder =
    runtime?.startsWith('/') === true
      ? `${absolute('XDG_RUNTIME_DIR', runtime)}/coffer-${digest.slice(0, 16)}`
      : `${home}/${HOME_FILES.run}`
  if (fits(`${folder}/${SOCKET_NAME}`)) return { kind: 'folder', folder }
  const temporary = env['TMPDIR']
  return {
    kind: 'temporary',
    below: temporary?.startsWith('/') === true ? [absolute('TMPDIR', temporary), '/tmp'] : ['/tmp'],
  }
}

/** Whether a socket path is short enough to be bound and connected to. */
export function fits(socket: string): boolean {
  return utf8(socket).length <= LIMITS.socketPath
}

/** What a pointer says of the daemon, so that the CLI's short way sees without asking that another must be started. */
export type DaemonMark = {
  readonly version: string
  /** The network namespace of a daemon that was started where there is no way out. */
  readonly cut: string | undefined
  readonly offline: boolean
}

/** `socket`: the absolute path of the running daemon's socket on one line, and its mark on the next. */
export function pointerText(socket: string, { version, cut, offline }: DaemonMark): string {
  return `${socket}\n${version} ${cut ?? '-'} ${offline ? 'offline' : 'online'}\n`
}

export type Pointer = {
  readonly socket: string
  readonly folder: string
  readonly mark: DaemonMark
}

/** The socket that a pointer names, the folder it stands in and the mark; undefined for anything else. */
export function parsePointer(text: string): Pointer | undefined {
  const found = /^((?:\/[^/\n\0]+)+)\/([^/\n\0]+)\n(\S+) (\S+) (offline|online)\n$/.exec(text)
  const [, folder, name, version = '', cut, network] = found ?? []
  if (folder === undefined || name !== SOCKET_NAME || !fits(`${folder}/${name}`)) return undefined
  const mark = { version, cut: cut === '-' ? undefined : cut, offline: network === 'offline' }
  return { socket: `${folder}/${name}`, folder, mark }
}

/** What `stat` says of a file, as far as ownership goes. */
export type Ownership = { readonly uid: number; readonly mode: number }

/** True when `uid` owns it and nobody else may read, write or enter. */
export function isPrivate(file: Ownership, uid: number): boolean {
  return file.uid === uid && (file.mode & 0o077) === 0
}
