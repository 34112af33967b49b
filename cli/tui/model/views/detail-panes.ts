import { authorName } from '../screens/conflict-sides.js'
import type { DetailState, Entry } from '../screens/detail-state.js'
import type { Differing } from '../merge.js'
import { bodyHeight, type World } from '../world.js'
import { displayText } from '../../../../shared/display.js'
import { clipped, line, span, widthOf, type Line } from './line.js'
import type { Size } from './size.js'
import { moment } from './time.js'
import { MASK } from './value.js'

// A value of many lines, and two values side by side: each has the whole screen.

type Row = { readonly sign: string; readonly text: string }

/** Lines that a pane says about itself. */
function heads({ pane }: DetailState): number {
  return pane.kind === 'diff' ? 2 : 1
}

export function paneHeight(screen: DetailState, world: World): number {
  return Math.max(1, bodyHeight(world) - heads(screen))
}

/** What is revealed, in lines of the window: nothing is cut, for nobody could see the rest. */
export function paneRows({ pane, reveal }: DetailState, width: number): readonly Row[] {
  const lines = reveal?.lines
  if (lines === undefined) return []
  const room = Math.max(1, width - (pane.kind === 'diff' ? 2 : 0))
  // A value of 100,000 lines is drawn each second: it is broken once for a window.
  const known = made.get(lines)
  if (known?.room === room) return known.rows
  const rows = lines.flatMap(({ sign, text }) =>
    broken(text, room).map((part) => ({ sign, text: part })),
  )
  made.set(lines, { room, rows })
  return rows
}

type Made = { readonly room: number; readonly rows: readonly Row[] }
/** It goes with what it was made of. */
const made = new WeakMap<readonly Differing[], Made>()

/** A line in pieces of at most `width` columns, broken anywhere. */
function broken(text: string, width: number): readonly string[] {
  const shown = displayText(text)
  if (widthOf(shown) <= width) return [shown]
  const parts: string[] = []
  if (shown.length === widthOf(shown)) {
    for (let at = 0; at < shown.length; at += width) parts.push(shown.slice(at, at + width))
    return parts
  }
  let part = ''
  let used = 0
  for (const char of shown) {
    const wide = widthOf(char)
    if (used + wide > width) {
      parts.push(part)
      part = ''
      used = 0
    }
    part += char
    used += wide
  }
  return [...parts, part]
}

/** `version 3`, by whom and when, and how long. */
export function described(entry: Entry): string {
  if (entry.kind === 'staged') {
    return entry.staged.value === undefined ? 'staged: to be deleted' : 'staged, not saved yet'
  }
  const { version, kind, size, at, author, current } = entry.version
  const what = kind === 'delete' ? 'deleted' : `${size ?? 0} bytes`
  const which = `version ${version.number}${current ? ' (current)' : ''}`
  return [which, what, `${moment(at)} UTC`, authorName(author)].join(' · ')
}

export function valuePane(
  screen: DetailState,
  entry: Entry | undefined,
  { width, height }: Size,
): readonly Line[] {
  const { rows, where } = shownRows(screen, width, height - 1)
  const head = [where, entry === undefined ? '' : described(entry)].filter(Boolean).join(' · ')
  return [
    line(span(clipped(head, width), 'dim')),
    ...rows.map(({ text }) => line(span(text === '' ? ' ' : text))),
  ]
}

function shownRows(
  screen: DetailState,
  width: number,
  height: number,
): { readonly rows: readonly Row[]; readonly where: string } {
  const all = paneRows(screen, width)
  const top = Math.max(0, Math.min(screen.top, all.length - height))
  const rows = all.slice(top, top + height)
  const where =
    rows.length < all.length ? `lines ${top + 1}–${top + rows.length} of ${all.length}` : ''
  return { rows, where }
}

const LOOKS: { readonly [sign: string]: 'bad' | 'good' | 'plain' } = { '-': 'bad', '+': 'good' }

export function diffPane(
  screen: DetailState,
  { before, after }: { readonly before: Entry; readonly after: Entry },
  { width, height }: Size,
): readonly Line[] {
  const { rows, where } = shownRows(screen, width, height - 2)
  const same = screen.reveal?.lines?.every(({ sign }) => sign === ' ') ?? false
  const place = [same ? ' · the same' : '', where === '' ? '' : ` · ${where}`].join('')
  const heading = [
    line(span(clipped(`- ${described(before)}`, width), 'bad')),
    line(span(clipped(`+ ${described(after)}${place}`, width), 'good')),
  ]
  const lines =
    screen.reveal?.lines === undefined
      ? [
          line(span(`  ${MASK}`, 'dim')),
          line(span(clipped('  r shows what differs', width), 'dim')),
        ]
      : rows.map(({ sign, text }) => line(span(`${sign} ${text}`, LOOKS[sign] ?? 'plain')))
  return [...heading, ...lines].slice(0, height)
}
