// Floor and subject are measured in turn, so that whatever else the machine does meanwhile hits both alike.

/** One measurement; gives the figure, in whatever unit both sides share. */
export type Sample = () => number | Promise<number>

export type Medians = { readonly floor: number; readonly value: number }

/** The median; of an even count the mean of the middle two. NaN without figures. */
export function median(figures: readonly number[]): number {
  const sorted = figures.toSorted((a, b) => a - b)
  const middle = sorted.length / 2
  const high = sorted[Math.floor(middle)] ?? Number.NaN
  return Number.isInteger(middle) ? ((sorted[middle - 1] ?? Number.NaN) + high) / 2 : high
}

/** The medians of `rounds` measurements of each, made in turn after one of each that doesn't count. */
export async function inTurn(rounds: number, floor: Sample, subject: Sample): Promise<Medians> {
  const floors: number[] = []
  const subjects: number[] = []
  for (let round = 0; round <= rounds; round++) {
    const pair = [await floor(), await subject()] as const
    if (round === 0) continue
    floors.push(pair[0])
    subjects.push(pair[1])
  }
  return { floor: median(floors), value: median(subjects) }
}

/** Milliseconds that `work` takes. */
export async function timed(work: () => unknown): Promise<number> {
  const started = performance.now()
  await work()
  return performance.now() - started
}
