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
  /** By code point. */
  readonly names: readonly string[]
}

export function knownOf(secrets: readonly Secret[], staged: readonly Staged[]): Known {
  const byName = new Map(secrets.map((one) => [one.name, one]))
  const added = staged.map(({ name }) => name).filter((name) => !byName.has(name))
  const names = secrets.map(({ name }) => name)
  // The daemon sorts; only what is new here has to find its place.
  return { byName, names: added.length === 0 ? names : [...names, ...added].toSorted(byCodePoint) }
}

function byCodePoint(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0
}

/** The rows of a folder ('' for all): its folders first. */
export function rowsIn(known: Known, folder: string, staged: readonly Staged[]): readonly Row[] {
  const folders = new Map<string, number>()
  const here: string[] = []
  for (const name of known.names) {
    if (!name.startsWith(folder)) continue
    const slash = name.indexOf('/', folder.length)
    if (slash < 0) here.push(name)
    else {
      const inner = name.slice(0, slash + 1)
      folders.set(inner, (folders.get(inner) ?? 0) + 1)
    }
  }
  return [
    ...Array.from(folders, ([name, count]) => ({ kind: 'folder', name, count }) as const),
    ...rowsOf(known, here, staged),
  ]
}

/** The rows of these names, in their order. */
export function rowsOf(
  { byName }: Known,
  names: readonly string[],
  staged: readonly Staged[],
): readonly Row[] {
  const changes = new Map(staged.map((one) => [one.name, one]))
  return names.map((name) => ({
    kind: 'secret',
    name,
    secret: byName.get(name),
    staged: changes.get(name),
  }))
}

/** The folder around a folder: `a/b/` is in `a/`. */
export function parentOf(folder: string): string {
  return folder.slice(0, folder.lastIndexOf('/', folder.length - 2) + 1)
}
