import stringWidth, { type Options } from 'string-width'

// Stands in for `string-width` in the bundle (scripts/tooling/bundle.ts): Ink asks for the width of every single character
// of a frame, and of every line, and nearly all of them are ASCII.

/** ASCII, and the signs that the interface draws with: one column each. */
const NARROW = /^[ -~•…·─│╭╮╰╯❯●○◌×↑↓←→✓‹›▀▄█]*$/
const ESCAPE = '\x1b'
/** Colours and weights (SGR), which Ink has put in already when it asks. */
const STYLES = new RegExp(`${ESCAPE}\\[[0-9;]*m`, 'g')

const KEPT = 4096
const widths = new Map<string, number>()

/** Columns of a text on a terminal, as string-width counts them. */
export function width(text: string, options?: Options): number {
  const bare = text.includes(ESCAPE) ? text.replace(STYLES, '') : text
  if (NARROW.test(bare)) return bare.length
  if (options !== undefined || text.length > 8) return stringWidth(text, options)
  const known = widths.get(text)
  if (known !== undefined) return known
  if (widths.size >= KEPT) widths.clear()
  const counted = stringWidth(text)
  widths.set(text, counted)
  return counted
}
