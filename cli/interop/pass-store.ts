import { lstatSync, readdirSync, realpathSync, statSync } from 'node:fs'
import { homedir } from 'node:os'
import { join, relative, sep } from 'node:path'
import { CofferError } from '../../shared/errors.js'
import { displayText } from '../../shared/display.js'
import { LIMITS } from '../../shared/limits.js'
import { systemWords } from '../../shared/system-error.js'

// A password store as pass(1) keeps it: a folder of files NAME.gpg, each encrypted by gpg.

/** One password of the store. */
export type PassEntry = { readonly name: string; readonly file: string }

/** What a store holds, in order of names, and links that were not followed. */
export type PassStore = {
  readonly entries: readonly PassEntry[]
  readonly skipped: readonly string[]
}

const ENDING = '.gpg'

/** Where pass looks: PASSWORD_STORE_DIR, else ~/.password-store. */
export function passFolder(env: NodeJS.ProcessEnv): string {
  return env['PASSWORD_STORE_DIR'] ?? join(env['HOME'] ?? homedir(), '.password-store')
}

/**
 * Finds the passwords below `folder`. What begins with a dot is none, as for `pass ls`: so .git is passed over. A link to
 * a file within the folder is that file under another name; no other link is followed.
 * @throws CofferError `usage` (`unreadable`), `limit` (`too-many`)
 */
export function findPasswords(folder: string): PassStore {
  try {
    return found(realpathSync(folder))
  } catch (error) {
    if (error instanceof CofferError) throw error
    throw new CofferError('usage', `can't read ${folder}: ${systemWords(error)}`, {
      reason: 'unreadable',
      next: 'name the folder of a password store',
      cause: error,
    })
  }
}

function found(root: string): PassStore {
  const entries: PassEntry[] = []
  const skipped: string[] = []
  const folders = [root]
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    for (const one of readdirSync(folder, { withFileTypes: true })) {
      if (one.name.startsWith('.')) continue
      const path = join(folder, one.name)
      if (one.isDirectory()) folders.push(path)
      else if (!one.name.endsWith(ENDING) && !one.isSymbolicLink()) continue
      else if (isPassword(root, path)) entries.push({ name: nameOf(root, path), file: path })
      else skipped.push(relative(root, path))
    }
    if (entries.length > LIMITS.listed) throw tooMany()
  }
  const byName = (a: PassEntry, b: PassEntry): number => (a.name < b.name ? -1 : 1)
  return { entries: entries.toSorted(byName), skipped: skipped.toSorted() }
}

function tooMany(): CofferError {
  return new CofferError('limit', `a password store has at most ${LIMITS.listed} passwords`, {
    reason: 'too-many',
  })
}

function nameOf(root: string, path: string): string {
  return relative(root, path).slice(0, -ENDING.length)
}

/** Whether there is a password's file, itself or by a link that doesn't lead out of the store. */
function isPassword(root: string, path: string): boolean {
  if (!path.endsWith(ENDING)) return false
  if (lstatSync(path).isFile()) return true
  try {
    return realpathSync(path).startsWith(root + sep) && statSync(path).isFile()
  } catch {
    // A link to nowhere.
    return false
  }
}

/** Which part of a password's file is its value. */
export type PassPart = 'whole' | 'first-line'

const NEWLINE = 0x0a

/**
 * The value in a decrypted file: a single line without its end, as pass insert writes it; several lines exactly as they
 * are, or only the first of them.
 */
export function passValue(
  content: Uint8Array,
  part: PassPart,
): { readonly value: Uint8Array; readonly lines: boolean } {
  const end = content.indexOf(NEWLINE)
  const lines = end >= 0 && end < content.length - 1
  if (end >= 0 && (!lines || part === 'first-line'))
    return { value: content.subarray(0, end), lines }
  return { value: content, lines }
}

/** Links that were passed over, for a person. */
export function skippedWords(skipped: readonly string[]): string {
  const shown = skipped.slice(0, 5).map(displayText).join(', ')
  return `links that lead out of the store, passed over: ${shown}${skipped.length > 5 ? ', …' : ''}`
}
