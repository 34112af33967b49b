import { Rng } from '../simulation/rng.js'

/** `count` of the things, drawn by a seed, in their own order: the same for the same seed. */
export function sample<T>(all: readonly T[], count: number, seed: number): T[] {
  const rng = new Rng(seed)
  return all
    .map((one, at) => ({ one, at, by: rng.next() }))
    .toSorted((a, b) => a.by - b.by)
    .slice(0, count)
    .toSorted((a, b) => a.at - b.at)
    .map(({ one }) => one)
}
