import { encode } from '../../../shared/codec.js'
import { bytesOf, type ChangesetHash, type DeviceId } from '../../../shared/ids.js'
import { LIMITS } from '../../../shared/limits.js'
import type { DeviceHead, DeviceTail, Header } from '../../../shared/log/changeset.js'
import { covers, type Snapshot } from '../../../shared/log/snapshot.js'
import type { Change } from './change.js'
import { changesetRecordCodec, type Op } from './records.js'

export type Node = {
  readonly device: DeviceId
  readonly seq: number
  readonly memberN: number
  readonly refs: readonly ChangesetHash[]
  /** Reading of the relay's log in which it was last met; undefined until then. */
  readonly met: number | undefined
  /** Where its own entry stands in that log. */
  readonly pos: number | undefined
  /** Covered by this device's base: the indexes of its changes that counted there. */
  readonly kept: readonly number[] | undefined
  /** Of an author who can't read: where its deps stand, since what they name, and what that builds on, may be pruned. */
  readonly known?: readonly Place[] | undefined
}

type Place = Pick<DeviceHead, 'device' | 'seq'>

const NO_REFS: readonly ChangesetHash[] = []
const ONLY_FIRST: readonly number[] = [0]

/** Most changesets have one change: they share the list of its index. */
function shared(kept: Node['kept']): Node['kept'] {
  return kept?.length === 1 && kept[0] === 0 ? ONLY_FIRST : kept
}

/** The snapshot that this device went on from: what it covers is known, whether it is here or not. */
export type Covered = Pick<Snapshot, 'heads' | 'pos'>

/** The changesets that hold, as a graph by prev and deps. */
export class Graph {
  readonly nodes = new Map<ChangesetHash, Node>()
  readonly #latest = new Map<DeviceId, ChangesetHash>()
  readonly #counts = new Map<DeviceId, number>()
  readonly #frontier = new Set<ChangesetHash>()
  /** What some node names and isn't here: a store gives nodes in any order. */
  readonly #referred = new Set<ChangesetHash>()
  base: Covered | undefined

  has(hash: ChangesetHash): boolean {
    return this.nodes.has(hash)
  }

  /** Adds a node whose refs are there already; tells whether its device had signed that seq before. */
  add(hash: ChangesetHash, given: Node): boolean {
    const node = this.#sharing(given)
    if (node.kept !== undefined) return this.#addKept(hash, node)
    const latest = this.latest(node.device)
    const doubled = latest !== undefined && node.seq <= latest.seq
    this.nodes.set(hash, node)
    if (!doubled) this.#latest.set(node.device, hash)
    this.#counts.set(node.device, (this.#counts.get(node.device) ?? 0) + 1)
    for (const ref of node.refs) {
      this.#frontier.delete(ref)
      if (!this.nodes.has(ref)) this.#referred.add(ref)
    }
    if (!this.#referred.delete(hash)) this.#frontier.add(hash)
    return doubled
  }

  /** A node of what the one before it has, too, where they are equal: the same text again takes eighty bytes. */
  #sharing({ seq, memberN, met, pos, kept, known, ...given }: Node): Node {
    const latest = this.#latest.get(given.device)
    const device = (latest && this.nodes.get(latest)?.device) ?? given.device
    const same = given.refs.map((ref) => (ref === latest ? latest : ref))
    const refs = same.length === 0 ? NO_REFS : same
    return { device, seq, memberN, refs, met, pos, kept: shared(kept), known }
  }

  /** Whether a device signed a sequence number twice: it has more changesets than its numbers go. */
  isDoubled(device: DeviceId): boolean {
    return (this.#counts.get(device) ?? 0) > (this.latest(device)?.seq ?? 0)
  }

  /** One that the base covers: nothing after it needs to name it, and others before and after it may be missing. */
  #addKept(hash: ChangesetHash, node: Node): boolean {
    const known = this.#latest.get(node.device)
    const latest = known && this.nodes.get(known)
    this.nodes.set(hash, node)
    this.#counts.set(node.device, (this.#counts.get(node.device) ?? 0) + 1)
    if (latest === undefined || latest.seq < node.seq) this.#latest.set(node.device, hash)
    return false
  }

  /** Notes that the relay's log, as read this time, holds the changeset. */
  meet(hash: ChangesetHash, reading: number): Op[] {
    return this.#change(hash, { met: reading })
  }

