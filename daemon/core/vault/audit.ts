import type { ChangesetHash, DeviceId } from '../../../shared/ids.js'
import type { Link } from '../../../shared/log/link.js'
import type { Membership } from '../../../shared/log/membership.js'
import type { Change } from './change.js'
import { deedOf, type Deed } from './news.js'
import type { Replica } from './replica.js'

/** One thing that somebody signed. */
export type Entry =
  | { readonly kind: 'link'; readonly link: Link; readonly deed: Deed | undefined }
  | {
      readonly kind: 'change'
      readonly device: DeviceId
      readonly seq: number
      /** What was opened of it; undefined stands for a whole changeset that this device can't open. */
      readonly change: Change | undefined
      readonly isVoid: boolean
    }

type Placed = { readonly n: number; readonly wall: number; readonly entry: Entry }

/**
 * What was signed in a vault, the newest last: each change behind the newest link that its author knew, whatever its
 * clock says; changes under one link by their clocks. `wants` chooses changes by what was opened of them.
 */
export function auditOf(replica: Replica, wants: (change: Change) => boolean): Entry[] {
  const m = replica.membership
  if (m === undefined) return []
  const changes = [...changesOf(replica, wants)].toSorted((a, b) => a.n - b.n || a.wall - b.wall)
  const out: Entry[] = []
  let n = -1
  for (const { n: under, entry } of changes) {
    while (n < under) out.push(linkEntry(replica, m, ++n))
    out.push(entry)
  }
  while (n < m.hashes.length - 1) out.push(linkEntry(replica, m, ++n))
  return out
}

function linkEntry(replica: Replica, m: Membership, n: number): Entry {
  const link = replica.linkAt(n)
  return { kind: 'link', link, deed: deedOf(m, link) }
}

function* changesOf(replica: Replica, wants: (change: Change) => boolean): Generator<Placed> {
  const { graph, cuts } = replica
  const opened = new Map<ChangesetHash, Change[]>()
  for (const change of replica.changes()) {
    if (change.place === undefined) continue
    const known = opened.get(change.place.changeset)
    if (known === undefined) opened.set(change.place.changeset, [change])
    else known.push(change)
  }
  for (const [hash, { device, seq, memberN: n }] of graph.nodes) {
    const all = opened.get(hash)
    if (all === undefined) {
      const entry = {
        kind: 'change',
        device,
        seq,
        change: undefined,
        isVoid: cuts.isCut(hash),
      } as const
      yield { n, wall: 0, entry }
      continue
    }
    for (const change of all.filter(wants)) {
      const entry = { kind: 'change', device, seq, change, isVoid: cuts.isVoid(change) } as const
      yield { n, wall: change.wall, entry }
    }
  }
}
