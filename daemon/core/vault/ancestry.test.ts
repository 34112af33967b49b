import fc from 'fast-check'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { ChangesetHash, DeviceId } from '../../../shared/ids.js'
import { Ancestry } from './ancestry.js'
import { Graph, type Node } from './graph.js'

// What a changeset builds on, held against walking the graph.

const hashOf = (n: number): ChangesetHash => `${n}` as ChangesetHash
const deviceOf = (n: number): DeviceId => `device ${n}` as DeviceId

type Made = { readonly hash: ChangesetHash; readonly node: Node }

/** A history of a few devices: each step goes on from one of its device's changesets, and depends on others. */
function historyOf(
  steps: readonly { device: number; back: number; deps: readonly number[] }[],
): Made[] {
  const made: Made[] = []
  steps.forEach(({ device, back, deps }, i) => {
    const own = made.filter(({ node }) => node.device === deviceOf(device))
    // Mostly the newest; an older one makes a second branch, whose numbers are signed twice.
    const prev = own.at(-1 - (back % 4 === 0 ? back % (own.length + 1) : 0)) ?? own.at(-1)
    const others = deps.flatMap((dep) => made.at(dep % Math.max(1, made.length)) ?? [])
    const refs = [...(prev === undefined ? [] : [prev.hash]), ...others.map(({ hash }) => hash)]
    const seq = (prev?.node.seq ?? 0) + 1
    made.push({
      hash: hashOf(i),
      node: {
        device: deviceOf(device),
        seq,
        memberN: 0,
        refs,
        met: 1,
        pos: undefined,
        kept: undefined,
      },
    })
  })
  return made
}

function walked(graph: Graph, of: ChangesetHash): Set<ChangesetHash> {
  const found = new Set<ChangesetHash>()
  const next = [...(graph.nodes.get(of)?.refs ?? [])]
  for (let at = next.pop(); at !== undefined; at = next.pop()) {
    if (found.has(at)) continue
    found.add(at)
    next.push(...(graph.nodes.get(at)?.refs ?? []))
  }
  return found
}

const step = fc.record({
  device: fc.nat(3),
  back: fc.nat(12),
  deps: fc.array(fc.nat(40), { maxLength: 3 }),
})

test('it says what walking the graph says, asked in any order, with numbers that were signed twice', () => {
  fc.assert(
    fc.property(
      fc.array(step, { minLength: 1, maxLength: 30 }),
      fc.array(fc.nat(29)),
      (steps, asked) => {
        const graph = new Graph()
        const made = historyOf(steps)
        for (const { hash, node } of made) graph.add(hash, node)
        const { covers } = new Ancestry(graph)
        const order = [...asked.map((i) => i % made.length), ...made.keys()]
        for (const i of order) {
          const of = hashOf(i)
          const expected = walked(graph, of)
          for (const { hash } of made) assert.is(covers(of, hash), expected.has(hash))
        }
      },
    ),
    { numRuns: 300 },
  )
})

test('what comes later doesn’t change what was said', () => {
  const graph = new Graph()
  const steps = [0, 1, 0, 1].map((device, i) => ({ device, back: 1, deps: i === 0 ? [] : [i - 1] }))
  const made = historyOf(steps)
  for (const { hash, node } of made.slice(0, 3)) graph.add(hash, node)
  const { covers } = new Ancestry(graph)
  assert.is(covers(hashOf(2), hashOf(0)), true)
  for (const { hash, node } of made.slice(3)) graph.add(hash, node)
  assert.is(covers(hashOf(2), hashOf(3)), false)
  assert.is(covers(hashOf(3), hashOf(0)), true)
})

test('what nothing builds on is the same, in whatever order a store gives the nodes', () => {
  const history = fc.array(step, { minLength: 1, maxLength: 30 }).chain((steps) => {
    // No number twice: of two heads of one number the first counts.
    const made = historyOf(steps.map((one) => ({ ...one, back: 1 })))
    return fc.tuple(fc.constant(made), fc.shuffledSubarray(made, { minLength: made.length }))
  })
  fc.assert(
    fc.property(history, ([made, shuffled]) => {
      const graph = new Graph()
      for (const { hash, node } of shuffled) graph.add(hash, node)
      const named = new Set(made.flatMap(({ node }) => node.refs))
      const heads = made.filter(({ hash }) => !named.has(hash))
      assert.equal(
        graph.deps(deviceOf(9), () => false).map(({ hash }) => hash),
        heads.toSorted((a, b) => (a.node.device < b.node.device ? -1 : 1)).map(({ hash }) => hash),
      )
    }),
    { numRuns: 300 },
  )
})

test.run()
