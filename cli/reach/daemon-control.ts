import { existsSync, readdirSync, readFileSync, rmdirSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fromUtf8 } from '../../shared/bytes.js'
import { CofferError } from '../../shared/errors.js'
import { LIMITS } from '../../shared/limits.js'
import { LineReader } from '../../shared/protocol/lines.js'
import { parseIncoming, requestLine } from '../../shared/protocol/local-wire.js'
import { HOME_FILES, withoutTemporary } from '../../shared/protocol/socket-path.js'
import { openRunning, type DaemonConnection } from './daemon-reach.js'
import { socketOf } from './socket.js'
import { uninstallService, type Systemd } from './systemd.js'

// What the command line does with a daemon beyond talking to it. Nothing here starts one.

/**
 * Ends the home's daemon and waits until its process has gone; false when none ran.
 * @throws CofferError `timed-out` when it doesn't end.
 */
export async function stopDaemon(home: string): Promise<boolean> {
  const open = await openRunning(home)
  if (open === undefined) return false
  await ended(open)
  return true
}

/** The daemon leaves this one connection to the end of its process: that it closes means that it has gone. */
function ended({ socket }: DaemonConnection): Promise<void> {
  const lines = new LineReader(LIMITS.homeFile)
  return new Promise((resolve, reject) => {
    const done = (error?: Error): void => {
      clearTimeout(timer)
      socket.destroy()
      if (error === undefined) resolve()
      else reject(error)
    }
    const timer = setTimeout(() => {
      const next = 'see coffer daemon logs'
      done(new CofferError('timed-out', 'the daemon does not end', { reason: 'stop', next }))
    }, LIMITS.daemonStart)
    socket.on('data', (chunk: Buffer) => {
      try {
        for (const line of lines.push(chunk)) {
          const message = parseIncoming(fromUtf8(line) ?? '')
          if (message.kind === 'error') done(message.error)
        }
      } catch (error) {
        done(error instanceof Error ? error : new Error('no answer'))
      }
    })
    socket.on('error', () => {
      done()
    })
    socket.on('close', () => {
      done()
    })
    socket.resume()
    socket.write(requestLine(1, 'daemonStop', {}))
  })
}

/** The daemon's log, oldest line first; empty when there is none. */
export function daemonLog(home: string): string {
  return [HOME_FILES.oldLog, HOME_FILES.log]
    .map((name) => join(home, name))
    .map((path) => (existsSync(path) ? readFileSync(path, 'utf8') : ''))
    .join('')
}

/** What `uninstall` did and what it left. */
export type Uninstalled = {
  readonly stopped: boolean
  readonly service: boolean
  /** The home is gone. */
  readonly data: boolean
  /** Things in the home that aren't coffer's, and stay. */
  readonly left: boolean
}

const NAMES: readonly string[] = Object.values(HOME_FILES)
const DATA: readonly string[] = [
  HOME_FILES.layout,
  HOME_FILES.config,
  HOME_FILES.keystore,
  HOME_FILES.device,
  HOME_FILES.settings,
  HOME_FILES.vaults,
  HOME_FILES.locked,
]

/**
 * Ends the daemon and removes its service, log and runtime files; with `data` the home too, secrets included. Files in
 * the home that coffer doesn't know stay. A key file elsewhere is its owner's to remove.
 */
export async function uninstall(
  home: string,
  data: boolean,
  system: Systemd,
): Promise<Uninstalled> {
  const service = uninstallService(home, system)
  const stopped = await stopDaemon(home)
  const socket = socketOf(home)
  if (socket !== undefined) {
    // A killed daemon left it; the folder is the socket's alone.
    rmSync(socket, { force: true })
    removeEmpty(dirname(socket))
  }
  for (const name of existsSync(home) ? readdirSync(home) : []) {
    const known = withoutTemporary(name)
    const ours = NAMES.includes(known) && (data || known !== name || !DATA.includes(known))
    if (ours) rmSync(join(home, name), { recursive: true, force: true })
  }
  if (!data) return { stopped, service, data: false, left: false }
  return { stopped, service, data: true, left: !removeEmpty(home) }
}

function removeEmpty(folder: string): boolean {
  try {
    // Recursive would take foreign files along.
    rmdirSync(folder)
    return true
  } catch {
    return !existsSync(folder)
  }
}
