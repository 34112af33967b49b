import { toBase64 } from '../../../../shared/base64.js'
import { utf8 } from '../../../../shared/bytes.js'
import { choice, confirmation } from '../dialog.js'
import { ask, call, note, type Effect } from '../effect.js'
import { hasMarker, isClean, linesOf, markerFor, merged, mergedText } from '../merge.js'
import { contextOf } from '../place.js'
import type { World } from '../world.js'
import {
  shownReference,
  siblingsKey,
  sidesOf,
  type Merging,
  type OneConflict,
  type Read,
  type Reads,
  type Side,
} from './conflict-sides.js'
import { textIn } from './conflict-values.js'

// Putting a conflict's values together: they are read, merged line by line, edited, and asked about before they are saved.

export type Merged = { readonly one: OneConflict; readonly effects: readonly Effect[] }

const after = (one: OneConflict, ...effects: readonly Effect[]): Merged => ({ one, effects })

type Written = Extract<Merging, { kind: 'written' }>

/** The sides whose values are merged; a delete has nothing to add. */
export function mergeable({ conflict }: OneConflict): readonly Side[] {
  return sidesOf(conflict).filter(
    ({ digit, version }) => digit !== undefined && version.kind === 'put',
  )
}

/** Asks for one version's value. */
export function reading(
  { conflict }: OneConflict,
  id: string,
  purpose: 'reveal' | 'merge',
  { cwd }: World,
): Effect {
  const params = { context: contextOf(cwd), name: conflict.reference, version: id }
  return call('secretGet', params, `${purpose} ${id}`)
}

/** All sides with a value, the base among them. */
export function readable({ conflict }: OneConflict): readonly Side[] {
  return sidesOf(conflict).filter(({ version }) => version.kind === 'put')
}

export function mergeBegun(one: OneConflict, world: World): Merged {
  const reads = one.reveal?.reads ?? {}
  const next: OneConflict = { ...one, merging: { kind: 'reading', reads } }
  const wanted = readable(one).filter(({ id }) => reads[id]?.kind !== 'value')
  const asked = wanted.map(({ id }) => reading(one, id, 'merge', world))
  return wanted.length === 0 ? composed(next, reads) : after(next, ...asked)
}

/** One more value is there: with the last of them the merge is made. */
export function mergeRead(one: OneConflict, id: string, read: Read): Merged {
  if (one.merging?.kind !== 'reading') return after(one)
  const reads: Reads = { ...one.merging.reads, [id]: read }
  const next: OneConflict = { ...one, merging: { kind: 'reading', reads } }
  return readable(one).every((side) => reads[side.id] !== undefined)
    ? composed(next, reads)
    : after(next)
}

function composed(one: OneConflict, reads: Reads): Merged {
  const sides = mergeable(one)
  const texts = sides.flatMap(({ id }) => textIn(reads, id) ?? [])
  const left: OneConflict = { ...one, merging: undefined }
  if (texts.length < sides.length) {
    return after(left, note('not all of these values are text: choose one', 'bad'))
  }
  const { base } = one.conflict
  const baseText = base === undefined ? undefined : textIn(reads, base.version.id)
  const pieces = merged(baseText, texts)
  const marker = markerFor([baseText ?? '', ...texts])
  const labels = sides.map(({ label }) => label)
  const merging: Written = {
    kind: 'written',
    text: mergedText(pieces, labels, marker),
    marker,
    bare: !texts.some((text) => text.endsWith('\n')),
    over: siblingsKey(one.conflict),
  }
  if (!isClean(pieces)) return editing(left, merging)
  const dialog = choice('merged', 'All lines fit together', [
    { id: 'take', label: 'take the merged value' },
    { id: 'edit', label: 'look at it in the editor first' },
  ])
  return after({ ...one, merging }, ask(dialog))
}

/** Nothing stays revealed behind an editor. */
function editing(one: OneConflict, merging: Written): Merged {
  const name = one.conflict.reference
  const effect = { kind: 'edit', tag: 'merge', name, text: merging.text } as const
  return after({ ...one, reveal: undefined, diff: false, top: 0, merging }, effect)
}

export function edited(one: OneConflict, text: string | undefined): Merged {
  const { merging } = one
  const left: OneConflict = { ...one, merging: undefined }
  if (merging?.kind !== 'written') return after(left)
  if (text === undefined) return after(left, note('nothing was changed: the conflict stays'))
  const isBare = merging.bare && text.endsWith('\n')
  const next: Written = { ...merging, text: isBare ? text.slice(0, -1) : text }
  if (!hasMarker(text, merging.marker)) return confirming(one, next)
  const lines = ['Lines are still between markers. Nothing was saved.']
  const dialog = confirmation('edit-again', 'Markers are left', lines, 'edit again')
  return after({ ...one, merging: next }, ask(dialog))
}

function counted(count: number, what: string): string {
  return count === 1 ? `1 ${what}` : `${count} ${what}s`
}

/** Asks before the new value goes over all siblings. */
function confirming(one: OneConflict, merging: Written): Merged {
  const over = siblingsKey(one.conflict)
  const { text } = merging
  const lines = [
    ...(over === merging.over ? [] : ['Somebody wrote it again meanwhile: that is not in it.']),
    `${counted(linesOf(text.replace(/\n$/, '')).length, 'line')}, ${counted(utf8(text).length, 'byte')}, over ${one.conflict.siblings.length} values.`,
  ]
  const title = `Save the merged ${shownReference(one.conflict)}?`
  const dialog = confirmation('merge-save', title, lines, 'save it')
  return after({ ...one, merging: { ...merging, over } }, ask(dialog))
}

/** What somebody answered to one of these questions. */
export function mergeAnswered(one: OneConflict, tag: string, id: string, world: World): Merged {
  const { merging } = one
  if (merging?.kind !== 'written') return after(one, note('it is forgotten: begin again', 'bad'))
  if (tag === 'edit-again' || (tag === 'merged' && id === 'edit')) return editing(one, merging)
  if (merging.over !== siblingsKey(one.conflict) || tag === 'merged')
    return confirming(one, merging)
  const value = toBase64(utf8(merging.text))
  const params = { context: contextOf(world.cwd), name: one.conflict.reference }
  const choice = { kind: 'value', value } as const
  return after({ ...one, merging: undefined }, call('conflictsResolve', { ...params, choice }))
}

export const MERGE_TAGS: readonly string[] = ['merged', 'merge-save', 'edit-again']
