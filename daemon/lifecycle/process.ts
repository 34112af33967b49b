import { closeSync, writeSync } from 'node:fs'
import { CofferError, ERROR_CODES } from '../../shared/errors.js'
import {
  DAEMON_VARIABLES,
  outcomeLine,
  type StartOutcome,
} from '../../shared/protocol/daemon-start.js'

// The daemon as a process: what it keeps of its surroundings, and what it tells whoever started it.

/** What else than the CLI's variables a daemon keeps: what systemd or a person gives it. */
const KEPT: readonly string[] = ['COFFER_HOME', 'CREDENTIALS_DIRECTORY', ...DAEMON_VARIABLES]

/** Forgets every other variable, gives files to the owner alone, and leaves the folder it was started in. */
export function settle(): void {
  // Unheard it would open Node's debugger at 127.0.0.1, where every user of the machine may connect and run code in here.
  process.on('SIGUSR1', () => undefined)
  for (const name of Object.keys(process.env)) if (!KEPT.includes(name)) delete process.env[name]
  process.umask(0o077)
  process.chdir('/')
}

export type DaemonOptions = {
  /** Inherited pipe on which readiness is told, once. */
  readonly readyFd: number | undefined
  readonly offline: boolean
  /** The process of the daemon that it takes over from. */
  readonly predecessor: number | undefined
}

export const DAEMON_HELP = `cofferd: the daemon of coffer, which 'coffer' starts by itself

usage: cofferd [--offline]

  --offline    open no network connection
  --version    print the version
  --help       print this

Its home is $COFFER_HOME, else $XDG_DATA_HOME/coffer, else ~/.local/share/coffer.
`

/** @throws CofferError `usage`. */
export function parseOptions(argv: readonly string[]): DaemonOptions {
  let options: DaemonOptions = { readyFd: undefined, offline: false, predecessor: undefined }
  for (let i = 0; i < argv.length; i++) {
    const word = argv[i] ?? ''
    if (word === '--offline') options = { ...options, offline: true }
    else if (word === '--successor-of' && /^[1-9][0-9]{0,9}$/.test(argv[i + 1] ?? '')) {
      options = { ...options, predecessor: Number(argv[++i]) }
    } else if (word === '--ready-fd' && /^[3-9]$/.test(argv[i + 1] ?? '')) {
      options = { ...options, readyFd: Number(argv[++i]) }
    } else {
      throw new CofferError('usage', `cofferd takes no argument '${word}' here`, {
        reason: 'unknown-option',
        next: 'see cofferd --help',
      })
    }
  }
  return options
}

/** Tells the starter and closes the pipe; does nothing without one. Returns whether somebody was told. */
export function tell(fd: number | undefined, outcome: StartOutcome): boolean {
  if (fd === undefined) return false
  try {
    writeSync(fd, outcomeLine(outcome))
    closeSync(fd)
  } catch {
    // The starter has gone; that's no reason not to run.
  }
  return true
}

/** The exit status of a daemon that didn't start. */
export function exitOf(outcome: StartOutcome): number {
  if (outcome.state === 'ready') return 0
  return outcome.state === 'busy' ? ERROR_CODES.exists : ERROR_CODES[outcome.error.code]
}