  /** Notes where the changeset's own entry stands in the log. */
  place(hash: ChangesetHash, pos: number): Op[] {
    return this.#change(hash, { pos })
  }

  /** Notes which changes of a changeset counted at the base. */
  keep(hash: ChangesetHash, kept: readonly number[]): Op[] {
    const known = this.nodes.get(hash)?.kept
    return known !== undefined && known.join() === kept.join() ? [] : this.#change(hash, { kept })
  }

  #change(hash: ChangesetHash, part: Partial<Node>): Op[] {
    const node = this.nodes.get(hash)
    if (node === undefined) return []
    const { device, seq, memberN, refs, known } = node
    const { met, pos, kept } = { ...node, ...part }
    const changed = { device, seq, memberN, refs, met, pos, kept: shared(kept), known }
    if (changed.met === node.met && changed.pos === node.pos && changed.kept === node.kept)
      return []
    this.nodes.set(hash, changed)
    return [nodeOp(hash, changed)]
  }

  /** Whether something that isn't here superseded a change: the base covers it and leaves it out. */
  readonly isRetired = ({ place }: Change): boolean => {
    const kept = place && this.nodes.get(place.changeset)?.kept
    return place !== undefined && kept !== undefined && !kept.includes(place.index)
  }

  /** Whether the base covers a device's changeset of this number. */
  covers(device: DeviceId, seq: number): boolean {
    return covers(this.base, device, seq)
  }

  latest(
    device: DeviceId,
  ): (Omit<DeviceTail, 'memberN'> & { readonly memberN: number }) | undefined {
    const hash = this.#latest.get(device)
    const node = hash && this.nodes.get(hash)
    const covered = this.base?.heads.findLast((head) => head.device === device)
    if (covered !== undefined && covered.seq > (node?.seq ?? 0)) return covered
    return hash && node && { hash, seq: node.seq, memberN: node.memberN }
  }

  /** What `device`'s changeset after `hash` must follow: undefined when that one isn't this device's. */
  tail(device: DeviceId, hash: ChangesetHash | undefined): DeviceTail | undefined {
    const node = hash && this.nodes.get(hash)
    if (node !== undefined && hash !== undefined)
      return node.device === device ? { seq: node.seq, hash, memberN: node.memberN } : undefined
    const covered = this.base?.heads.find((head) => head.device === device && head.hash === hash)
    return covered && { seq: covered.seq, hash: covered.hash, memberN: covered.memberN }
  }

  /**
   * Heads of the other devices that nothing here builds on yet: the deps of `device`'s next changeset. Nothing builds on
   * what was cut off: a relay may not have it, and then whoever comes later would wait for it. `all`: then those that
   * something builds on, too, as far as there is room.
   */
  deps(device: DeviceId, isCut: (hash: ChangesetHash) => boolean, all = false): DeviceHead[] {
    const heads = new Map<DeviceId, DeviceHead>()
    for (const hash of this.#frontier) {
      const node = this.nodes.get(hash)
      if (node === undefined || node.device === device || isCut(hash)) continue
      const before = heads.get(node.device)
      if (before === undefined || before.seq < node.seq) {
        heads.set(node.device, { device: node.device, seq: node.seq, hash })
      }
    }
    // What doesn't fit stays in the frontier and goes with the next changeset.
    const open = byDevice([...heads.values()]).slice(0, LIMITS.deps)
    return all
      ? byDevice([...open, ...this.#others(device, heads, isCut)].slice(0, LIMITS.deps))
      : open
  }

  /** The newest changesets of devices that aren't among these. */
  #others(
    own: DeviceId,
    named: ReadonlyMap<DeviceId, unknown>,
    isCut: (hash: ChangesetHash) => boolean,
  ): DeviceHead[] {
    const devices = new Set([
      ...this.#latest.keys(),
      ...(this.base?.heads ?? []).map((one) => one.device),
    ])
    const heads = [...devices].flatMap((device) => {
      const latest = device === own || named.has(device) ? undefined : this.latest(device)
      return latest === undefined || isCut(latest.hash)
        ? []
        : [{ device, seq: latest.seq, hash: latest.hash }]
    })
    return byDevice(heads)
  }

  /**
   * Changesets that this reading of the log, once at its end, didn't meet whole: in order of seq. Own ones on their
   * way are among them: of those, too, the relay may have lost entries that it had shown. `second` are those whose number
   * another one has that the relay holds, or is sent first; they come last, since a relay takes them in one entry only.
   * `based`: this reading went on from the base, and what that covers isn't lost but pruned.
   */
  lost(reading: number, based = false): Lost {
    const away = ({ device, seq }: Node): boolean => based && this.covers(device, seq)
    const second = new Set<ChangesetHash>()
    for (const nodes of this.#doubled().values()) {
      const kept = branchOf(nodes, reading)
      for (const [hash, { met }] of nodes) {
        if (met !== reading && !kept.has(hash)) second.add(hash)
      }
    }
    const lost = [...this.nodes]
      .filter(([, node]) => node.met !== reading && !away(node))
      .toSorted(
        ([a, one], [b, two]) => Number(second.has(a)) - Number(second.has(b)) || one.seq - two.seq,
      )
      .map(([hash]) => hash)
    return { lost, second }
  }

  /** The changesets of devices that signed a number twice. */
  #doubled(): Map<DeviceId, Nodes> {
    const newest = new Map<DeviceId, number>()
    const counts = new Map<DeviceId, number>()
    for (const { device, seq } of this.nodes.values()) {
      newest.set(device, Math.max(newest.get(device) ?? 0, seq))
      counts.set(device, (counts.get(device) ?? 0) + 1)
    }
    // Numbers have no gaps: more changesets than numbers are two of one.
    const out = new Map<DeviceId, Nodes>()
    for (const [device, count] of counts) {
      if (count > (newest.get(device) ?? 0)) out.set(device, new Map())
    }
    if (out.size === 0) return out
    for (const [hash, node] of this.nodes) out.get(node.device)?.set(hash, node)
    return out
  }
}

