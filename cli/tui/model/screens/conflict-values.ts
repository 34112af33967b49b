import { differing, linesOf } from '../merge.js'
import { move } from '../list.js'
import { MASK, shownValue, tabsShown, textOf } from '../views/value.js'
import type { World } from '../world.js'
import { chosenSide, valueHeight, type OneConflict, type Reads } from './conflict-sides.js'

// What is seen of the chosen side's value.

export type Shown = {
  readonly text: string
  /** `said`: of this program, not of the value. */
  readonly kind: 'value' | 'said' | 'added' | 'removed'
}

const said = (text: string): readonly Shown[] => [{ text, kind: 'said' }]

/** The lines of the chosen side's value, or what there is to be said instead. */
export function shownLines(one: OneConflict): readonly Shown[] {
  const side = chosenSide(one)
  if (side === undefined) return []
  if (side.version.kind === 'delete') return said('deleted')
  if (one.reveal === undefined) return said(MASK)
  const read = one.reveal.reads[side.id]
  if (read === undefined) return said('reading…')
  if (read.kind === 'failed') return said(read.message)
  if (read.value === '') return said('empty')
  const text = textOf(read.value)
  if (text === undefined) return said(shownValue(read.value))
  const base = one.diff && side.digit !== undefined ? baseText(one) : undefined
  // It is drawn each second, and a comparison may be long: it is made once.
  const { reads } = one.reveal
  const known = made.get(reads)
  if (known?.text === text && known.base === base) return known.lines
  const lines =
    base === undefined
      ? linesOf(text).map((line): Shown => ({ text: tabsShown(line), kind: 'value' }))
      : compared(base, text)
  made.set(reads, { text, base, lines })
  return lines
}

type Made = {
  readonly text: string
  readonly base: string | undefined
  readonly lines: readonly Shown[]
}
/** It goes with the values that it was made of. */
const made = new WeakMap<Reads, Made>()

function compared(base: string, text: string): readonly Shown[] {
  const kinds = { ' ': 'value', '+': 'added', '-': 'removed' } as const
  return differing(base, text).map((line) => ({
    text: `${line.sign} ${tabsShown(line.text)}`,
    kind: kinds[line.sign],
  }))
}

/** The base as text, where it is revealed and is some. */
export function baseText({ conflict, reveal }: OneConflict): string | undefined {
  const { base } = conflict
  return base === undefined ? undefined : textIn(reveal?.reads, base.version.id)
}

/** A value among those that were read, as text. */
export function textIn(reads: Reads | undefined, id: string): string | undefined {
  const read = reads?.[id]
  return read?.kind === 'value' ? textOf(read.value) : undefined
}

/** The window on the value after a key; undefined when the key doesn't move it. */
export function scrolled(one: OneConflict, key: string, world: World): number | undefined {
  if (!/^(page-up|page-down|home|end|g|G)$/.test(key)) return undefined
  const height = valueHeight(one, world)
  const lines = shownLines(one).length
  const at = move({ at: one.top, top: 0 }, key, lines, height)?.at ?? one.top
  return Math.max(0, Math.min(at, lines - height))
}
