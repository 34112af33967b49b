import { spawnSync } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { fromUtf8 } from '../shared/bytes.js'
import { CofferError } from '../shared/errors.js'
import { LIMITS } from '../shared/limits.js'
import { LineReader } from '../shared/protocol/lines.js'
import { parseIncoming, requestLine } from '../shared/protocol/local-wire.js'
import { HOME_FILES } from '../shared/protocol/socket-path.js'
import { daemonProgram, openRunning, type DaemonConnection } from './daemon-start.js'
import { socketOf } from './socket.js'

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
      const next = 'coffer daemon logs'
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

/** The system around: injected, so that tests have a systemd of their own. */
export type Systemd = {
  readonly env: NodeJS.ProcessEnv
  /** Exists where systemd is the running init (sd_booted(3)). */
  readonly booted?: string
  readonly systemctl?: string
}

const UNIT = 'coffer.service'

function unitPath({ env }: Systemd): string {
  const config = env['XDG_CONFIG_HOME']
  const base = config?.startsWith('/') === true ? config : join(env['HOME'] ?? '/', '.config')
  return join(base, 'systemd/user', UNIT)
}

function systemctl(
  { env, systemctl: program = 'systemctl' }: Systemd,
  ...words: string[]
): boolean {
  const { status } = spawnSync(program, ['--user', ...words], {
    env,
    stdio: 'ignore',
    timeout: LIMITS.daemonStart,
  })
  return status === 0
}

/** One word of a unit file: quoted, and safe from its specifiers and variables. */
function quoted(word: string): string {
  if (/[\n\r\0]/.test(word)) {
    throw new CofferError('home', 'a path has a line break in it', { reason: 'path' })
  }
  return `"${word.replace(/[\\"]/g, '\\$&').replace(/%/g, '%%').replace(/\$/g, '$$$$')}"`
}

/** The systemd user unit of a home's daemon. */
export function unitText(home: string, program: string): string {
  return `[Unit]
Description=coffer daemon
Documentation=man:systemd.service(5)

[Service]
ExecStart=${quoted(process.execPath)} ${quoted(program)}
Environment=${quoted(`COFFER_HOME=${home}`)}
UMask=0077
LimitCORE=0
Restart=on-failure
# usage, exists (another daemon has the home), storage, home: trying again wouldn't help
RestartPreventExitStatus=2 28 31 33

[Install]
WantedBy=default.target
`
}

/**
 * Makes systemd start the home's daemon at login (and now, when none runs). Returns the unit's path.
 * @throws CofferError `internal` (exit 1, reason `no-systemd`) where systemd doesn't run for this user.
 */
export async function installService(
  home: string,
  system: Systemd,
  program: string = daemonProgram(),
): Promise<string> {
  if (
    !existsSync(system.booted ?? '/run/systemd/system') ||
    !systemctl(system, 'show-environment')
  ) {
    throw new CofferError('internal', 'systemd does not run here for this user', {
      reason: 'no-systemd',
      next: 'nothing is lost: the first command starts the daemon',
    })
  }
  const path = unitPath(system)
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, unitText(home, program))
  const open = await openRunning(home)
  open?.socket.destroy()
  const now = open === undefined ? ['--now'] : []
  if (systemctl(system, 'daemon-reload') && systemctl(system, 'enable', ...now, UNIT)) return path
  throw new CofferError('internal', 'systemd refuses the unit', {
    reason: 'systemctl',
    next: `systemctl --user status ${UNIT}`,
  })
}

/** Takes the unit away if `installService` made one for this home; true when there was one. */
function uninstallService(home: string, system: Systemd): boolean {
  const path = unitPath(system)
  const text = existsSync(path) ? readFileSync(path, 'utf8') : ''
  if (!text.includes(quoted(`COFFER_HOME=${home}`))) return false
  systemctl(system, 'disable', '--now', UNIT)
  rmSync(path, { force: true })
  systemctl(system, 'daemon-reload')
  return true
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
/** What a killed daemon may leave beside a file that it was replacing. */
const TEMPORARY = /\.[0-9a-f]{16}\.tmp$/
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
    const known = name.replace(TEMPORARY, '')
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