const byDevice = (heads: DeviceHead[]): DeviceHead[] =>
  heads.toSorted((a, b) => (a.device < b.device ? -1 : 1))

/** What a relay is to be sent again. */
export type Lost = {
  readonly lost: readonly ChangesetHash[]
  readonly second: ReadonlySet<ChangesetHash>
}

type Nodes = Map<ChangesetHash, Node>

/**
 * The branch of a device's changesets that a relay is sent first: of which this reading met most; of several
 * the longest, and of those the one whose head comes first, so that all members choose alike.
 */
function branchOf(nodes: Nodes, reading: number): ReadonlySet<ChangesetHash> {
  const followed = new Set([...nodes.values()].map(prevOf))
  let best: { readonly path: Set<ChangesetHash>; readonly met: number } | undefined
  for (const head of [...nodes.keys()].toSorted()) {
    if (followed.has(head)) continue
    const path = new Set<ChangesetHash>()
    let met = 0
    for (let at: ChangesetHash | undefined = head; at !== undefined;) {
      const node = nodes.get(at)
      path.add(at)
      if (node?.met === reading) met += 1
      at = node && prevOf(node)
    }
    const better = met - (best?.met ?? 0) || path.size - (best?.path.size ?? 0)
    if (best === undefined || better > 0) best = { path, met }
  }
  return best?.path ?? new Set()
}

/** The changeset that a node's author wrote before it. */
export const prevOf = ({ seq, refs }: Node): ChangesetHash | undefined =>
  seq > 1 ? refs[0] : undefined

/** The node of a header. */
export function nodeOf(
  header: Header,
  met: number | undefined,
  { pos, kept }: { pos?: number | undefined; kept?: readonly number[] | undefined } = {},
): Node {
  const refs = header.deps.map((dep) => dep.hash)
  if (header.prev !== undefined) refs.unshift(header.prev)
  const { device, seq } = header
  const blind = header.items.some(({ sealed }) => sealed === 'item')
  const known = blind ? header.deps.map((dep) => ({ device: dep.device, seq: dep.seq })) : undefined
  return { device, seq, memberN: header.memberHead.n, refs, met, pos, kept, known }
}

export function nodeOp(hash: ChangesetHash, { met, pos, kept, known, ...node }: Node): Op {
  const record = {
    ...node,
    ...(met === undefined ? {} : { met }),
    ...(pos === undefined ? {} : { pos }),
    ...(kept === undefined ? {} : { kept: [...kept] }),
    ...(known === undefined ? {} : { known: [...known] }),
  }
  return { table: 'changeset', key: bytesOf(hash), value: encode(changesetRecordCodec, record) }
}
