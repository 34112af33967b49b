import type { ChangeId, ChangesetHash } from '../../shared/ids.js'
import type { Membership } from '../../shared/log/membership.js'
import { rank, type Change } from '../../daemon/core/vault/change.js'
import type { Replica } from '../../daemon/core/vault/replica.js'

// Cuts as SPEC section 5 words them, once more and plainly: from the chain and the changesets alone, with nothing kept
// from before. What a replica shows must be the same at any time.

/** What a name must show and list as lost. */
export type Fold = {
  /** The served one first. */
  readonly live: readonly Change[]
  readonly lost: readonly ChangeId[]
}

/** Tells which changesets are void by the chain that this replica has. */
export function voidIn({ chain, graph }: Replica): (hash: ChangesetHash) => boolean {
  const m = chain.membership
  return (hash) => {
    const node = graph.nodes.get(hash)
    const cuts = (node && m?.devices.get(node.device)?.cuts) ?? []
    return cuts.some(({ from, heads }) => {
      if (node === undefined || node.memberN >= from) return false
      return !heads.some((head) => leadsTo(graph.nodes, head.hash, hash))
    })
  }
}

/** Whether `hash` is `head` or stands before it among its author's changesets. */
function leadsTo(
  nodes: Replica['graph']['nodes'],
  head: ChangesetHash,
  hash: ChangesetHash,
): boolean {
  for (let at: ChangesetHash | undefined = head; at !== undefined;) {
    const node = nodes.get(at)
    if (node === undefined) return false
    if (at === hash) return true
    at = node.seq > 1 ? node.refs[0] : undefined
  }
  return false
}

/** The fold of one name's changes, whatever the order in which they came. */
export function foldOf(changes: readonly Change[], isVoid: (hash: ChangesetHash) => boolean): Fold {
  const known = new Map(changes.map((change) => [change.id, change]))
  const off = new Set(
    changes
      .filter(({ place }) => place !== undefined && isVoid(place.changeset))
      .map(({ id }) => id),
  )
  const superseded = new Set<ChangeId>()
  const next = changes.filter(({ id }) => !off.has(id)).flatMap(({ parents }) => parents)
  for (let id = next.pop(); id !== undefined; id = next.pop()) {
    if (superseded.has(id)) continue
    superseded.add(id)
    if (off.has(id)) next.push(...(known.get(id)?.parents ?? []))
  }
  const left = changes.filter(({ id }) => !superseded.has(id))
  return {
    live: left.filter(({ id }) => !off.has(id)).toSorted((a, b) => rank(b, a)),
    lost: left.map(({ id }) => id).filter((id) => off.has(id)),
  }
}

/** The epochs whose keys a device may hold: it read at some time when they were in force, or later. */
export function mayHold(
  m: Membership,
  device: string,
  reads: (role: string) => boolean,
): Set<number> {
  const roles = [...m.devices.values()].find(({ id }) => id === device)?.roles ?? []
  const may = new Set<number>()
  m.epochs.forEach(({ from }, i) => {
    const held = roles.some(({ role }, at) => {
      const end = roles[at + 1]?.from ?? Infinity
      return role !== undefined && reads(role) && end > from
    })
    if (held) may.add(i + 1)
  })
  return may
}
