import type { ChangesetHash, DeviceId } from '../../../shared/ids.js'
import type { Action } from '../../../shared/log/link.js'
import {
  roleAt,
  type CutRecord,
  type DeviceRecord,
  type Membership,
} from '../../../shared/log/membership.js'
import { RIGHTS } from '../../../shared/log/roles.js'
import type { Chain } from './chain.js'
import type { Change } from './change.js'
import type { Graph, Node } from './graph.js'

/** What of one device's changesets counts: by cut, those up to its heads that are here. */
type Known = {
  readonly cuts: readonly CutRecord[]
  readonly counted: readonly Set<ChangesetHash>[]
}

/**
 * Which changesets are void (SPEC section 5): those of a device that lost the right to write, past the heads that the link
 * named. They stay, show nothing and supersede nothing by themselves. Until such a head is here, nothing up to it counts:
 * no order of arrival shows a change that nobody authorised.
 */
export class Cuts {
  readonly #chain: Chain
  readonly #graph: Graph
  readonly #known = new Map<DeviceId, Known>()
  readonly #void = new Set<ChangesetHash>()

  constructor(chain: Chain, graph: Graph) {
    this.#chain = chain
    this.#graph = graph
  }

  /** Changesets that were written on a branch which this device has left. */
  readonly stray = new Set<ChangesetHash>()

  /** Void changesets, in the order in which they became so. */
  get all(): Iterable<ChangesetHash> {
    return this.#void
  }

  /** Void changesets but for those that a snapshot covers: what it has no row of is superseded, too. */
  get lost(): ReadonlySet<ChangesetHash> {
    const { nodes } = this.#graph
    const cut = [...this.#void].filter((hash) => nodes.get(hash)?.kept === undefined)
    return new Set([...cut, ...this.stray])
  }

  isCut(hash: ChangesetHash): boolean {
    return this.#void.has(hash)
  }

  /** Whether a change counts for nothing: its changeset was cut off, or its author doesn't manage what only admins may. */
  readonly isVoid = (change: Change): boolean => {
    const { place, space } = change
    if (place === undefined) return false
    const off = this.#void.has(place.changeset) || this.stray.has(place.changeset)
    return off || (space !== 'secret' && !this.#mayManage(change))
  }

  /** In an org or project the directory and the settings are the admins', but for each device's and user's own. */
  #mayManage({ name, space, device, place }: Change): boolean {
    const m = this.#chain.membership
    const node = place && this.#graph.nodes.get(place.changeset)
    if (m === undefined || m.kind === 'user' || node === undefined) return true
    const role = roleAt(m, device, node.memberN)
    if (role !== undefined && RIGHTS[role].manages) return true
    const user = m.devices.get(device)?.userId ?? ''
    return space === 'setting' && (name === `device/${device}` || name.startsWith(`user/${user}/`))
  }

  /** A changeset has come. Gives the others that count from now on, since it is the head that they end in. */
  add(hash: ChangesetHash, node: Node): ReadonlySet<ChangesetHash> {
    const known = this.#known.get(node.device)
    if (known === undefined) return NONE
    const freed = new Set<ChangesetHash>()
    known.cuts.forEach(({ heads }, i) => {
      if (heads.some((head) => head.hash === hash)) this.#count(known.counted[i], hash, freed)
    })
    this.#judge(hash, node, known)
    const changed = new Set<ChangesetHash>()
    for (const one of freed) {
      const at = this.#graph.nodes.get(one)
      if (one !== hash && at !== undefined && this.#judge(one, at, known)) changed.add(one)
    }
    return changed
  }

  /** A link has come, or (undefined) all of them. Gives the changesets that count, or no longer do, by new cuts. */
  refresh(action?: Action): ReadonlySet<ChangesetHash> {
    const m = this.#chain.membership
    const fresh = new Map<DeviceId, Known>()
    for (const { id, cuts } of m === undefined ? [] : cutBy(m, action)) {
      if (cuts.length === 0 || this.#known.get(id)?.cuts === cuts) continue
      const known = { cuts, counted: cuts.map(() => new Set<ChangesetHash>()) }
      fresh.set(id, known)
      this.#known.set(id, known)
      cuts.forEach(({ heads }, i) => {
        for (const { hash } of heads) this.#count(known.counted[i], hash)
      })
    }
    if (fresh.size === 0) return NONE
    const changed = new Set<ChangesetHash>()
    for (const [hash, node] of this.#graph.nodes) {
      const known = fresh.get(node.device)
      if (known !== undefined && this.#judge(hash, node, known)) changed.add(hash)
    }
    return changed
  }

  /** Counts a head and its author's changesets before it, as far as they are here. */
  #count(
    counted: Set<ChangesetHash> | undefined,
    head: ChangesetHash,
    freed?: Set<ChangesetHash>,
  ): void {
    if (counted === undefined) return
    let at: ChangesetHash | undefined = head
    while (at !== undefined && !counted.has(at)) {
      const node: Node | undefined = this.#graph.nodes.get(at)
      if (node === undefined) return
      counted.add(at)
      freed?.add(at)
      at = node.seq > 1 ? node.refs[0] : undefined
    }
  }

  /** Says whether a changeset is void; tells whether that is news. */
  #judge(hash: ChangesetHash, { memberN, kept }: Node, { cuts, counted }: Known): boolean {
    // What a base keeps counted when it was made, and no cut goes below it.
    if (kept !== undefined && kept.length > 0) return false
    const cut = cuts.some(({ from }, i) => memberN < from && counted[i]?.has(hash) !== true)
    if (cut === this.#void.has(hash)) return false
    if (cut) this.#void.add(hash)
    else this.#void.delete(hash)
    return true
  }
}

/** The devices that a link may cut off; without one, all. */
function cutBy(m: Membership, action: Action | undefined): Iterable<DeviceRecord> {
  const records = (ids: readonly DeviceId[]): DeviceRecord[] =>
    ids.flatMap((id) => m.devices.get(id) ?? [])
  switch (action?.kind) {
    case undefined:
      return m.devices.values()
    case 'remove':
      return records(action.body.devices)
    case 'change-role':
      return m.devices.of(action.body.userId)
    case 'raise-cut':
      return records(action.body.cuts.map(({ device }) => device))
    default:
      return []
  }
}

const NONE: ReadonlySet<ChangesetHash> = new Set()
