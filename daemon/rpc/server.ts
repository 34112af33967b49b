import { createServer, type Server, type Socket } from 'node:net'
import { CofferError } from '../../shared/errors.js'
import { fits } from '../../shared/protocol/socket-path.js'
import type { Request } from '../../shared/protocol/local-wire.js'
import { fileError } from '../home/files.js'
import type { Log } from '../lifecycle/log.js'
import type { Call, PlainHandler } from './call.js'
import { Peer, type Shared } from './peer.js'
import { SERVER_LIMITS, type ServerLimits } from './server-limits.js'

export type ServerParts = {
  /** Answers one JSON-RPC request: `dispatcher(…)`. */
  readonly answer: (request: Request, call: Call) => Promise<object>
  readonly plain: PlainHandler
  readonly log: Log
  /** Lower caps, for tests. */
  readonly limits?: Partial<ServerLimits>
}

/**
 * Answers on a Unix socket. Who may connect is decided by the folder it stands in (0700, owner-checked by the caller):
 * Node can't ask the kernel for the peer's user.
 */
export class LocalServer {
  readonly #shared: Shared
  readonly #limits: ServerLimits
  // In the order of their last activity: the first idle one is dropped when there is no room.
  readonly #peers = new Set<Peer>()
  #server: Server | undefined
  #count = 0

  constructor({ answer, plain, log, limits }: ServerParts) {
    this.#limits = { ...SERVER_LIMITS, ...limits }
    this.#shared = {
      answer,
      plain,
      limits: this.#limits,
      partial: 0,
      kept: 0,
      failed: (error) => {
        log.failure('request-failed', error)
      },
      active: (peer) => {
        if (this.#peers.delete(peer)) this.#peers.add(peer)
      },
      closed: (peer) => {
        this.#peers.delete(peer)
      },
    }
  }

  get connections(): number {
    return this.#peers.size
  }

  /**
   * Binds `path`, which must not exist, and answers from now on.
   * @throws CofferError `home` (reason `socket-path`) for a path that the kernel would cut, `storage`.
   */
  async listen(path: string): Promise<void> {
    if (!fits(path)) {
      throw new CofferError('home', `the socket's path ${path} is too long`, {
        reason: 'socket-path',
        next: 'set XDG_RUNTIME_DIR, or TMPDIR to a short path',
      })
    }
    // A second call binds anew when the socket's file was removed. First the old one: closing it unlinks its path.
    this.#server?.close()
    const server = createServer({ allowHalfOpen: true }, (socket) => {
      this.#accept(socket)
    })
    await new Promise<void>((resolve, reject) => {
      server.once('error', (error) => {
        reject(fileError(error, `can't listen on ${path}`))
      })
      server.listen(path, resolve)
    })
    // A listening socket that fails later (too many open files) must not end the daemon.
    server.on('error', (error) => {
      this.#shared.failed(error)
    })
    this.#server = server
  }

  /** Accepts no more, lets requests in work finish for up to `drain` ms, then closes every connection. */
  async close(drain: number): Promise<void> {
    const server = this.#server
    this.#server = undefined
    // Node removes the socket's file itself.
    server?.close()
    let timer: ReturnType<typeof setTimeout> | undefined
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, drain)
    })
    await Promise.race([Promise.all([...this.#peers].map((peer) => peer.finish())), late])
    clearTimeout(timer)
    for (const peer of this.#peers) peer.destroy()
  }

  #accept(socket: Socket): void {
    const peer = new Peer(socket, ++this.#count, this.#shared)
    if (this.#peers.size >= this.#limits.connections && !this.#dropOne()) {
      peer.refuse(
        new CofferError('limit', 'too many connections to the daemon', { reason: 'connections' }),
      )
    }
    this.#peers.add(peer)
  }

  #dropOne(): boolean {
    for (const peer of this.#peers) {
      if (!peer.idle) continue
      peer.destroy()
      return this.#peers.delete(peer)
    }
    return false
  }
}
