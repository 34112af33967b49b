import type { Base } from './base.js'
import type { Clock } from './clock.js'
import type { Cuts } from './cuts.js'
import type { Drafts } from './drafts.js'
import type { Heads } from './heads.js'
import type { Inbound } from './inbound.js'
import type { Names } from './names.js'

/** What `load.ts` restores from the store. */
export type ReplicaParts = {
  readonly names: Names
  readonly cuts: Cuts
  readonly clock: Clock
  readonly drafts: Drafts
  readonly inbound: Inbound
  readonly heads: Heads
  readonly base: Base
}
