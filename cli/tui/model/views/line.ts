import stringWidth from 'string-width'
import { displayText } from '../../../../shared/display.js'
import { parted, type TextField } from '../text-field.js'

// What is seen, as lines of spans. Whatever is put into a span is shown, never obeyed: escaping is done here and nowhere else.

export type Look = 'plain' | 'dim' | 'strong' | 'accent' | 'good' | 'bad' | 'cursor'

export type Span = { readonly text: string; readonly look: Look }

export type Line = {
  readonly spans: readonly Span[]
  /** The line that keys are about. */
  readonly chosen?: boolean
}

/** Text of anybody's. */
export function span(text: string, look: Look = 'plain'): Span {
  return { text: displayText(text), look }
}

export function line(...spans: readonly (Span | string)[]): Line {
  return { spans: spans.map((one) => (typeof one === 'string' ? span(one) : one)) }
}

export const BLANK: Line = { spans: [] }

/** Columns that a text takes on a terminal. */
export function widthOf(text: string): number {
  // Most text is ASCII; the library's segmenting costs a hundred times as much.
  if (/^[ -~]*$/.test(text)) return text.length
  if (text.length <= PIECE) return stringWidth(text)
  // Its time grows with the square of the length: a value of half a megabyte took minutes.
  let width = 0
  for (const piece of pieces(text)) width += stringWidth(piece)
  return width
}

/** UTF-16 units that are measured at once. */
const PIECE = 256

/** A text in pieces that part no character of it. */
function* pieces(text: string): Generator<string> {
  for (let at = 0; at < text.length;) {
    const end = at + PIECE
    const isPair = /[\ud800-\udbff]/.test(text[end - 1] ?? '')
    yield text.slice(at, isPair ? end + 1 : end)
    at = isPair ? end + 1 : end
  }
}

/** `text` in exactly `width` columns: cut with `…`, or padded. */
export function fitted(text: string, width: number): string {
  const shown = clipped(text, width)
  return shown + ' '.repeat(Math.max(0, width - widthOf(shown)))
}

/** `text` in at most `width` columns, cut with `…`. */
export function clipped(text: string, width: number): string {
  const head = text.slice(0, most(width))
  const shown = displayText(head)
  if (head.length === text.length && widthOf(shown) <= width) return shown
  if (width <= 0) return ''
  let kept = ''
  let used = 0
  for (const char of shown) {
    const wide = widthOf(char)
    if (used + wide > width - 1) break
    kept += char
    used += wide
  }
  return `${kept}…`
}

/** Of a text that is longer nothing else is looked at: a value may be half a million characters, and is drawn each second. */
function most(width: number): number {
  return Math.max(0, width) * 16 + 64
}

/** Spans in at most `width` columns, all together. */
export function clippedSpans(spans: readonly Span[], width: number): readonly Span[] {
  let room = width
  return spans.flatMap(({ text, look }) => {
    const shown = { text: clipped(text, room), look }
    room -= widthOf(shown.text)
    return shown.text === '' ? [] : [shown]
  })
}

/** Columns side by side: the last given width is what is left. */
export type Column = { readonly text: string; readonly width: number; readonly look?: Look }

export function columns(...all: readonly Column[]): readonly Span[] {
  return all.flatMap(({ text, width, look = 'plain' }, i) => {
    const shown: Span = { text: fitted(text, width), look }
    return i === 0 ? [shown] : [{ text: ' ', look: 'plain' } as const, shown]
  })
}

/** A row of a list: the mark tells which is chosen, also without colour. */
export function row(chosen: boolean, spans: readonly Span[]): Line {
  const mark: Span = { text: chosen ? '❯ ' : '  ', look: 'accent' }
  return { spans: [mark, ...spans], chosen }
}

/**
 * A field as it is typed: dots for a secret, the cursor as a block.
 * @param width columns that there are: what is longer is shown around the cursor
 */
export function typedSpans(
  field: TextField,
  hidden = false,
  width = Number.POSITIVE_INFINITY,
): readonly Span[] {
  const [all, rest] = parted(field)
  const before = all.slice(-most(width))
  const after = rest.slice(0, most(width))
  const shown = (text: string): string =>
    hidden ? '•'.repeat(Array.from(text).length) : displayText(text)
  const [under = ' ', ...more] = Array.from(shown(after))
  const left = lastOf(shown(before), width - widthOf(under), before.length < all.length)
  const room = width - widthOf(left) - widthOf(under)
  const right = more.join('')
  return [span(left), span(under, 'cursor'), span(room > 0 ? clipped(right, room) : '')]
}

/** The end of a text, in at most `width` columns. @param isCut something stands before it */
function lastOf(text: string, width: number, isCut: boolean): string {
  if (!isCut && widthOf(text) <= width) return text
  let kept = ''
  let used = 1
  for (const char of Array.from(text).toReversed()) {
    used += widthOf(char)
    if (used > width) break
    kept = char + kept
  }
  return `…${kept}`
}

/** Lines of at most `width` columns, broken at blanks where there are any; all begin as far in as the first. */
export function wrapped(text: string, width: number): readonly string[] {
  const [indent = ''] = /^ */.exec(text) ?? []
  const inside = displayText(text.slice(indent.length))
  if (inside === '' || indent.length > width / 2) return broken(inside, width)
  return broken(inside, width - indent.length).map((one) => indent + one)
}

function broken(text: string, width: number): readonly string[] {
  const lines: string[] = []
  let current = ''
  for (const word of text.split(' ')) {
    const joined = current === '' ? word : `${current} ${word}`
    if (widthOf(joined) <= width) current = joined
    else {
      if (current !== '') lines.push(current)
      current = ''
      for (const char of word) {
        if (widthOf(current + char) > width) {
          lines.push(current)
          current = ''
        }
        current += char
      }
    }
  }
  return [...lines, current]
}
