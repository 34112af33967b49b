import { displayText } from './display.js'
import type { CofferError } from './errors.js'

// How errors and warnings read on stderr: one line, safe for a terminal.

/** `PROGRAM: CODE: what, why; what next` with its newline. */
export function complaint(error: CofferError, program = 'coffer'): string {
  const next = error.next === undefined ? '' : `; ${error.next}`
  return `${program}: ${error.code}: ${displayText(error.message + next)}\n`
}

/** `coffer: warning: CODE: what` with its newline. */
export function warningLine(warning: { readonly code: string; readonly message: string }): string {
  return `coffer: warning: ${warning.code}: ${displayText(warning.message)}\n`
}
