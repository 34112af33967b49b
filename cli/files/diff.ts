// A text's changes as `diff -u` shows them. Pure.

type Edit = { readonly sign: ' ' | '-' | '+'; readonly line: string }

const CONTEXT = 3
/** Beyond this many pairs of lines all that differs is shown as one replacement. */
const MAX_PAIRS = 4_000_000

/** The unified diff between two texts, '' where they are the same. */
export function unifiedDiff(path: string, before: string, after: string): string {
  if (before === after) return ''
  const edits = editsOf(linesOf(before), linesOf(after))
  const head = [`--- ${before === '' ? '/dev/null' : path}\n`, `+++ ${path}\n`]
  return [...head, ...hunksOf(edits).map((hunk) => showHunk(edits, hunk))].join('')
}

function linesOf(text: string): string[] {
  const lines = text.split(/(?<=\n)/)
  return lines.at(-1) === '' ? lines.slice(0, -1) : lines
}

/** The lines kept, taken out and put in, in order. */
function editsOf(before: readonly string[], after: readonly string[]): Edit[] {
  let start = 0
  while (start < Math.min(before.length, after.length) && before[start] === after[start]) start++
  let end = 0
  const rest = Math.min(before.length, after.length) - start
  while (end < rest && before.at(-1 - end) === after.at(-1 - end)) end++
  const kept = (lines: readonly string[]): Edit[] => lines.map((line) => ({ sign: ' ', line }))
  return [
    ...kept(before.slice(0, start)),
    ...middle(before.slice(start, before.length - end), after.slice(start, after.length - end)),
    ...kept(before.slice(before.length - end)),
  ]
}

function middle(before: readonly string[], after: readonly string[]): Edit[] {
  const out: Edit[] = []
  const isLong = before.length * after.length > MAX_PAIRS
  const common = isLong ? [] : commonLengths(before, after)
  let [i, j] = [0, 0]
  while (i < before.length && j < after.length) {
    const [b = '', a = ''] = [before[i], after[j]]
    if (b === a) {
      out.push({ sign: ' ', line: b })
      i++
      j++
    } else if ((common[i + 1]?.[j] ?? 0) >= (common[i]?.[j + 1] ?? 0)) {
      out.push({ sign: '-', line: b })
      i++
    } else {
      out.push({ sign: '+', line: a })
      j++
    }
  }
  for (const line of before.slice(i)) out.push({ sign: '-', line })
  for (const line of after.slice(j)) out.push({ sign: '+', line })
  return out
}

/** The length of the longest common subsequence of what follows each pair of places. */
function commonLengths(before: readonly string[], after: readonly string[]): Uint32Array[] {
  const table = Array.from({ length: before.length + 1 }, () => new Uint32Array(after.length + 1))
  for (let i = before.length - 1; i >= 0; i--) {
    for (let j = after.length - 1; j >= 0; j--) {
      const row = table[i]
      const below = table[i + 1]
      if (row === undefined || below === undefined) continue
      row[j] =
        before[i] === after[j] ? (below[j + 1] ?? 0) + 1 : Math.max(below[j] ?? 0, row[j + 1] ?? 0)
    }
  }
  return table
}

type Hunk = { readonly from: number; readonly to: number }

/** The parts of the edits that are shown: changes with their surroundings, near ones together. */
function hunksOf(edits: readonly Edit[]): Hunk[] {
  const hunks: Hunk[] = []
  for (const [at, { sign }] of edits.entries()) {
    if (sign === ' ') continue
    const from = Math.max(0, at - CONTEXT)
    const last = hunks.at(-1)
    const begin = last !== undefined && last.to >= from ? (hunks.pop()?.from ?? from) : from
    hunks.push({ from: begin, to: Math.min(edits.length, at + 1 + CONTEXT) })
  }
  return hunks
}

function showHunk(edits: readonly Edit[], { from, to }: Hunk): string {
  const count = (signs: string, part: readonly Edit[]): number =>
    part.filter(({ sign }) => signs.includes(sign)).length
  const [above, part] = [edits.slice(0, from), edits.slice(from, to)]
  const place = (signs: string): string => {
    const length = count(signs, part)
    const start = count(signs, above) + (length === 0 ? 0 : 1)
    return length === 1 ? String(start) : `${start},${length}`
  }
  const lines = part.map(({ sign, line }) =>
    line.endsWith('\n') ? sign + line : `${sign}${line}\n\\ No newline at end of file\n`,
  )
  return `@@ -${place(' -')} +${place(' +')} @@\n${lines.join('')}`
}
