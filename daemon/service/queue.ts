import { relayOf } from '../../shared/log/membership.js'
import type { Change } from '../core/vault/change.js'
import type { Replica } from '../core/vault/replica.js'

// What waits for the relay. A vault without one lives here only: nothing in it waits.

function hasRelay({ membership }: Replica): boolean {
  return membership !== undefined && relayOf(membership) !== undefined
}

/** Transactions and entries written here that the relay's log hasn't shown, drafts included. */
export function queuedIn(replica: Replica): number {
  return hasRelay(replica) ? replica.draftCount + replica.outboxCount : 0
}

/** Whether the relay hasn't acknowledged a version yet. */
export function isQueued(replica: Replica, { place }: Change): boolean {
  if (!hasRelay(replica)) return false
  return place === undefined || replica.graph.nodes.get(place.changeset)?.met === undefined
}
