import type { ChangesetHash, DeviceId } from '../../../shared/ids.js'
import {
  checkDeps,
  checkStanding,
  checkTurn,
  type DeviceTail,
  type Header,
} from '../../../shared/log/changeset.js'
import { epochAt } from '../../../shared/log/membership.js'
import { RIGHTS } from '../../../shared/log/roles.js'
import type { Chain } from './chain.js'
import type { Graph } from './graph.js'
import type { Opening } from './opening.js'
import type { Pending } from './pending.js'

// When a changeset that came counts (SPEC section 6), and what its surroundings must be.

/** Why a changeset that came doesn't count yet. */
export type Waits = 'items' | 'link' | 'key' | 'prev' | 'deps'

type Parts = { readonly chain: Chain; readonly graph: Graph }
type Readers = { readonly opening: Pick<Opening, 'isReader'> }

/** Whether all is here, or covered by the snapshot that this device went on from, that a changeset builds on. */
export function missingOf(graph: Graph, header: Header): 'prev' | 'deps' | undefined {
  const { device, seq, prev, deps } = header
  if (prev !== undefined && !graph.has(prev) && !graph.covers(device, seq - 1)) return 'prev'
  const known = deps.every((dep) => graph.has(dep.hash) || graph.covers(dep.device, dep.seq))
  return known ? undefined : 'deps'
}

/** What a changeset waits for; undefined: nothing. What a snapshot keeps waits for no other. */
export function waitsOf(
  { chain, graph, opening }: Parts & Readers,
  { header, missing, kept }: Pending,
): Waits | undefined {
  if (missing > 0) return 'items'
  const m = chain.membership
  if (m === undefined || header.memberHead.n >= m.hashes.length) return 'link'
  const before = kept === undefined ? missingOf(graph, header) : undefined
  if (before !== undefined) return before
  const known = chain.keys.has(header.epoch) || header.epoch !== epochAt(m, header.memberHead.n)
  // Who may not read has no key to wait for: it counts unopened.
  const { role } = chain
  return known || opening.isReader(header) || (role !== undefined && !RIGHTS[role].reads)
    ? undefined
    : 'key'
}

type Known = { readonly device: DeviceId; readonly seq: number; readonly memberN: number }

/** A dependency that the base covers is taken at its word: it may be pruned. */
function knownDep(graph: Graph, header: Header, hash: ChangesetHash): Known | undefined {
  const node = graph.nodes.get(hash)
  const dep = header.deps.find((one) => one.hash === hash)
  if (node !== undefined || dep === undefined) return node
  return graph.covers(dep.device, dep.seq) ? { ...dep, memberN: 0 } : undefined
}

function tailOf(
  graph: Graph,
  { device, seq, prev }: Header,
  kept: boolean,
): DeviceTail | undefined {
  const tail = graph.tail(device, prev)
  if (tail !== undefined || prev === undefined || graph.has(prev)) return tail
  return kept || graph.covers(device, seq - 1)
    ? { seq: seq - 1, hash: prev, memberN: 0 }
    : undefined
}

/**
 * Checks a changeset whose surroundings are complete. Of one that a snapshot keeps, its author, form and number are
 * checked: what it built on may be pruned.
 * @throws CofferError `tampering`, `format`
 */
export function checkArrived(
  { chain, graph }: Parts,
  pending: Pick<Pending, 'signed' | 'header' | 'checked' | 'kept'>,
): void {
  const { signed, header, checked } = pending
  const kept = pending.kept !== undefined
  if (!checked) checkStanding(chain.known(), signed, header)
  checkTurn(header, tailOf(graph, header, kept))
  if (!kept) checkDeps(header, (dep) => knownDep(graph, header, dep))
}
