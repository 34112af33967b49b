// Counting what passed. Every gate, smoke and outside check is one test; a uvu file has as many as it says.
import { seconds, say } from './repo.js'
import { type Finished } from './processes.js'

export type Tally = { passed: number; failed: number; skipped: number }

export const NOTHING: Tally = { passed: 0, failed: 0, skipped: 0 }
export const ONE_PASSED: Tally = { passed: 1, failed: 0, skipped: 0 }
export const ONE_FAILED: Tally = { passed: 0, failed: 1, skipped: 0 }

/** The sum of tallies. */
export function sum(tallies: readonly Tally[]): Tally {
  return tallies.reduce(
    (a, b) => ({
      passed: a.passed + b.passed,
      failed: a.failed + b.failed,
      skipped: a.skipped + b.skipped,
    }),
    NOTHING,
  )
}

/**
 * Counts one uvu file's run by the totals it printed. A run that printed none, was killed, or ended nonzero without
 * naming a failed test counts as one failure more: a test that never ran must not look like one that passed.
 */
export function tallyOfUvu(finished: Finished): Tally {
  const count = (word: string): number =>
    [...finished.output.matchAll(new RegExp(`^ {2}${word}: +(\\d+)$`, 'gm'))]
      .map((match) => Number(match[1]))
      .reduce((a, b) => a + b, 0)
  const [total, passed, skipped] = [count('Total'), count('Passed'), count('Skipped')]
  const named = total - passed
  const crashed = total === 0 || finished.timedOut || (finished.code !== 0 && named === 0)
  return { passed, failed: named + (crashed ? 1 : 0), skipped }
}

/** Runs one part of the suite and prints its line; what it throws counts as one failure. */
export async function part(name: string, body: () => Promise<Tally>): Promise<Tally> {
  const started = performance.now()
  let tally: Tally
  try {
    tally = await body()
  } catch (error) {
    say(String(error))
    tally = ONE_FAILED
  }
  const skipped = tally.skipped > 0 ? `, ${tally.skipped} skipped` : ''
  say(
    `== ${name}: ${tally.passed} ok, ${tally.failed} not ok${skipped} in ${seconds(started)} s ==`,
  )
  return tally
}

/** Runs `work` on all `items`, `width` at a time, and gives the results in the items' order. */
export async function inParallel<T, R>(
  items: readonly T[],
  width: number,
  work: (item: T) => Promise<R>,
): Promise<R[]> {
  const results: R[] = []
  const queue = items.entries()
  const worker = async (): Promise<void> => {
    for (const [index, item] of queue) results[index] = await work(item)
  }
  await Promise.all(Array.from({ length: width }, worker))
  return results
}
