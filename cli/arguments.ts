import { readFileSync } from 'node:fs'
import { fromUtf8 } from '../shared/bytes.js'
import { CofferError } from '../shared/errors.js'

// Node reads arguments as UTF-8 and puts U+FFFD, without a word, where they are none: a value would be stored as
// another, a name taken for another.

/** True when a word may not be what was typed. */
export function isSuspect(word: string): boolean {
  return word.includes('\ufffd')
}

/** @throws CofferError `usage` (reason `not-utf8`) for arguments that aren't UTF-8, or can't be known to be. */
export function checkArguments(argv: readonly string[]): void {
  if (!argv.some(isSuspect) || isText('/proc/self/cmdline')) return
  throw new CofferError('usage', 'an argument is not UTF-8 text', {
    reason: 'not-utf8',
    next: 'give bytes by a pipe or --file',
  })
}

/** Whether what the kernel was given is UTF-8: somebody may mean a real U+FFFD. */
function isText(path: string): boolean {
  try {
    return fromUtf8(readFileSync(path)) !== undefined
  } catch {
    return false
  }
}
