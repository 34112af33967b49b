import { displayText } from './display.js'
import type { CofferError } from './errors.js'

// How errors and warnings read on stderr: one line, safe for a terminal.

/** `coffer: CODE: what and why; what next` with its newline. */
export function complaint(error: CofferError): string {
  const next = error.next === undefined ? '' : `; ${clause(error.next)}`
  return `coffer: ${error.code}: ${displayText(error.message + next)}\n`
}

/** `coffer: warning: CODE: what` with its newline. */
export function warningLine(warning: { readonly code: string; readonly message: string }): string {
  return `coffer: warning: ${warning.code}: ${displayText(warning.message)}\n`
}

/** The next step as the end of a sentence: a bare command is to be run. */
function clause(next: string): string {
  if (next.startsWith('coffer ')) return `run ${next}`
  return next.replace(/^[A-Z](?=[a-z])/, (first) => first.toLowerCase()).replace(/\.$/, '')
}
