import type { Result } from '../../../../shared/protocol/local.js'
import { TOP, type ListState } from '../list.js'
import { bodyHeight, type World } from '../world.js'

// One conflict: the values that were written apart, and what they were written over.

export type Conflict = Result<'conflictsList'>['conflicts'][number]

type Version = NonNullable<Conflict['base']>

export type Side = {
  /** `base`, `mine`, `theirs`, …: what it is called, also between markers. */
  readonly label: string
  /** What its key is; undefined for the base, which isn't chosen. */
  readonly digit: number | undefined
  readonly served: boolean
  readonly id: string
  readonly version: Version
}

/** What reading a value brought: bytes as base64, or why there are none. */
export type Read =
  | { readonly kind: 'value'; readonly value: string }
  | { readonly kind: 'failed'; readonly message: string }

export type Reads = { readonly [versionId: string]: Read }

export type Merging =
  /** The values that it takes are being read. */
  | { readonly kind: 'reading'; readonly reads: Reads }
  /** It is in the editor, or somebody is asked about it. */
  | {
      readonly kind: 'written'
      readonly text: string
      readonly marker: number
      /** No value ended with a line feed, so the new one shall not either. */
      readonly bare: boolean
      /** The siblings that it was made of. */
      readonly over: string
    }

export type OneConflict = {
  readonly conflict: Conflict
  readonly list: ListState
  /** The first line shown of the chosen side's value. */
  readonly top: number
  readonly diff: boolean
  readonly reveal: { readonly until: number; readonly reads: Reads } | undefined
  readonly merging: Merging | undefined
}

export function oneConflict(conflict: Conflict): OneConflict {
  const at = sidesOf(conflict).findIndex(({ digit }) => digit === 1)
  const list = { ...TOP, at }
  return { conflict, list, top: 0, diff: false, reveal: undefined, merging: undefined }
}

const OURS = ['mine', 'theirs'] as const
const NOBODYS = ['one', 'other'] as const

/** The base, this device's own value, then the others'. */
export function sidesOf({ base, siblings }: Conflict): readonly Side[] {
  const own = siblings.find(({ author }) => author.self)
  const mine = own ?? siblings[0]
  const others = siblings.filter((one) => one !== mine)
  const [first, other] = own === undefined ? NOBODYS : OURS
  const side = (version: (typeof siblings)[number], label: string, digit: number): Side => ({
    label,
    digit,
    served: version.winner,
    id: version.version.id,
    version,
  })
  return [
    ...(base === undefined ? [] : [baseSide(base)]),
    ...(mine === undefined ? [] : [side(mine, first, 1)]),
    ...others.map((one, i) => side(one, i === 0 ? other : `${other} ${i + 1}`, i + 2)),
  ]
}

function baseSide(version: Version): Side {
  return { label: 'base', digit: undefined, served: false, id: version.version.id, version }
}

/** The side that keys are about. */
export function chosenSide({ conflict, list }: OneConflict): Side | undefined {
  return sidesOf(conflict)[list.at]
}

/** Tells one set of siblings from another. */
export function siblingsKey({ siblings }: Conflict): string {
  return siblings
    .map(({ version }) => version.id)
    .toSorted()
    .join(' ')
}

/** Lines for the sides; their values have the rest. */
export function sidesHeight({ conflict }: OneConflict, world: World): number {
  const height = bodyHeight(world)
  return Math.min(sidesOf(conflict).length, Math.max(1, Math.floor(height / 2)))
}

/** Lines for the chosen side's value: one above them says whose it is. */
export function valueHeight(one: OneConflict, world: World): number {
  return Math.max(1, bodyHeight(world) - sidesHeight(one, world) - 1)
}

/** Who wrote a version, as people say it. */
export function authorName({ self, user, device, deviceId }: Version['author']): string {
  if (self) return 'this device'
  return [user, device].filter(Boolean).join(' on ') || deviceId.slice(0, 8)
}

/** A name and where it is, without the scheme. */
export function shownReference({ reference }: Pick<Conflict, 'reference'>): string {
  return reference.replace(/^coffer:\/\//, '')
}
