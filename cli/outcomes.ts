import { ERROR_CODES, isErrorCode, type ErrorCode } from '../shared/errors.js'

// What commands exit with, and which variables count. Help and the README's tables are made from it.

const MEANINGS: { readonly [C in ErrorCode]: string } = {
  internal: 'a fault in coffer',
  usage: 'the command line is not right (32 in earthly provider, whose 2 means not found)',
  'not-found': 'there is no such secret, org, project or device',
  locked: 'the home is locked',
  'cannot-decrypt': 'wrong passphrase or key file, or damaged ciphertext',
  refused: "the role doesn't allow it, or a rule forbids it",
  stale: 'what is here is too old, or still loading',
  conflict: 'values were written apart',
  unreachable: 'the relay (or the daemon) is not there',
  tampering: 'a signature, hash or key is not what it must be',
  exists: 'it is there already',
  'timed-out': 'it took too long',
  'relay-refused': 'the relay said no',
  storage: 'disk or file fault',
  limit: 'larger than coffer takes',
  format: 'not of the form that coffer reads',
  home: 'there is no usable home',
  expired: 'the code or permission is past its time',
  cancelled: 'cancelled by you',
}

/** Exit codes, in order; two words may share one. */
export const EXITS: readonly {
  readonly exit: string
  readonly code: string
  readonly text: string
}[] = [
  { exit: '0', code: 'ok', text: 'done' },
  ...Object.keys(ERROR_CODES)
    .filter((code) => isErrorCode(code))
    .map((code) => ({ exit: String(ERROR_CODES[code]), code, text: MEANINGS[code] }))
    .toSorted((a, b) => Number(a.exit) - Number(b.exit)),
  {
    exit: '126, 127',
    code: 'cannot-start',
    text: "run's command can't be started, or isn't there",
  },
  { exit: "the child's", code: '', text: 'run: its code unchanged, 128+N for a signal' },
]

export const VARIABLES: readonly { readonly name: string; readonly text: string }[] = [
  { name: 'COFFER_HOME', text: 'the folder that holds everything of this home' },
  { name: 'COFFER_ORG', text: 'the org, where no --org is given' },
  { name: 'COFFER_PROJECT', text: 'the project, where no --project is given' },
  { name: 'COFFER_OFFLINE', text: '1: as if --offline were given' },
  {
    name: 'COFFER_TOKEN_FILE',
    text: "a runner's token (mode 0600): get, ls and run are the runner's",
  },
  {
    name: 'COFFER_BUNDLE',
    text: "a bundle's file, which a runner reads in its relay's place",
  },
  { name: 'COFFER_TOKEN', text: 'the token itself; no child inherits it' },
  { name: 'EARTHLY_ORG', text: 'like COFFER_ORG, which wins' },
  { name: 'EARTHLY_PROJECT', text: 'like COFFER_PROJECT, which wins' },
  { name: 'NO_COLOR', text: 'no colours' },
  { name: 'CLICOLOR_FORCE', text: '1: colours in a pipe too' },
]
