import type { ChangesetHash, DeviceId } from '../../../shared/ids.js'
import type { Graph, Node } from './graph.js'

/** How far a changeset's ancestors reach: of each device the greatest sequence number among them. */
type Reach = ReadonlyMap<DeviceId, number>

/**
 * Which changesets a changeset builds on, by prev and deps, over any number of steps. Asked of few and answered for many:
 * what was walked once is remembered as a number for each device, which is exact as long as the device signed each of its
 * numbers once; of one that didn't the graph is walked anew.
 */
export class Ancestry {
  readonly #graph: Graph
  readonly #reaches = new Map<ChangesetHash, Reach>()

  constructor(graph: Graph) {
    this.#graph = graph
  }

  /** Whether `of` builds on `other`. */
  readonly covers = (of: ChangesetHash, other: ChangesetHash): boolean => {
    const node = this.#graph.nodes.get(other)
    if (node === undefined || of === other) return false
    if (this.#graph.isDoubled(node.device)) return this.#walk(of).has(other)
    return (this.#reach(of).get(node.device) ?? 0) >= node.seq
  }

  #walk(of: ChangesetHash): Set<ChangesetHash> {
    const found = new Set<ChangesetHash>()
    const next = [...(this.#graph.nodes.get(of)?.refs ?? [])]
    for (let at = next.pop(); at !== undefined; at = next.pop()) {
      if (found.has(at)) continue
      found.add(at)
      for (const ref of this.#graph.nodes.get(at)?.refs ?? []) next.push(ref)
    }
    return found
  }

  #reach(of: ChangesetHash): Reach {
    const known = this.#reaches.get(of)
    if (known !== undefined) return known
    const { nodes } = this.#graph
    const reach = new Map<DeviceId, number>()
    /** What was walked before, ancestors and all. */
    const done = new Map<DeviceId, number>()
    const seen = new Set<ChangesetHash>()
    const next = [...(nodes.get(of)?.refs ?? [])]
    raiseAll(reach, nodes.get(of)?.known)
    for (let at = next.pop(); at !== undefined; at = next.pop()) {
      const node = nodes.get(at)
      if (node === undefined || seen.has(at)) continue
      seen.add(at)
      raise(reach, node.device, node.seq)
      raiseAll(reach, node.known)
      const walked = !this.#graph.isDoubled(node.device) && (done.get(node.device) ?? 0) >= node.seq
      if (walked) continue
      const before = this.#reaches.get(at)
      for (const [device, seq] of before ?? []) {
        raise(reach, device, seq)
        raise(done, device, seq)
      }
      if (before === undefined) for (const ref of node.refs) next.push(ref)
    }
    this.#reaches.set(of, reach)
    return reach
  }
}

/** What a changeset names itself counts even where that is pruned. */
function raiseAll(reach: Map<DeviceId, number>, places: Node['known']): void {
  for (const { device, seq } of places ?? []) raise(reach, device, seq)
}

function raise(reach: Map<DeviceId, number>, device: DeviceId, seq: number): void {
  if ((reach.get(device) ?? 0) < seq) reach.set(device, seq)
}
