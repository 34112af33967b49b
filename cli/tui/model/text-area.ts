import type { Key } from './key.js'
import { fit } from './list.js'
import { fieldOf, typeInto, type TextField } from './text-field.js'

// Text of many lines that is being typed. Only a newline ends a line: what else is in it stays as it is, and is seen.

export type TextArea = {
  /** At least one; joined by newlines they are the text. */
  readonly lines: readonly string[]
  /** The line of the cursor. */
  readonly row: number
  /** Characters (code points) before it in its line. */
  readonly column: number
  /** Where it goes back to when a longer line comes, as it moves up and down. */
  readonly goal: number
  /** The first line shown. */
  readonly top: number
}

export const EMPTY_AREA: TextArea = { lines: [''], row: 0, column: 0, goal: 0, top: 0 }

/** An area that holds `text`, the cursor at its beginning. */
export function areaOf(text: string): TextArea {
  return { ...EMPTY_AREA, lines: text.split('\n') }
}

export function textIn({ lines }: TextArea): string {
  return lines.join('\n')
}

/** The line of the cursor as a field of one line. */
export function currentField({ lines, row, column }: TextArea): TextField {
  return { text: lines[row] ?? '', cursor: column }
}

/** Puts text in at the cursor, its lines as lines. */
export function insertInto(area: TextArea, text: string): TextArea {
  const { lines, row } = area
  const [before, after] = split(area)
  const [first = '', ...rest] = text.split('\n')
  const last = rest.at(-1)
  const made =
    last === undefined
      ? [before + first + after]
      : [before + first, ...rest.slice(0, -1), last + after]
  const column = last === undefined ? length(before) + length(first) : length(last)
  return at({ ...area, lines: lines.toSpliced(row, 1, ...made) }, row + rest.length, column)
}

/**
 * What a key makes of the area; undefined when it is none of a text's keys.
 * @param height lines that are shown: a page
 */
export function typeIntoArea(area: TextArea, key: Key, height: number): TextArea | undefined {
  const edit = EDITS[key.name]
  const next = edit === undefined ? withinLine(area, key) : edit(area, Math.max(1, height - 1))
  return next && shown(next, height)
}

/** The window around the cursor. */
export function shown(area: TextArea, height: number): TextArea {
  const { top } = fit({ at: area.row, top: area.top }, area.lines.length, height)
  return top === area.top ? area : { ...area, top }
}

type Edit = (area: TextArea, page: number) => TextArea

const EDITS: { readonly [key: string]: Edit } = {
  enter: (area) => insertInto(area, '\n'),
  tab: (area) => insertInto(area, '\t'),
  up: (area) => moved(area, -1),
  down: (area) => moved(area, 1),
  'ctrl-n': (area) => moved(area, 1),
  'page-up': (area, page) => moved(area, -page),
  'page-down': (area, page) => moved(area, page),
  left: back,
  'ctrl-b': back,
  right: forth,
  backspace: (area) => (area.column === 0 ? joined(area, area.row - 1) : inLine(area, 'backspace')),
  delete: deleted,
  'ctrl-d': deleted,
  'ctrl-k': (area) =>
    area.column === length(lineAt(area, area.row))
      ? joined(area, area.row)
      : inLine(area, 'ctrl-k'),
  'ctrl-w': (area) => (area.column === 0 ? joined(area, area.row - 1) : inLine(area, 'ctrl-w')),
  'alt-<': (area) => at(area, 0, 0),
  'alt->': (area) => {
    const last = area.lines.length - 1
    return at(area, last, length(lineAt(area, last)))
  },
}

function lineAt({ lines }: TextArea, row: number): string {
  return lines[row] ?? ''
}

function length(text: string): number {
  return Array.from(text).length
}

function split(area: TextArea): readonly [string, string] {
  const all = Array.from(lineAt(area, area.row))
  return [all.slice(0, area.column).join(''), all.slice(area.column).join('')]
}

function at(area: TextArea, row: number, column: number): TextArea {
  return { ...area, row, column, goal: column }
}

/** Up and down: the column is kept over shorter lines. Past the ends the cursor goes to the end of the line. */
function moved(area: TextArea, by: number): TextArea {
  const last = area.lines.length - 1
  const wanted = area.row + by
  if (wanted < 0 && area.row === 0) return at(area, 0, 0)
  if (wanted > last && area.row === last) return at(area, last, length(lineAt(area, last)))
  const row = Math.max(0, Math.min(wanted, last))
  return { ...area, row, column: Math.min(area.goal, length(lineAt(area, row))) }
}

function back(area: TextArea): TextArea {
  if (area.column > 0) return at(area, area.row, area.column - 1)
  return area.row === 0 ? area : at(area, area.row - 1, length(lineAt(area, area.row - 1)))
}

function forth(area: TextArea): TextArea {
  if (area.column < length(lineAt(area, area.row))) return at(area, area.row, area.column + 1)
  return area.row === area.lines.length - 1 ? area : at(area, area.row + 1, 0)
}

function deleted(area: TextArea): TextArea {
  return area.column === length(lineAt(area, area.row))
    ? joined(area, area.row)
    : inLine(area, 'delete')
}

/** Takes the newline behind a line away. */
function joined(area: TextArea, row: number): TextArea {
  const [one, next] = [area.lines[row], area.lines[row + 1]]
  if (one === undefined || next === undefined) return area
  return at({ ...area, lines: area.lines.toSpliced(row, 2, one + next) }, row, length(one))
}

/** A key of one line, in the line of the cursor. */
function withinLine(area: TextArea, key: Key): TextArea | undefined {
  const field = typeInto(currentField(area), key)
  if (field === undefined) return undefined
  return at(
    { ...area, lines: area.lines.with(area.row, field.text) },
    area.row,
    // The field counts as the area does.
    Math.min(field.cursor, fieldOf(field.text).cursor),
  )
}

function inLine(area: TextArea, name: string): TextArea {
  return withinLine(area, { name, text: '' }) ?? area
}
