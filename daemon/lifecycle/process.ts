import { closeSync, writeSync } from 'node:fs'
import { CofferError, ERROR_CODES } from '../../shared/errors.js'

// The daemon as a process: what it keeps of its surroundings, and what it tells whoever started it.

/** The only variables a daemon keeps; the CLI passes no others (cli/daemon-start.ts). */
const KEPT: readonly string[] = [
  'COFFER_HOME',
  'CREDENTIALS_DIRECTORY',
  'HOME',
  'LANG',
  'LC_ALL',
  'NODE_EXTRA_CA_CERTS',
  'PATH',
  'TMPDIR',
  'TZ',
  'XDG_DATA_HOME',
  'XDG_RUNTIME_DIR',
]

/** Forgets every other variable, gives files to the owner alone, and leaves the folder it was started in. */
export function settle(): void {
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
      throw new CofferError('usage', `cofferd takes no such argument`, { next: 'cofferd --help' })
    }
  }
  return options
}

/** What a starting daemon says, one line of JSON: it is ready, another one has the home, or why it can't start. */
export type Outcome =
  | { readonly state: 'ready' }
  | { readonly state: 'busy' }
  | { readonly state: 'failed'; readonly error: CofferError }

/** Tells the starter and closes the pipe; does nothing without one. Returns whether somebody was told. */
export function tell(fd: number | undefined, outcome: Outcome): boolean {
  if (fd === undefined) return false
  try {
    writeSync(fd, `${JSON.stringify(outcomeJson(outcome))}\n`)
    closeSync(fd)
  } catch {
    // The starter has gone; that's no reason not to run.
  }
  return true
}

function outcomeJson(outcome: Outcome): object {
  if (outcome.state !== 'failed') return outcome
  const { code, message, reason, next } = outcome.error
  return { state: 'failed', error: { code, message, reason, next } }
}

/** The exit status of a daemon that didn't start. */
export function exitOf(outcome: Outcome): number {
  if (outcome.state === 'ready') return 0
  return outcome.state === 'busy' ? ERROR_CODES.exists : ERROR_CODES[outcome.error.code]
}
