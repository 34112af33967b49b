import type { ChangeId } from '../../../shared/ids.js'
import type { Change } from './change.js'

// What values that were written apart were written over.

/**
 * The newest version that all siblings build on, over any number of steps; undefined where there is none here: the
 * name was made on several devices at once, or what they built on is pruned. @param history the name's, newest first
 */
export function mergeBase(
  history: readonly Change[],
  siblings: readonly Change[],
): Change | undefined {
  const [first, ...others] = siblings
  if (first === undefined) return undefined
  const known = new Map(history.map((change) => [change.id, change]))
  const common = ancestorsOf(first, known)
  for (const sibling of others) {
    if (common.size === 0) return undefined
    const ancestors = ancestorsOf(sibling, known)
    for (const id of common) if (!ancestors.has(id)) common.delete(id)
  }
  // Clocks may lie, parents can't: what another one of them was written over is not the newest.
  const overwritten = new Set(history.flatMap(({ id, parents }) => (common.has(id) ? parents : [])))
  return history.find(({ id }) => common.has(id) && !overwritten.has(id))
}

/** All that a change was written over. Of two that are in conflict neither is among the other's. */
function ancestorsOf(change: Change, known: ReadonlyMap<ChangeId, Change>): Set<ChangeId> {
  const found = new Set<ChangeId>()
  const next = [...change.parents]
  for (let at = next.pop(); at !== undefined; at = next.pop()) {
    const one = known.get(at)
    if (one === undefined || found.has(at)) continue
    found.add(at)
    next.push(...one.parents)
  }
  return found
}
