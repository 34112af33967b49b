import { bytesOf } from '../../shared/ids.js'
import { headOf, type Membership } from '../../shared/log/membership.js'
import { Chain as Replayed } from '../../daemon/core/vault/chain.js'
import { changeOf } from '../../daemon/core/vault/change.js'
import { Ancestry } from '../../daemon/core/vault/ancestry.js'
import { Cuts } from '../../daemon/core/vault/cuts.js'
import { Graph, nodeOf } from '../../daemon/core/vault/graph.js'
import { Names } from '../../daemon/core/vault/names.js'
import { changeIdOf } from '../../shared/log/changeset.js'
import { ANN, personJson, type NamedLink } from './chain.js'
import { changesetJson, type NamedChangeset } from './history.js'
import { foldTo } from './judge.js'
import { hex, type Json } from './people.js'
import { CREW, epochKey, TV, type Team } from './team.js'

// What the team's chain and changesets come to, for the frozen vectors.

function linkJson({ name, link, signed, hash, entry, to, label, labels = [] }: NamedLink): Json {
  const all = label === undefined ? labels : [label]
  const readers = to.map((one) => one.name)
  const named = all.map(({ subject, text }) => ({ subject: hex(subject), text }))
  return {
    name,
    n: link.n,
    body: hex(signed.body),
    hash,
    entry: hex(entry),
    readers,
    labels: named,
  }
}

function foldJson(m: Membership): Json {
  const devices = [...m.devices.values()].map(({ id, userId, addedBy, recovery, roles, cuts }) => {
    const spans = roles.map(({ from, role }) => ({ from, role: role ?? null }))
    return { id, userId, addedBy, recovery, roles: spans, cuts }
  })
  const epochs = m.epochs.map(({ from, start: { commitment, box, base, before, more = [] } }) => {
    const prior = before === undefined ? null : hex(before)
    const further = more.map((one) => ({ base: one.base, before: hex(one.before) }))
    const keys = { commitment: hex(commitment), box: hex(box) }
    return { from, ...keys, base: base ?? null, before: prior, more: further }
  })
  const invites = [...m.invites.values()].map(({ key, state }) => ({ key, state }))
  return { vaultId: m.vaultId, kind: m.kind, head: headOf(m), devices, epochs, invites }
}

/** What changesets fold into under a membership, whatever their order. */
export function foldedNames(
  m: Membership,
  changesets: readonly NamedChangeset[],
): { readonly cuts: Cuts; readonly names: Names } {
  const { id: device, userId, statement, sign, box } = ANN
  const chain = new Replayed({ device, userId, statement, sign, box }, m.vaultId)
  chain.membership = m
  const graph = new Graph()
  const cuts = new Cuts(chain, graph)
  const names = new Names({ isVoid: cuts.isVoid, covers: new Ancestry(graph).covers })
  cuts.refresh()
  for (const { hash, header, plain } of changesets) {
    const node = nodeOf(header, 1)
    graph.add(hash, node)
    names.judgeAnew(cuts.add(hash, node))
    plain.forEach(({ meta }, index) => {
      const place = { changeset: hash, index, seq: header.seq, epoch: header.epoch }
      const standing = { id: changeIdOf(hash, index), device: header.device, place, ahead: false }
      names.add(changeOf(meta, standing))
    })
  }
  return { cuts, names }
}

/** What shows once link `last` holds, when all is here that was written under it or a link before. */
function stateJson({ chain, history }: Team, last: string): Json {
  const m = foldTo(chain, last)
  const { n } = headOf(m)
  const here = history.made.filter(({ header }) => header.memberHead.n <= n)
  const { cuts, names } = foldedNames(m, here)
  const cut = new Set(cuts.all)
  const seen = new Map<string, Json>()
  for (const { plain } of here) {
    for (const { meta } of plain) {
      const { space, name } = meta
      const current = names.current(space, name)
      const live = current?.siblings.map(({ id }) => id) ?? []
      const found = { space, name, live, conflict: current?.conflict ?? false }
      seen.set(`${space} ${name}`, found)
    }
  }
  const voids = here.flatMap(({ hash, header, plain }) =>
    plain.flatMap(({ meta }, index) => {
      const place = { changeset: hash, index, seq: header.seq, epoch: header.epoch }
      const id = changeIdOf(hash, index)
      const change = changeOf(meta, { id, device: header.device, place, ahead: false })
      return cuts.isVoid(change) ? [id] : []
    }),
  )
  return {
    after: last,
    changesets: here.map(({ name }) => name),
    cutOff: here.filter(({ hash }) => cut.has(hash)).map(({ name }) => name),
    voidChanges: voids,
    lost: names
      .unsuperseded(cut)
      .map(({ id }) => id)
      .toSorted(),
    names: [...seen.values()],
  }
}

export function removalsJson(team: Team): Json {
  const { chain, history, membership } = team
  const keys = membership.epochs.map((_, i) => hex(epochKey(i + 1)))
  return {
    vaultId: hex(bytesOf(chain.vaultId)),
    devices: CREW.map(personJson),
    invites: [{ secret: hex(TV.secret), key: TV.key }],
    epochKeys: keys,
    links: chain.links.map(linkJson),
    membership: foldJson(membership),
    // Epoch 4 opens none before it; epoch 5 opens both it and epoch 3.
    follows: [
      { from: 5, keys: [5, 4, 3, 2, 1].map((epoch) => [epoch, keys[epoch - 1] ?? '']) },
      { from: 3, keys: [3, 2, 1].map((epoch) => [epoch, keys[epoch - 1] ?? '']) },
    ],
    changesets: history.made.map(changesetJson),
    states: ['rewrap', 'member-fay'].map((last) => stateJson(team, last)),
  }
}
