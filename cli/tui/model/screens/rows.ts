import type { Result } from '../../../../shared/protocol/local.js'
import type { Staged } from '../staging.js'

// The lines of a list of secrets: folders by `/`, secrets, and what is staged.

export type Secret = Result<'secretList'>['secrets'][number]

export type Row =
  | { readonly kind: 'folder'; readonly name: string; readonly count: number }
  | {
      readonly kind: 'secret'
      readonly name: string
      /** Undefined for one that is only staged. */
      readonly secret: Secret | undefined
      readonly staged: Staged | undefined
    }

/** What a list is made of: read once, then looked into at each key press. */
export type Known = {
  readonly byName: ReadonlyMap<string, Secret>
  /** By code point, with those that are only staged. */
  readonly names: readonly string[]
  readonly changes: ReadonlyMap<string, Staged>
}

/** The rows of a list, as names: a row itself is made when it is looked at. */
export type Rows = {
  readonly folders: readonly Extract<Row, { kind: 'folder' }>[]
  readonly names: readonly string[]
  /** How many fit, those that aren't listed included. */
  readonly total: number
}

export const NO_ROWS: Rows = { folders: [], names: [], total: 0 }

export function knownOf(secrets: readonly Secret[], staged: readonly Staged[]): Known {
  const byName = new Map(secrets.map((one) => [one.name, one]))
  const changes = new Map(staged.map((one) => [one.name, one]))
  const added = [...changes.keys()].filter((name) => !byName.has(name))
  const names = secrets.map(({ name }) => name)
  // The daemon sorts; only what is new here has to find its place.
  const all = added.length === 0 ? names : [...names, ...added].toSorted(byCodePoint)
  return { byName, names: all, changes }
}

function byCodePoint(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0
}

/** The rows of a folder ('' for all): its folders first. */
export function rowsIn({ names }: Known, folder: string): Rows {
  const counts = new Map<string, number>()
  const here: string[] = []
  for (const name of names) {
    if (!name.startsWith(folder)) continue
    const slash = name.indexOf('/', folder.length)
    if (slash < 0) here.push(name)
    else {
      const inner = name.slice(0, slash + 1)
      counts.set(inner, (counts.get(inner) ?? 0) + 1)
    }
  }
  const folders = Array.from(counts, ([name, count]) => ({ kind: 'folder', name, count }) as const)
  return { folders, names: here, total: folders.length + here.length }
}

/** How many rows there are to move through. */
export function rowCount({ folders, names }: Rows): number {
  return folders.length + names.length
}

/** One row; undefined beyond the last. */
export function rowAt({ byName, changes }: Known, rows: Rows, index: number): Row | undefined {
  const { folders, names } = rows
  if (index < folders.length) return folders[index]
  const name = names[index - folders.length]
  if (name === undefined) return undefined
  return { kind: 'secret', name, secret: byName.get(name), staged: changes.get(name) }
}

/** Where a name stands; -1 when it doesn't. */
export function placeOf({ folders, names }: Rows, name: string | undefined): number {
  const folder = folders.findIndex((one) => one.name === name)
  if (folder >= 0 || name === undefined) return folder
  const at = names.indexOf(name)
  return at < 0 ? -1 : folders.length + at
}

/** The folder around a folder: `a/b/` is in `a/`. */
export function parentOf(folder: string): string {
  return folder.slice(0, folder.lastIndexOf('/', folder.length - 2) + 1)
}
