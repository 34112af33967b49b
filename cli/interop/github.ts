import { displayText } from '../../shared/display.js'
import { CofferError } from '../../shared/errors.js'
import { textOf, type Named } from './named.js'

// GitHub Actions: what a step prints and appends to $GITHUB_ENV, so that later steps have the variables and no log shows
// their values.

/** What Linux takes for one `NAME=VALUE` with its NUL. */
const VARIABLE_MAX = 128 * 1024

/** Workflow commands that have the runner hide the values: each line by itself, since logs are hidden line by line. */
export function writeMasks(secrets: readonly Named[]): string {
  const lines = secrets.flatMap((one) => textOf(one).split(/\r?\n/))
  // A line of mere brackets or blanks tells nothing, and would star half of every log.
  const telling = lines.filter((line) => /[\p{L}\p{N}]/u.test(line) || line.length > 3)
  return [...new Set(telling)].map((line) => `::add-mask::${escapeData(line)}\n`).join('')
}

function escapeData(text: string): string {
  return text.replaceAll('%', '%25').replaceAll('\r', '%0D')
}

/**
 * Blocks for $GITHUB_ENV, the end of each marked by a word that isn't in it.
 * @param delimiter gives another random word each time
 * @throws CofferError `format` by name: `not-a-variable`, `not-text`
 */
export function writeGithubEnv(secrets: readonly Named[], delimiter: () => string): string {
  return secrets
    .map((one) => {
      checkName(one.name)
      const value = textOf(one)
      if (value.includes('\0')) throw refuse(one.name, 'holds a NUL byte')
      if (one.name.length + one.bytes.length + 2 > VARIABLE_MAX) {
        throw refuse(one.name, 'has 128 KiB or more, with which no later step would start')
      }
      let end = delimiter()
      while (value.includes(end)) end = delimiter()
      return `${one.name}<<${end}\n${value}\n${end}\n`
    })
    .join('')
}

/** Names that the runner refuses or gives a meaning are refused here, before anything is written. */
function checkName(name: string): void {
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) throw refuse(name, 'is no name of a variable')
  if (/^(GITHUB_|RUNNER_)|^(NODE_OPTIONS|PATH|CI)$/i.test(name)) {
    throw refuse(name, "is the runner's own")
  }
}

function refuse(name: string, why: string): CofferError {
  return new CofferError('format', `${displayText(name)} can't be a variable of a job: it ${why}`, {
    reason: 'not-a-variable',
    next: 'name those that you want',
  })
}

/** A word that nobody can have guessed. */
export function randomDelimiter(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16))
  return `coffer_${Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')}`
}
