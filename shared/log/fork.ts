import type { LinkHash } from '../ids.js'
import type { ActionOf } from './link.js'
import { headOf, roleAt, type Membership } from './membership.js'
import type { Author } from './removal.js'
import { isAscending, refuse, type Apply } from './rules.js'

// The end of a fork (SPEC section 5): an owner says on the branch that goes on which others are void.

/** @throws CofferError `tampering` */
export function planEndFork(
  m: Membership,
  { voids }: ActionOf<'end-fork'>,
  { role, device, n }: Author,
): Apply {
  if (role !== 'owner') refuse('not-authorised', 'only an owner ends a fork')
  if (!isAscending(voids.map(({ n: at, hash }) => `${String(at).padStart(16)} ${hash}`)))
    refuse('bad-fork', 'its branches are unordered or doubled')
  const { n: head } = headOf(m)
  if (voids.some(({ n: at, hash }) => at === 0 || at > head || m.hashes[at] === hash))
    refuse('bad-fork', 'it names no link of another branch')
  return () => {
    for (const { hash } of voids)
      if (!m.voids.has(hash)) m.voids.set(hash, { from: n, by: device.id })
  }
}

/**
 * Whether a device that follows `own` must go over to `other`, which parts from it at link `base`: there an owner, who is one
 * in both, has declared void a link that `own` has behind `base`; and where `own` says the same of `other`, the end counts
 * whose hash is the lesser, so that all choose alike.
 */
export function mustLeave(own: Membership, other: Membership, base: number): boolean {
  const theirs = endOf(other, own, base)
  if (theirs === undefined) return false
  const ours = endOf(own, other, base)
  return ours === undefined || theirs < ours
}

/** The least hash of a link of `by` behind `base` that declares `of` void there, by an owner in both. */
function endOf(by: Membership, of: Membership, base: number): LinkHash | undefined {
  const behind = new Set(of.hashes.slice(base + 1))
  let least: LinkHash | undefined
  for (const [hash, { from, by: author }] of by.voids) {
    const end = by.hashes[from]
    if (from <= base || end === undefined || !behind.has(hash)) continue
    if (roleAt(of, author) !== 'owner') continue
    if (least === undefined || end < least) least = end
  }
  return least
}
