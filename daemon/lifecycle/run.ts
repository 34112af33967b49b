import { homedir } from 'node:os'
import type { StartOutcome } from '../../shared/protocol/daemon-start.js'
import { complaint } from '../../shared/complaint.js'
import { CofferError } from '../../shared/errors.js'
import { LIMITS } from '../../shared/limits.js'
import type { Variables } from '../../shared/protocol/socket-path.js'
import type { Secret } from '../../shared/redacted.js'
import { VERSION } from '../../shared/version.js'
import { fileError } from '../home/files.js'
import { locateHome, prepareHome, removeTemporary, type Home } from '../home/home.js'
import type { FolderLock } from '../store/folder-lock.js'
import { takeLock } from './lock.js'
import type { Compose, Held } from './parts.js'
import type { Takeover } from './handover.js'
import { DAEMON_HELP, exitOf, parseOptions, settle, tell, type DaemonOptions } from './process.js'

// From the first instruction to a daemon that answers. What loses the race for the home ends before it has loaded
// libsodium or the vaults: twenty cold starts at once cost little more than one.

/**
 * Runs the daemon of the home that the environment names, with the vaults' side that `load` brings. Ends the process
 * when it can't: exit status and, without a starter's pipe, a line on stderr.
 */
export async function runDaemon(
  argv: readonly string[],
  load: () => Promise<Compose>,
): Promise<void> {
  if (argv.length === 1 && (argv[0] === '--help' || argv[0] === '-h')) return print(DAEMON_HELP)
  if (argv.length === 1 && argv[0] === '--version') return print(`cofferd ${VERSION}\n`)
  let readyFd: number | undefined
  let outcome: StartOutcome
  try {
    const options = parseOptions(argv)
    readyFd = options.readyFd
    const held = await hold(options)
    if (held === undefined) outcome = { state: 'busy' }
    else {
      const { serve } = await import('./serve.js')
      await serve(held, await load())
      outcome = { state: 'ready' }
    }
  } catch (error) {
    outcome = { state: 'failed', error: startError(error) }
  }
  const told = tell(readyFd, outcome)
  if (outcome.state === 'ready') return
  if (!told) process.stderr.write(said(outcome))
  process.exit(exitOf(outcome))
}

function print(text: string): void {
  process.stdout.write(text)
}

function said(outcome: StartOutcome): string {
  if (outcome.state === 'failed') return complaint(outcome.error)
  return complaint(
    new CofferError('exists', 'another daemon has this home', {
      reason: 'in-use',
      next: 'see coffer daemon status',
    }),
  )
}

function startError(error: unknown): CofferError {
  if (error instanceof CofferError) return error
  return new CofferError('internal', `the daemon can't start: ${nameOf(error)}`, {
    next: 'see coffer daemon logs',
    cause: error,
  })
}

const nameOf = (error: unknown): string => (error instanceof Error ? error.name : 'unknown error')

/** Makes the home ours, or undefined when it is another daemon's. */
async function hold(options: DaemonOptions): Promise<Held | undefined> {
  settle()
  const env: Variables = { ...process.env }
  const home = prepareHome(locateHome(env, homedir()), userId())
  const { lock, handed } =
    options.predecessor === undefined ? await first(home) : await succeed(home, options.predecessor)
  if (lock === undefined) return undefined
  try {
    removeTemporary(home)
    await cleared(home)
  } catch (error) {
    await lock.release()
    throw fileError(error, `can't start in ${home.path}`)
  }
  return { home, lock, options, env, handed }
}

function userId(): number {
  const uid = process.geteuid?.()
  if (uid !== undefined) return uid
  throw new CofferError('home', 'this system has no users as coffer knows them', {
    reason: 'platform',
    next: 'run coffer on Linux, macOS or WSL2',
  })
}

type Won = { readonly lock: FolderLock | undefined; readonly handed: Secret | undefined }

async function first(home: Home): Promise<Won> {
  const lock = await takeLock(home)
  if (lock === undefined || !(await successorHasPlace(home))) return { lock, handed: undefined }
  await lock.release()
  return { lock: undefined, handed: undefined }
}

async function successorHasPlace(home: Home): Promise<boolean> {
  const { successorComes } = await import('./handover.js')
  return successorComes(home)
}

async function cleared(home: Home): Promise<void> {
  const { clearHandover } = await import('./handover.js')
  clearHandover(home)
}

async function succeed(home: Home, predecessor: number): Promise<Won> {
  const [{ takeOver, withdraw }, { systemRandom }, { cryptoReady }] = await Promise.all([
    import('./handover.js'),
    import('../random.js'),
    import('../../shared/crypto/hash.js'),
  ])
  await cryptoReady
  let taken: Takeover
  try {
    taken = await takeOver(home, predecessor, systemRandom)
  } catch (error) {
    withdraw(home)
    // Another successor was faster, or looked at this one's key for a moment: somebody will answer.
    const busy =
      error instanceof CofferError && ['successor', 'no-handover'].includes(error.reason ?? '')
    if (busy) {
      return { lock: undefined, handed: undefined }
    }
    throw error
  }
  const end = performance.now() + (taken.asked ? LIMITS.daemonDrain : 0)
  for (;;) {
    const lock = await takeLock(home)
    if (lock !== undefined) return { lock, handed: taken.root }
    if (performance.now() > end) {
      withdraw(home)
      return { lock: undefined, handed: undefined }
    }
    // The predecessor's connection has closed, so it ends this very moment; the kernel frees its lock with it.
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}
