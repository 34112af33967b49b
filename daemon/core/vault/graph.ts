import { encode } from '../../../shared/codec.js'
import { bytesOf, type ChangesetHash, type DeviceId } from '../../../shared/ids.js'
import { LIMITS } from '../../../shared/limits.js'
import type { DeviceHead, DeviceTail, Header } from '../../../shared/log/changeset.js'
import { changesetRecordCodec, type Op } from './records.js'

export type Node = {
  readonly device: DeviceId
  readonly seq: number
  readonly memberN: number
  readonly refs: readonly ChangesetHash[]
  /** Reading of the relay's log in which it was last met; undefined until then. */
  readonly met: number | undefined
}

/** The changesets that hold, as a graph by prev and deps. */
export class Graph {
  readonly nodes = new Map<ChangesetHash, Node>()
  readonly #latest = new Map<DeviceId, ChangesetHash>()
  readonly #frontier = new Set<ChangesetHash>()
  readonly #referred = new Set<ChangesetHash>()

  has(hash: ChangesetHash): boolean {
    return this.nodes.has(hash)
  }

  /** Adds a node whose refs are there already; tells whether its device had signed that seq before. */
  add(hash: ChangesetHash, node: Node): boolean {
    const latest = this.latest(node.device)
    const doubled = latest !== undefined && node.seq <= latest.seq
    this.nodes.set(hash, node)
    if (!doubled) this.#latest.set(node.device, hash)
    for (const ref of node.refs) {
      this.#referred.add(ref)
      this.#frontier.delete(ref)
    }
    if (!this.#referred.has(hash)) this.#frontier.add(hash)
    return doubled
  }

  /** Notes that the relay's log, as read this time, holds the changeset. */
  meet(hash: ChangesetHash, reading: number): Op[] {
    const node = this.nodes.get(hash)
    if (node === undefined || node.met === reading) return []
    const met = { ...node, met: reading }
    this.nodes.set(hash, met)
    return [nodeOp(hash, met)]
  }

  latest(device: DeviceId): (Node & { readonly hash: ChangesetHash }) | undefined {
    const hash = this.#latest.get(device)
    const node = hash && this.nodes.get(hash)
    return hash && node && { hash, ...node }
  }

  /** What `device`'s changeset after `hash` must follow: undefined when that one isn't this device's. */
  tail(device: DeviceId, hash: ChangesetHash | undefined): DeviceTail | undefined {
    const node = hash && this.nodes.get(hash)
    return node?.device === device && hash
      ? { seq: node.seq, hash, memberN: node.memberN }
      : undefined
  }

  /** Heads of the other devices that nothing here builds on yet: the deps of `device`'s next changeset. */
  deps(device: DeviceId): DeviceHead[] {
    const heads = new Map<DeviceId, DeviceHead>()
    for (const hash of this.#frontier) {
      const node = this.nodes.get(hash)
      if (node === undefined || node.device === device) continue
      const before = heads.get(node.device)
      if (before === undefined || before.seq < node.seq) {
        heads.set(node.device, { device: node.device, seq: node.seq, hash })
      }
    }
    // What doesn't fit stays in the frontier and goes with the next changeset.
    return [...heads.values()]
      .toSorted((a, b) => (a.device < b.device ? -1 : 1))
      .slice(0, LIMITS.deps)
  }

  /**
   * Changesets that this reading of the log, once at its end, didn't meet whole: in order of seq. Own ones on their
   * way are among them: of those, too, the relay may have lost entries that it had shown.
   */
  lost(reading: number): ChangesetHash[] {
    return [...this.nodes]
      .filter(([, node]) => node.met !== reading)
      .toSorted(([, a], [, b]) => a.seq - b.seq)
      .map(([hash]) => hash)
  }
}

/** The node of a header. */
export function nodeOf(header: Header, met: number | undefined): Node {
  const refs = header.deps.map((dep) => dep.hash)
  if (header.prev !== undefined) refs.unshift(header.prev)
  return { device: header.device, seq: header.seq, memberN: header.memberHead.n, refs, met }
}

export function nodeOp(hash: ChangesetHash, { met, ...node }: Node): Op {
  const record = met === undefined ? node : { ...node, met }
  return { table: 'changeset', key: bytesOf(hash), value: encode(changesetRecordCodec, record) }
}
