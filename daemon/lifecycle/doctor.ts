import { lstatSync, readdirSync, statfsSync, type Stats } from 'node:fs'
import type { Result } from '../../shared/protocol/local.js'
import { CofferError } from '../../shared/errors.js'
import { isPrivate } from '../../shared/protocol/socket-path.js'
import { systemWords } from '../../shared/system-error.js'
import { readConfig } from '../home/config.js'
import { hasHome, openHome, type Home } from '../home/home.js'
import { openerKind } from '../keystore/keystore.js'
import { namedSocket } from './place.js'

/** One line of `doctor`'s report. */
export type Check = Result<'doctor'>['checks'][number]
type Finding = Omit<Check, 'name'>

export type DoctorParts = {
  readonly home: Home
  /** Milliseconds since 1970. */
  readonly now: () => number
  /** Newest time that this device has seen signed, by itself or another; 0 when it knows none. */
  readonly newestKnown: number
}

const MiB = 1024 * 1024
/** statfs(2)'s type of tmpfs. */
const TMPFS = 0x01021994

const ok = (message: string): Finding => ({ level: 'ok', message })
const warning = (message: string, next: string): Finding => ({ level: 'warning', message, next })
const failure = (message: string, next: string): Finding => ({ level: 'failure', message, next })

// The checks of the home itself; the vaults' side adds those of databases and relay. None changes anything.
const CHECKS: Readonly<Record<string, (parts: DoctorParts) => Finding>> = {
  'home-mode': homeMode,
  'home-files': homeFiles,
  layout: layout,
  config: config,
  keystore: keystore,
  socket: socket,
  'disk-space': diskSpace,
  'disk-kind': diskKind,
  clock: clock,
}

/** What is well and what isn't with the home. Never throws: a check that fails is a finding. */
export function checkHome(parts: DoctorParts): readonly Check[] {
  return Object.entries(CHECKS).map(([name, check]) => {
    try {
      return { name, ...check(parts) }
    } catch (error) {
      const known = error instanceof CofferError
      const message = known ? error.message : `can't be checked: ${systemWords(error)}`
      const next = (known ? error.next : undefined) ?? 'see coffer daemon logs'
      return { name, ...failure(message, next) }
    }
  })
}

function homeMode({ home }: DoctorParts): Finding {
  const stat = lstatSync(home.path)
  if (stat.uid !== home.uid) {
    return failure(
      `${home.path} belongs to user ${stat.uid}`,
      `run chown -R ${home.uid} ${home.path}`,
    )
  }
  if (isPrivate(stat, home.uid)) return ok('the home is yours alone')
  return failure(`others may enter ${home.path}`, `run chmod 700 ${home.path}`)
}

function homeFiles({ home }: DoctorParts): Finding {
  const bad = readdirSync(home.path).filter((name) => {
    const stat = quietStat(`${home.path}/${name}`)
    return stat !== undefined && !isPrivate(stat, home.uid)
  })
  if (bad.length === 0) return ok('every file in the home is yours alone')
  return failure(
    `others may use ${bad.length} files in the home, such as ${bad[0] ?? ''}`,
    `run chown -R ${home.uid} ${home.path} && chmod -R go= ${home.path}`,
  )
}

function quietStat(path: string): Stats | undefined {
  try {
    return lstatSync(path)
  } catch {
    return undefined
  }
}

function layout({ home }: DoctorParts): Finding {
  if (!hasHome(home.path, home.uid)) return warning('there is no home yet', 'run coffer init')
  openHome(home.path, home.uid)
  return ok("the home's format is this program's")
}

function config({ home }: DoctorParts): Finding {
  const { autoLock } = readConfig(home)
  if (autoLock === undefined) return ok('the configuration can be read')
  return ok(`the configuration can be read; locks itself after ${autoLock} minutes`)
}

function keystore({ home }: DoctorParts): Finding {
  if (!hasHome(home.path, home.uid)) return warning('there is no keystore yet', 'run coffer init')
  return ok(
    `the keystore opens with a ${openerKind(home) === 'passphrase' ? 'passphrase' : 'key file'}`,
  )
}

function socket({ home }: DoctorParts): Finding {
  const path = namedSocket(home)
  if (path === undefined) {
    return failure('the home names no socket', 'run coffer daemon stop, then any command')
  }
  const stat = lstatSync(path)
  if (stat.isSocket() && isPrivate(stat, home.uid)) return ok(`the daemon listens on ${path}`)
  return failure(`${path} is no socket of yours alone`, 'run coffer daemon stop, then any command')
}

function diskSpace({ home }: DoctorParts): Finding {
  const { bavail, bsize } = statfsSync(home.path)
  const free = Math.floor((bavail * bsize) / MiB)
  if (free >= 256) return ok(`${free} MiB of disk space are free`)
  const message = `only ${free} MiB of disk space are free`
  return free >= 32 ? warning(message, 'free some space') : failure(message, 'free some space')
}

function diskKind({ home }: DoctorParts): Finding {
  if (statfsSync(home.path).type !== TMPFS) return ok('the home outlives a restart')
  return warning(
    'the home is in memory (tmpfs): a restart loses it',
    'set COFFER_HOME to a folder on a disk',
  )
}

/** 2024: no machine that runs this has an earlier clock by right. */
const EARLIEST = Date.UTC(2024, 0, 1)
const HOUR = 3600 * 1000

function clock({ now, newestKnown }: DoctorParts): Finding {
  const behind = Math.max(EARLIEST, newestKnown) - now()
  if (behind <= HOUR) return ok('the clock is plausible')
  return warning(
    `the clock is at least ${Math.round(behind / HOUR)} hours behind`,
    'set the clock: writes made now may lose against older ones',
  )
}
