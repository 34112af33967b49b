// What was measured, judged and printed. Pure.

export type Unit = 'ms' | 'MB' | 'B' | '/s' | 'messages'

/** A promise: at most so many times the floor, or at most so much. */
export type Target = { readonly timesFloor: number } | { readonly atMost: number }

export type Figure = {
  readonly name: string
  /** What was done, in a few words. */
  readonly what: string
  readonly unit: Unit
  readonly value: number
  /** What nothing built this way could undercut, measured in the same run. */
  readonly floor: number
  readonly floorIs: string
  readonly target?: Target
}

export type Judged = Figure & { readonly ratio: number; readonly verdict: 'ok' | 'over' | '' }

/** The figure with its ratio to the floor and whether it keeps its promise. */
export function judge(figure: Figure): Judged {
  const { value, floor, target } = figure
  const ratio = value / floor
  if (target === undefined) return { ...figure, ratio, verdict: '' }
  const kept = 'atMost' in target ? value <= target.atMost : ratio <= target.timesFloor
  return { ...figure, ratio, verdict: kept ? 'ok' : 'over' }
}

function amount(value: number, unit: Unit): string {
  const digits = unit === '/s' || unit === 'B' ? 0 : value < 1 ? 3 : value < 100 ? 1 : 0
  return `${value.toFixed(digits)} ${unit}`
}

function promise({ target, unit }: Figure): string {
  if (target === undefined) return ''
  return 'atMost' in target ? `≤ ${amount(target.atMost, unit)}` : `≤ ${target.timesFloor} x`
}

const HEADS = ['figure', 'measured', 'floor', 'ratio', 'target', '', 'what', 'floor is'] as const
const RIGHT = new Set(['measured', 'floor', 'ratio', 'target'])

/** The table, a figure a line. */
export function table(figures: readonly Judged[]): string {
  const rows = figures.map((one) => [
    one.name,
    amount(one.value, one.unit),
    amount(one.floor, one.unit),
    `${one.ratio.toFixed(2)} x`,
    promise(one),
    one.verdict,
    one.what,
    one.floorIs,
  ])
  const widths = HEADS.map((head, i) =>
    Math.max(head.length, ...rows.map((row) => row[i]?.length ?? 0)),
  )
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, i) => {
        const width = widths[i] ?? 0
        return RIGHT.has(HEADS[i] ?? '') ? cell.padStart(width) : cell.padEnd(width)
      })
      .join('  ')
      .trimEnd()
  return [line(HEADS), ...rows.map(line)].join('\n')
}
