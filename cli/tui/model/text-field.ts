import type { Key } from './key.js'

// One line of text that is being typed. Positions count characters as people see them (code points), not units.

export type TextField = {
  readonly text: string
  /** Characters before the cursor. */
  readonly cursor: number
}

export const EMPTY_FIELD: TextField = { text: '', cursor: 0 }

/** A field that holds `text`, the cursor behind it. */
export function fieldOf(text: string): TextField {
  return { text, cursor: characters(text).length }
}

function characters(text: string): string[] {
  return Array.from(text)
}

/** The characters before the cursor, and those from it on. */
export function parted({ text, cursor }: TextField): [string, string] {
  const all = characters(text)
  return [all.slice(0, cursor).join(''), all.slice(cursor).join('')]
}

/** Puts text in at the cursor; line breaks become blanks, so that what was pasted stays on its line. */
export function insert(field: TextField, text: string): TextField {
  const [before, after] = parted(field)
  const line = text.replace(/\r\n?|\n/g, ' ')
  return { text: before + line + after, cursor: field.cursor + characters(line).length }
}

type Edit = (field: TextField) => TextField

const isWord = (char: string): boolean => /[\p{L}\p{N}]/u.test(char)

function wordStart({ text, cursor }: TextField): number {
  const all = characters(text)
  let at = cursor
  while (at > 0 && !isWord(all[at - 1] ?? '')) at--
  while (at > 0 && isWord(all[at - 1] ?? '')) at--
  return at
}

function wordEnd({ text, cursor }: TextField): number {
  const all = characters(text)
  let at = cursor
  while (at < all.length && !isWord(all[at] ?? '')) at++
  while (at < all.length && isWord(all[at] ?? '')) at++
  return at
}

function without(field: TextField, from: number, to: number): TextField {
  const all = characters(field.text)
  return { text: [...all.slice(0, from), ...all.slice(to)].join(''), cursor: from }
}

const length = ({ text }: TextField): number => characters(text).length
const at = (field: TextField, cursor: number): TextField => ({
  ...field,
  cursor: Math.max(0, Math.min(cursor, length(field))),
})

/** What the keys of a line do: readline's. */
const EDITS: { readonly [key: string]: Edit } = {
  left: (field) => at(field, field.cursor - 1),
  right: (field) => at(field, field.cursor + 1),
  home: (field) => at(field, 0),
  end: (field) => at(field, length(field)),
  'ctrl-a': (field) => at(field, 0),
  'ctrl-e': (field) => at(field, length(field)),
  'ctrl-b': (field) => at(field, field.cursor - 1),
  'alt-b': (field) => at(field, wordStart(field)),
  'alt-f': (field) => at(field, wordEnd(field)),
  backspace: (field) =>
    field.cursor === 0 ? field : without(field, field.cursor - 1, field.cursor),
  delete: (field) => without(field, field.cursor, field.cursor + 1),
  'ctrl-d': (field) => without(field, field.cursor, field.cursor + 1),
  'ctrl-k': (field) => without(field, field.cursor, length(field)),
  'ctrl-u': (field) => without(field, 0, field.cursor),
  'ctrl-w': (field) => without(field, wordStart(field), field.cursor),
}

/** What a key makes of the field; undefined when it is none of a line's keys. */
export function typeInto(field: TextField, key: Key): TextField | undefined {
  const edit = EDITS[key.name]
  if (edit !== undefined) return edit(field)
  return key.text === '' ? undefined : insert(field, key.text)
}
