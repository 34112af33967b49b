import { networkInterfaces } from 'node:os'
import { setTimeout as wait } from 'node:timers/promises'
import { CofferError } from '../../shared/errors.js'
import { LIMITS } from '../../shared/limits.js'
import { noHome } from '../../shared/protocol/socket-path.js'
import { compareVersions, VERSION } from '../../shared/version.js'
import { openRunning, type DaemonConnection, type Handshake } from './daemon-reach.js'
import { startDaemon, type SpawnOptions } from './daemon-spawn.js'
import { homeExists, homeOf, networkNamespace } from './socket.js'
import { takeTurn, type Turn } from './start-turn.js'

// Reaching the daemon, and starting it when there is none. Of twenty callers at once one starts it, and all meet at the
// one that answers. Where two start one after all, the home's lock leaves one, and the other ends with `busy`.

export type DaemonOptions = SpawnOptions & {
  /** Start a daemon in a folder that is no home yet: for `init` and `join`. Otherwise that is an error. */
  readonly create?: boolean
  /** Milliseconds for everything; LIMITS.daemonStart by default. */
  readonly timeout?: number
}

/**
 * A connection to the home's daemon, which is started when there is none, and replaced when it is older than this
 * program, or runs where there is no network and this doesn't, or is offline and `offline` isn't asked for.
 * @throws CofferError `home` (reason `no-home`) without a home, `timed-out`, or what kept the daemon from starting.
 */
export async function openDaemon(options: DaemonOptions): Promise<DaemonConnection> {
  const home = homeOf(options.env)
  if (options.create !== true && !homeExists(home)) {
    throw noHome(home)
  }
  const end = performance.now() + (options.timeout ?? LIMITS.daemonStart)
  let turn: Turn | undefined
  try {
    let patience = 0
    while (performance.now() < end) {
      const open = await openRunning(home, end)
      if (open !== undefined && !mustReplace(open.handshake, options)) return open
      open?.socket.destroy()
      // A folder that is no home yet is not written into: it may be somebody's.
      if (patience === 0) turn ??= homeExists(home) ? takeTurn(home) : NOBODYS
      // Whoever was busy starting needs a moment: look often, start again seldom, in case it died.
      if (patience > 0 || turn === undefined) {
        patience = Math.max(0, patience - 1)
        await wait(10)
        continue
      }
      const state = await startDaemon(home, options, open?.handshake.pid, end)
      if (state === 'busy') patience = 100
    }
  } finally {
    turn?.()
  }
  throw new CofferError('timed-out', 'the daemon does not answer', {
    reason: 'daemon-start',
    next: 'see coffer daemon logs',
  })
}

const NOBODYS: Turn = () => undefined

function mustReplace(daemon: Handshake, { offline = false }: DaemonOptions): boolean {
  if (compareVersions(VERSION, daemon.version) > 0) return true
  if (daemon.offline && !offline) return true
  return daemon.cut && daemon.netns !== networkNamespace() && !networkIsCut()
}

function networkIsCut(): boolean {
  return Object.values(networkInterfaces()).every((addresses) =>
    (addresses ?? []).every((address) => address.internal),
  )
}
