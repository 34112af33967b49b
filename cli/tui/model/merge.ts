import { diffArrays } from 'diff'

// Texts that were written apart, put together line by line: what only one side changed is taken, what several changed
// differently stands between markers, as in a version control system.

type Lines = readonly string[]

export type Piece =
  | { readonly kind: 'agreed'; readonly lines: Lines }
  /** `base` is undefined where there is none: then nobody can tell what was added from what was taken away. */
  | { readonly kind: 'apart'; readonly base: Lines | undefined; readonly sides: readonly Lines[] }

/** A longer way from one text to another is not looked for: then they have nothing in common. */
const LONGEST = 1000

/** A text as lines; joined by line feeds they are the text again, whatever it ended with. */
export function linesOf(text: string): string[] {
  return text.split('\n')
}

/** For each line of `base` where it stands in `side`; -1: nowhere. */
function matches(base: Lines, side: Lines): number[] {
  const at: number[] = []
  let next = 0
  const changes = diffArrays([...base], [...side], { maxEditLength: LONGEST })
  if (changes === undefined) return base.map(() => -1)
  for (const { added, removed, count } of changes) {
    if (!added) for (let i = 0; i < count; i++) at.push(removed ? -1 : next + i)
    if (!removed) next += count
  }
  return at
}

/** The lines that all sides have, in their order. */
function inCommon([first = [], ...others]: readonly Lines[]): Lines {
  return others.reduce((common, side) => {
    const at = matches(common, side)
    return common.filter((_, i) => (at[i] ?? -1) >= 0)
  }, first)
}

/** Merges all sides at once. @param base what they were written over; undefined when that is not known */
export function merged(base: string | undefined, sides: readonly string[]): readonly Piece[] {
  const all = sides.map(linesOf)
  const ground = base === undefined ? inCommon(all) : linesOf(base)
  const found = all.map((side) => matches(ground, side))
  const pieces: Piece[] = []
  let from = 0
  let starts = all.map(() => 0)
  /** What stands before the next line that all have, from where the last one was. */
  const between = (to: number, ends: readonly number[]): void => {
    const parts = all.map((side, k) => side.slice(starts[k], ends[k]))
    pieces.push(pieceOf(ground.slice(from, to), parts, base !== undefined))
  }
  ground.forEach((text, i) => {
    const ends = found.map((at) => at[i] ?? -1)
    if (ends.includes(-1)) return
    between(i, ends)
    pieces.push({ kind: 'agreed', lines: [text] })
    from = i + 1
    starts = ends.map((end) => end + 1)
  })
  between(
    ground.length,
    all.map((side) => side.length),
  )
  return joined(pieces)
}

const same = (one: Lines, other: Lines): boolean =>
  one.length === other.length && one.every((text, i) => text === other[i])

function pieceOf(base: Lines, sides: readonly Lines[], isKnown: boolean): Piece {
  const changed = isKnown ? sides.filter((side) => !same(side, base)) : sides
  const [first = base, ...others] = changed
  return others.every((side) => same(side, first))
    ? { kind: 'agreed', lines: first }
    : { kind: 'apart', base: isKnown ? base : undefined, sides }
}

/** Without empty pieces, and agreed ones that follow each other in one. */
function joined(pieces: readonly Piece[]): readonly Piece[] {
  const out: Piece[] = []
  let run: string[] | undefined
  for (const piece of pieces) {
    if (piece.kind === 'apart') {
      out.push(piece)
      run = undefined
    } else if (run !== undefined) {
      for (const text of piece.lines) run.push(text)
    } else if (piece.lines.length > 0) {
      run = [...piece.lines]
      out.push({ kind: 'agreed', lines: run })
    }
  }
  return out
}

export function isClean(pieces: readonly Piece[]): boolean {
  return pieces.every(({ kind }) => kind === 'agreed')
}

/** As long as git's, or longer than all that looks like one in these texts: what is left of them is found surely. */
export function markerFor(texts: readonly string[]): number {
  return texts
    .flatMap(linesOf)
    .reduce((longest, text) => Math.max(longest, markerIn(text) + 1), MARKER)
}

const MARKER = 7

function markerIn(text: string): number {
  return /^([<|=>])\1*/.exec(text)?.[0].length ?? 0
}

/** Whether a marker of this length is left in an edited text. */
export function hasMarker(text: string, marker: number): boolean {
  return linesOf(text).some((one) => markerIn(one) === marker)
}

/** The merged text, with what is apart between markers. @param labels the sides' */
export function mergedText(
  pieces: readonly Piece[],
  labels: readonly string[],
  marker: number,
): string {
  const sign = (char: string, label = ''): string => `${char.repeat(marker)} ${label}`.trimEnd()
  const [first = '', ...others] = labels
  const lines = pieces.flatMap((piece) => {
    if (piece.kind === 'agreed') return piece.lines
    const [mine = [], ...theirs] = piece.sides
    const base = piece.base === undefined ? [] : [sign('|', 'base'), ...piece.base]
    const rest = theirs.flatMap((side) => [sign('='), ...side])
    return [sign('<', first), ...mine, ...base, ...rest, sign('>', others.join(', '))]
  })
  return lines.join('\n')
}

export type Differing = { readonly sign: ' ' | '+' | '-'; readonly text: string }

/** What of `text` is other than in `base`, line by line. */
export function differing(base: string, text: string): readonly Differing[] {
  const [before, after] = [linesOf(base), linesOf(text)]
  const changes = diffArrays(before, after, { maxEditLength: LONGEST })
  const as = (sign: Differing['sign'], lines: Lines): Differing[] =>
    lines.map((one) => ({ sign, text: one }))
  if (changes === undefined) return [...as('-', before), ...as('+', after)]
  return changes.flatMap(({ added, removed, value }) =>
    as(added ? '+' : removed ? '-' : ' ', value),
  )
}
