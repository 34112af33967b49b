import { errorFields, errorOf, fieldsOf, parsedLine } from './error-line.js'
import type { CofferError } from '../errors.js'
import { LIMITS } from '../limits.js'
import { object, optional, text } from './schema.js'

// Between the CLI of a runner and the process that it starts for one command (SPEC section 10): how it is told what to do,
// and what an enrolment says, a line of JSON each.

/** The argument of the daemon's program for one plain request of a runner, whose token comes on stdin. */
export const AS_RUNNER = '--runner'
/** Behind AS_RUNNER: the file of a bundle, absolute, which is read in the relay's place. */
export const BUNDLE = '--bundle'
/** The same for an enrolment, whose code comes on stdin. */
export const ENROLL = '--enroll'
/** The descriptor of the plain connection, or of the enrolment's lines. */
export const RUNNER_FD = 3

const lineSchema = object({
  fingerprint: optional(text(64)),
  token: optional(text(LIMITS.tokenText)),
  error: optional(errorFields),
})

/** What an enrolment says: its fingerprint first, then the token or why there is none. */
export type EnrollLine =
  | { readonly kind: 'fingerprint' | 'token'; readonly text: string }
  | { readonly kind: 'error'; readonly error: CofferError }

/** The line, with its newline. */
export function enrollLine(line: EnrollLine): string {
  if (line.kind !== 'error') return `${JSON.stringify({ [line.kind]: line.text })}\n`
  return `${JSON.stringify({ error: fieldsOf(line.error) })}\n`
}

/** @throws CofferError `format` for anything else */
export function readEnrollLine(line: string): EnrollLine {
  const { fingerprint, token, error } = lineSchema.check(
    parsedLine(line, 'an enrolment says something that is not JSON'),
    'an enrolment',
  )
  if (fingerprint !== undefined) return { kind: 'fingerprint', text: fingerprint }
  if (token !== undefined) return { kind: 'token', text: token }
  return { kind: 'error', error: errorOf(error, 'the enrolment failed') }
}
