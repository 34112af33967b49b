import { bytesOf, type ChangeId, type DeviceId } from '../../../shared/ids.js'
import { encode } from '../../../shared/codec.js'
import {
  changeRecordCodec,
  metaCodec,
  type Meta,
  type Op,
  type Place,
  type Space,
} from './records.js'

/** One put or delete of one name, opened. */
export type Change = Meta & {
  /** Final once sealed; random while a draft. */
  readonly id: ChangeId
  readonly device: DeviceId
  readonly place: Place | undefined
  readonly ahead: boolean
  /** Only its readers open the value. `item`: its author couldn't read the vault, and names no parents of others. */
  readonly sealed?: 'value' | 'item'
  /** The runners that are given its keys, if any. In a draft: those that its author chose. */
  readonly readers?: readonly DeviceId[]
}

const NONE: readonly ChangeId[] = []

/** What a change has beside its meta. */
type Standing = Omit<Change, keyof Meta>

/**
 * The change that `meta` tells of, where it stands. Spelled out on purpose: V8 gives every object a hidden class of its
 * own whose literal adds fields behind a spread. That is 700 bytes a secret, and all that reads them goes the slow way.
 */
export function changeOf(meta: Meta, standing: Standing): Change {
  const { id, device, place, ahead, sealed, readers } = standing
  const { space, name, kind, wall, counter, size, note } = meta
  const parents = meta.parents.length === 0 ? NONE : meta.parents
  const change = { id, device, place, ahead, space, name, kind, wall, counter, parents, size }
  if (note === undefined && sealed === undefined && readers === undefined) return change
  return { ...change, ...(note === undefined ? {} : { note }), ...sealingOf(sealed, readers) }
}

/** The fields of a change that say to whom it is sealed and boxed; absent ones stay absent. */
export function sealingOf(
  sealed: Change['sealed'],
  readers: Change['readers'],
): Pick<Change, 'sealed' | 'readers'> {
  return {
    ...(sealed === undefined ? {} : { sealed }),
    ...(readers === undefined ? {} : { readers }),
  }
}

/** A change to make. */
export type NewChange = {
  readonly space: Space
  readonly name: string
  /** undefined deletes. */
  readonly value: Uint8Array | undefined
  /** What it supersedes; by default all that is live. */
  readonly parents?: readonly ChangeId[]
  readonly note?: string
  /** Only these runners will open the value. */
  readonly sealedTo?: readonly DeviceId[]
}

/**
 * Order among concurrent changes of one name: the greater wins (SPEC section 6). A put beats a delete, then the
 * later clock, then device id and change id, so that every device serves the same one.
 */
export function rank(a: Change, b: Change): number {
  if (a.kind !== b.kind) return a.kind === 'put' ? 1 : -1
  return a.wall - b.wall || a.counter - b.counter || order(a.device, b.device) || order(a.id, b.id)
}

function order(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

/** The meta part's plaintext. */
export function encodeMeta(change: Change): Uint8Array {
  return encode(metaCodec, change)
}

/** The record that keeps a change. */
export function changeOp(change: Change): Op {
  const { place, ahead, ...rest } = change
  const record = {
    ...rest,
    ...(place === undefined ? {} : { place }),
    ...(ahead ? { ahead: 1 } : {}),
  }
  return { table: 'change', key: bytesOf(change.id), value: encode(changeRecordCodec, record) }
}
