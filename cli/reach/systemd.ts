import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { CofferError } from '../../shared/errors.js'
import { makeFolder } from '../../shared/make-folder.js'
import { systemWords } from '../../shared/system-error.js'
import { LIMITS } from '../../shared/limits.js'
import { builtin } from '../builtin.js'
import { openRunning } from './daemon-reach.js'
import { daemonProgram } from './daemon-spawn.js'

// The daemon as a systemd user service.

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
  const { status } = builtin('node:child_process').spawnSync(program, ['--user', ...words], {
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
  writeUnit(path, unitText(home, program))
  const open = await openRunning(home)
  open?.socket.destroy()
  const now = open === undefined ? ['--now'] : []
  if (systemctl(system, 'daemon-reload') && systemctl(system, 'enable', ...now, UNIT)) return path
  throw new CofferError('internal', 'systemd refuses the unit', {
    reason: 'systemctl',
    next: `see systemctl --user status ${UNIT}`,
  })
}

function writeUnit(path: string, text: string): void {
  const make = (folder: string): void => mkdirSync(folder, { mode: 0o700 })
  try {
    makeFolder(dirname(path), { make, parentOf: dirname })
    writeFileSync(path, text)
  } catch (error) {
    throw new CofferError('storage', `can't write ${path}: ${systemWords(error)}`, {
      reason: 'unit',
      next: 'make its folder writable; nothing needs systemd: the first command starts the daemon',
      cause: error,
    })
  }
}

/** Takes the unit away if `installService` made one for this home; true when there was one. */
export function uninstallService(home: string, system: Systemd): boolean {
  const path = unitPath(system)
  const text = existsSync(path) ? readFileSync(path, 'utf8') : ''
  if (!text.includes(quoted(`COFFER_HOME=${home}`))) return false
  systemctl(system, 'disable', '--now', UNIT)
  rmSync(path, { force: true })
  systemctl(system, 'daemon-reload')
  return true
}
