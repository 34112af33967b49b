import { errorFields, errorOf, fieldsOf, parsedLine } from './error-line.js'
import type { CofferError } from '../errors.js'
import { object, oneOf, optional } from './schema.js'

// Between the CLI that starts a daemon and the daemon that starts: what it inherits, and what it says on its pipe
// (SPEC section 10).

/** The CLI's variables that a daemon keeps, and no others: it outlives the shell that happened to start it. */
export const DAEMON_VARIABLES = [
  'HOME',
  'LANG',
  'LC_ALL',
  'NODE_EXTRA_CA_CERTS',
  'PATH',
  'TMPDIR',
  'TZ',
  'XDG_DATA_HOME',
  'XDG_RUNTIME_DIR',
] as const

/** What a starting daemon says, one line of JSON: it is ready, another one has the home, or why it can't start. */
const outcomeSchema = object({
  state: oneOf('ready', 'busy', 'failed'),
  error: optional(errorFields),
})

export type StartOutcome =
  | { readonly state: 'ready' }
  | { readonly state: 'busy' }
  | { readonly state: 'failed'; readonly error: CofferError }

/** The line, with its newline. */
export function outcomeLine(outcome: StartOutcome): string {
  if (outcome.state !== 'failed') return `${JSON.stringify({ state: outcome.state })}\n`
  return `${JSON.stringify({ state: 'failed', error: fieldsOf(outcome.error) })}\n`
}

/** What such a line says. @throws CofferError `format` for anything else */
export function readOutcome(line: string): StartOutcome {
  const { state, error } = outcomeSchema.check(
    parsedLine(line, "the daemon's first line is not JSON"),
    'the daemon',
  )
  if (state !== 'failed') return { state }
  return { state, error: errorOf(error, 'the daemon failed to start') }
}
