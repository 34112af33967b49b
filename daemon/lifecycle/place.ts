import { createHash } from 'node:crypto'
import { chmodSync, lstatSync, mkdtempSync, rmdirSync, unlinkSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fromUtf8, utf8 } from '../../shared/bytes.js'
import { CofferError } from '../../shared/errors.js'
import { LIMITS } from '../../shared/limits.js'
import {
  fits,
  isPrivate,
  parsePointer,
  pointerText,
  SOCKET_NAME,
  socketPlan,
  type DaemonMark,
  type Variables,
} from '../../shared/protocol/socket-path.js'
import { readPrivate, removeFile, writeAtomic } from '../home/files.js'
import { privateFolder, type Home } from '../home/home.js'
import type { LocalServer } from '../rpc/server.js'

// Where the daemon's socket stands. Only the holder of the home's lock runs this, so nothing here races.

/** How often the daemon looks whether its socket is still there (a logout removes $XDG_RUNTIME_DIR), and its home. */
const LOOK_AGAIN = 2_000

export type PlaceEvents = {
  /** The socket couldn't be bound anew; tried again soon. */
  readonly failed: (error: unknown) => void
  /** The home was removed, or another one stands at its path: nothing of it is this daemon's. */
  readonly gone: () => void
}

/** The daemon's socket: bound, named in the home, and bound anew if its file is removed. */
export class Place {
  readonly #server: LocalServer
  readonly #home: Home
  readonly #env: Variables
  readonly #mark: DaemonMark
  readonly #every: number
  #socket: string | undefined
  #inode = 0
  #timer: ReturnType<typeof setInterval> | undefined

  constructor(
    server: LocalServer,
    home: Home,
    env: Variables,
    mark: DaemonMark,
    every: number = LOOK_AGAIN,
  ) {
    this.#mark = mark
    this.#every = every
    this.#server = server
    this.#home = home
    this.#env = env
  }

  get socket(): string | undefined {
    return this.#socket
  }

  /** Removes what a killed daemon left, binds, and names the socket. @throws CofferError `home`, `storage`. */
  async open({ failed, gone }: PlaceEvents): Promise<void> {
    removeStale(this.#home)
    await this.#bind()
    const mine = identity(this.#home, undefined)
    this.#timer = setInterval(() => {
      if (mine === undefined || identity(this.#home, mine) !== mine) {
        clearInterval(this.#timer)
        gone()
        return
      }
      if (this.#there()) return
      this.#bind().catch(failed)
    }, this.#every)
    this.#timer.unref()
  }

  /** Takes the name away; the server removes the socket's file itself when it closes. */
  close(): void {
    clearInterval(this.#timer)
    if (this.#socket === undefined) return
    try {
      removeFile(this.#home.file('socket'))
    } finally {
      removeFolder(dirname(this.#socket))
    }
  }

  async #bind(): Promise<void> {
    const socket = join(chooseFolder(this.#home, this.#env), SOCKET_NAME)
    unlinkQuietly(socket)
    await this.#server.listen(socket)
    chmodSync(socket, 0o600)
    this.#inode = lstatSync(socket).ino
    this.#socket = socket
    writeAtomic(this.#home.file('socket'), utf8(pointerText(socket, this.#mark)))
  }

  #there(): boolean {
    try {
      return this.#socket !== undefined && lstatSync(this.#socket).ino === this.#inode
    } catch {
      return false
    }
  }
}

/** The socket that the home's pointer names, if its folder is private to the home's owner. */
export function namedSocket(home: Home): string | undefined {
  const rule = { maxBytes: LIMITS.homeFile, uid: home.uid }
  const content = readPrivate(home.file('socket'), rule)
  const named = content === undefined ? undefined : parsePointer(fromUtf8(content) ?? '')
  if (named === undefined) return undefined
  try {
    const stat = lstatSync(named.folder)
    return stat.isDirectory() && isPrivate(stat, home.uid) ? named.socket : undefined
  } catch {
    return undefined
  }
}

/**
 * Which home stands at the path, by the file that holds its lock; undefined when none does, `before` when the disk doesn't
 * tell. LevelDB has that file open, so its inode is given to no other file meanwhile; a time of birth not every kernel
 * tells.
 */
function identity(home: Home, before: string | undefined): string | undefined {
  try {
    const path = join(home.file('lock'), 'LOCK')
    const stat = lstatSync(path, { bigint: true, throwIfNoEntry: false })
    return stat === undefined ? undefined : `${stat.dev} ${stat.ino}`
  } catch {
    return before
  }
}

function removeStale(home: Home): void {
  let socket: string | undefined
  try {
    socket = namedSocket(home)
  } catch {
    // A pointer that can't be one (too large, a link): binding puts another in its place.
  }
  if (socket === undefined) return
  unlinkQuietly(socket)
  removeFolder(dirname(socket))
}

/** A folder for the socket: 0700 and ours, and with a path short enough. @throws CofferError `home`. */
function chooseFolder(home: Home, env: Variables): string {
  const digest = createHash('sha256').update(home.path).digest('hex')
  const plan = socketPlan(
    usableRuntime(env, home.uid) ? env : withoutRuntime(env),
    home.path,
    digest,
  )
  if (plan.kind === 'folder') {
    privateFolder(plan.folder, home.uid)
    return plan.folder
  }
  for (const below of plan.below) {
    const folder = freshFolder(below)
    if (folder !== undefined) return folder
  }
  throw new CofferError('home', 'there is no place for the socket with a path short enough', {
    reason: 'socket-path',
    next: 'set XDG_RUNTIME_DIR, or TMPDIR to a short path',
  })
}

/** A runtime directory that isn't there or isn't ours (`su`, a stale variable) is passed over. */
function usableRuntime(env: Variables, uid: number): boolean {
  try {
    const stat = lstatSync(env['XDG_RUNTIME_DIR'] ?? '')
    return stat.isDirectory() && isPrivate(stat, uid)
  } catch {
    return false
  }
}

function withoutRuntime(env: Variables): Variables {
  return { ...env, XDG_RUNTIME_DIR: undefined }
}

function freshFolder(below: string): string | undefined {
  const prefix = join(below, 'coffer-')
  if (!fits(`${prefix}XXXXXX/${SOCKET_NAME}`)) return undefined
  try {
    return mkdtempSync(prefix)
  } catch {
    return undefined
  }
}

function unlinkQuietly(path: string): void {
  try {
    unlinkSync(path)
  } catch {
    // Not there, or not removable: binding says so.
  }
}

/** Every folder chosen here holds the socket alone. */
function removeFolder(path: string): void {
  try {
    rmdirSync(path)
  } catch {
    // Gone already, or somebody put something into it: theirs to remove.
  }
}
