import { displayText } from '../../shared/display.js'
import { CofferError } from '../../shared/errors.js'
import { isSpecial } from '../shell/names.js'
import { quoteFor } from '../shell/quote.js'
import { textOf, type Named } from './named.js'

/**
 * `export NAME='value'` lines, for any shell of the Bourne family to evaluate.
 * @throws CofferError `format` by name: `not-a-variable` (a name that a shell obeys, too), `not-text`
 */
export function writeShell(secrets: readonly Named[]): string {
  return secrets
    .map((one) => {
      const value = textOf(one)
      const fits = /^[A-Za-z_][A-Za-z0-9_]*$/.test(one.name) && !isSpecial(one.name.toUpperCase())
      if (!fits || value.includes('\0')) throw refuse(one.name, fits)
      return `export ${one.name}=${quoteFor('bash', value)}\n`
    })
    .join('')
}

function refuse(name: string, fits: boolean): CofferError {
  const why = fits ? 'its value holds a NUL byte' : 'its name is none, or one that shells obey'
  return new CofferError('format', `${displayText(name)} can't be a variable of a shell: ${why}`, {
    reason: 'not-a-variable',
    next: 'name those that you want',
  })
}
