import { text, type Dialog } from '../dialog.js'
import type { Failure } from '../event.js'
import { moment } from '../views/time.js'

// What is said of invites, removals and failures, where a line isn't enough.

type Warnings = readonly { readonly message: string }[]

const warned = (warnings: Warnings): string[] => warnings.map(({ message }) => `! ${message}`)

/** A code, what to do with it, and what it isn't good for. */
export function codeDialog(
  title: string,
  { code, expiresAt }: { readonly code: string; readonly expiresAt: number },
  where: string,
): Dialog {
  const lines = [
    `${where}: coffer join CODE`,
    'Nobody is let in by it alone: that takes the fingerprint which it shows there, typed here (f).',
    `It counts until ${moment(expiresAt)} UTC.`,
    code,
  ]
  return text('code', title, lines, code)
}

export type Removal = {
  /** What was done, as a sentence. */
  readonly done: string
  /** References of what they could read. */
  readonly names: readonly string[]
  /** Where something is left to be done. */
  readonly left: readonly string[]
  readonly warnings: Warnings
}

/** What to change now that somebody may no longer read it. */
export function rotateDialog({ done, names, left, warnings }: Removal): Dialog {
  const open =
    left.length === 0 ? [] : [`Not done yet in: ${left.join(', ')}. It goes on by itself.`]
  const list =
    names.length === 0
      ? ['There was nothing that they could read.']
      : ['What was read stays read. Change these where they come from:', ...names]
  const count = names.length === 1 ? '1 secret' : `${names.length} secrets`
  const title = names.length === 0 ? 'nothing to change' : `to change: ${count}`
  return text('rotate', title, [done, ...open, ...warned(warnings), ...list])
}

/** The references of a list by project. */
export function referencesOf(
  org: string,
  exposed: readonly { readonly project: string; readonly names: readonly string[] }[],
): readonly string[] {
  return exposed.flatMap(({ project, names }) =>
    names.map((name) => `coffer://${org}/${project}/${name}`),
  )
}

/** That something was done, with what is to be said of it. */
export function doneDialog(done: string, warnings: Warnings): Dialog {
  return text('done', 'done', [done, ...warned(warnings)])
}

/** That something wasn't done, why, and what to do about it. */
export function failedDialog({ message, next }: Failure): Dialog {
  return text('failed', 'not done', [`! ${message}`, ...(next === '' ? [] : [`Next: ${next}`])])
}
