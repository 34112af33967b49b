import { windowed } from '../list.js'
import {
  authorName,
  chosenSide,
  shownReference,
  sidesHeight,
  sidesOf,
  valueHeight,
  type Conflict,
  type OneConflict,
  type Side,
} from '../screens/conflict-sides.js'
import { shownLines, type Shown } from '../screens/conflict-values.js'
import type { ConflictsState } from '../screens/conflicts-state.js'
import type { World } from '../world.js'
import { clipped, columns, line, row, span, type Line, type Look } from './line.js'
import type { Size } from './size.js'
import { ago, moment } from './time.js'

export function conflictsView(
  { conflicts, list, one }: ConflictsState,
  world: World,
  size: Size,
): readonly Line[] {
  if (one !== undefined) return oneView(one, world, size)
  if (conflicts === undefined) return [line(span('reading…', 'dim'))]
  if (conflicts.length === 0) return [line(span('no secret was written apart', 'dim'))]
  return windowed(list, conflicts, size.height).map(({ item, index }) =>
    conflictLine(item, index === list.at, world, size),
  )
}

const WIDE = 72

function conflictLine(conflict: Conflict, chosen: boolean, { now }: World, { width }: Size): Line {
  const { siblings } = conflict
  const newest = siblings.toSorted((a, b) => b.at - a.at)[0]
  const wide = width >= WIDE
  const name = { text: shownReference(conflict), width: Math.max(8, width - (wide ? 49 : 20)) }
  const who = newest === undefined ? '' : authorName(newest.author)
  return row(
    chosen,
    columns(
      { ...name, look: chosen ? 'strong' : 'plain' },
      { text: `${siblings.length} values`, width: 10, look: 'bad' },
      ...(wide ? [{ text: who, width: 28, look: 'dim' } as const] : []),
      { text: newest === undefined ? '' : ago(now, newest.at), width: 5, look: 'dim' },
    ),
  )
}

function oneView(one: OneConflict, world: World, { width, height }: Size): readonly Line[] {
  const sides = windowed(one.list, sidesOf(one.conflict), sidesHeight(one, world))
  const rows = sides.map(({ item, index }) => sideLine(item, index === one.list.at, world, width))
  const lines = shownLines(one)
  const room = valueHeight(one, world)
  const top = Math.max(0, Math.min(one.top, lines.length - room))
  const shown = lines.slice(top, top + room)
  const which =
    shown.length < lines.length ? [`lines ${top + 1}–${top + shown.length} of ${lines.length}`] : []
  const values = shown.map(({ text, kind }) =>
    line({ text: clipped(text, width), look: LOOKS[kind] }),
  )
  return [...rows, headingLine(one, which, width), ...values].slice(0, height)
}

function sizeOf({ version }: Side): string {
  return version.kind === 'delete' ? 'deleted' : `${version.size ?? 0} bytes`
}

function sideLine(side: Side, chosen: boolean, { now }: World, width: number): Line {
  const wide = width >= WIDE
  const { author, at } = side.version
  const served = side.served ? (wide ? 'served' : '*') : ''
  return row(
    chosen,
    columns(
      { text: String(side.digit ?? ''), width: 1, look: 'accent' },
      { text: side.label, width: 9, look: chosen ? 'strong' : 'plain' },
      { text: served, width: wide ? 6 : 1, look: 'good' },
      { text: authorName(author), width: Math.max(8, Math.min(44, width - (wide ? 43 : 24))) },
      ...(wide ? [{ text: sizeOf(side), width: 14, look: 'dim' } as const] : []),
      { text: ago(now, at), width: 5, look: 'dim' },
    ),
  )
}

/** All that is to be known of the chosen side, where its row has no room for it. */
function headingLine(one: OneConflict, which: readonly string[], width: number): Line {
  const side = chosenSide(one)
  if (side === undefined) return line('')
  const what = one.diff && side.digit !== undefined ? `${side.label} against base` : side.label
  const parts = [
    what,
    ...which,
    ...(side.served ? ['served'] : []),
    sizeOf(side),
    moment(side.version.at),
  ]
  return line({ text: clipped(`── ${parts.join(' · ')} UTC`, width), look: 'dim' })
}

const LOOKS: { readonly [K in Shown['kind']]: Look } = {
  value: 'plain',
  said: 'dim',
  added: 'good',
  removed: 'bad',
}
