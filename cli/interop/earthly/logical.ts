import { piecesOf } from './words.js'

// An Earthfile's text as its logical lines: continued lines joined, comments and here-documents taken out. Pure, and for
// any text whatever: what is wrong with an Earthfile is Earthly's to say.

/** One command or target with its continuations, comments left out. */
export type LogicalLine = {
  /** Where it begins, from 1, and the line behind it. */
  readonly line: number
  readonly end: number
  readonly indented: boolean
  /** Without the blanks around it; a quoted part may hold line ends. */
  readonly text: string
}

type Source = {
  readonly lines: readonly string[]
  /** The lines that hold nothing but this text, the last one first: ends that a here-document may have. */
  readonly ends: ReadonlyMap<string, number[]>
  /** The next line whose text closes a double quote that an earlier line left open, from each line on; -1: none. */
  readonly closes: readonly number[]
}

/** The logical lines of an Earthfile. Never throws. */
export function logicalLines(text: string): LogicalLine[] {
  const source = sourceOf(text)
  const found: LogicalLine[] = []
  for (let at = 0; at < source.lines.length;) {
    const first = source.lines[at] ?? ''
    if (isBlank(first)) {
      at++
      continue
    }
    const [joined, next] = join(source, at)
    const trimmed = joined.trim()
    if (trimmed !== '')
      found.push({ line: at + 1, end: next + 1, indented: /^[ \t]/.test(first), text: trimmed })
    at = afterHeredocs(source, joined, next)
  }
  return found
}

function sourceOf(text: string): Source {
  const lines = text.replace(/^\ufeff/, '').split(/\r\n|\n|\r/)
  const ends = new Map<string, number[]>()
  for (const [index, line] of lines.entries()) {
    const word = line.trim()
    if (!/^\w+$/.test(word)) continue
    const before = ends.get(word)
    if (before === undefined) ends.set(word, [index])
    else before.push(index)
  }
  const closes: number[] = []
  let next = -1
  for (let at = lines.length - 1; at >= 0; at--) {
    if (/(?:^|[^\\])(?:\\\\)*"/.test(lines[at] ?? '')) next = at
    closes[at] = next
  }
  for (const each of ends.values()) each.reverse()
  return { lines, ends, closes }
}

/** Nothing, or a comment. */
function isBlank(line: string): boolean {
  return /^\s*(#|$)/.test(line)
}

/** The line at `at` with what continues it, and the line after. */
function join({ lines, closes }: Source, at: number): [string, number] {
  const parts: string[] = []
  let open = false
  for (let next = at; ;) {
    const line = lines[next++] ?? ''
    open = quoteLeftOpen(line, open)
    const close = open ? (closes[next] ?? -1) : -1
    if (close >= 0) {
      // A quote that is closed further down keeps its line ends, and what looks like a comment or its own end.
      parts.push(line, ...lines.slice(next, close).map((one) => `\n${one}`), '\n')
      next = close
      continue
    }
    open = false
    if (!CONTINUATION.test(line)) return [parts.join('') + line, next]
    parts.push(line.replace(CONTINUATION, '$1$2'), ' ')
    while (next < lines.length && isBlank(lines[next] ?? '')) next++
    if (next >= lines.length) return [parts.join(''), next]
  }
}

/** A backslash at the end, or before a comment at the end. */
const CONTINUATION = /(^|[^\\])((?:\\\\)*)\\(?:[ \t]*|[ \t]+#.*)$/

/** Whether a double quote is open at the line's end; single quotes count where they are closed on the line. */
function quoteLeftOpen(line: string, open: boolean): boolean {
  let inside = open
  for (let at = 0; at < line.length; at++) {
    const char = line[at]
    if (char === '\\') at++
    else if (char === '"') inside = !inside
    else if (char === "'" && !inside) {
      const close = line.indexOf("'", at + 1)
      if (close > 0) at = close
    }
  }
  return inside
}

/** The line after the here-documents that a command begins, as far as their ends are there. */
function afterHeredocs({ ends }: Source, command: string, next: number): number {
  let at = next
  if (!command.includes('<<')) return at
  for (const word of heredocWords(command)) {
    const left = ends.get(word) ?? []
    while ((left.at(-1) ?? at) < at) left.pop()
    const end = left.at(-1)
    if (end !== undefined) at = end + 1
  }
  return at
}

/** The words after `<<` that don't stand in quotes themselves. */
function heredocWords(command: string): string[] {
  const found: string[] = []
  let before = ''
  for (const piece of piecesOf(command)) {
    const isQuoted = /^["']/.test(piece)
    if (!isQuoted) before += piece
    else if (/<<-?[ \t]*$/.test(before.slice(-40))) found.push(piece.slice(1, -1))
  }
  for (const [, word = ''] of before.matchAll(/<<-?[ \t]{0,40}([A-Za-z_]\w*)/g)) found.push(word)
  return found
}
