import { displayText } from './display.js'
import type { CofferError } from './errors.js'

// How errors and warnings read on stderr: one line, safe for a terminal.

/** `PROGRAM: CODE: what, why; what next` with its newline. */
export function complaint(error: CofferError, program = 'coffer'): string {
  const next = error.next === undefined ? '' : `; ${error.next}`
  return `${program}: ${error.code}: ${displayText(error.message + next)}\n`
}

/** The warning that secrets were left out of a child's variables. */
export function skippedWarning(names: readonly string[]): { code: string; message: string } {
  const shown = names.slice(0, 10).join(', ')
  const more = names.length > 10 ? ` and ${names.length - 10} more` : ''
  return { code: 'skipped', message: `no names of variables, left out: ${shown}${more}` }
}

/** `coffer: warning: CODE: what` with its newline. */
export function warningLine(warning: { readonly code: string; readonly message: string }): string {
  return `coffer: warning: ${warning.code}: ${displayText(warning.message)}\n`
}
