import { CofferError } from '../../shared/errors.js'
import { bytesOf, type ChangesetHash, type DeviceId } from '../../shared/ids.js'
import { decodeEntry } from '../../shared/log/entry.js'
import type { Cut } from '../../shared/log/link.js'
import { activeDevices, devicesOf, epochAt, readersOf } from '../../shared/log/membership.js'
import { RIGHTS, type Role } from '../../shared/log/roles.js'
import { applyLink } from '../../shared/log/validate.js'
import { Chain } from '../../daemon/core/vault/chain.js'
import {
  planMember,
  planRemoval,
  planRewrap,
  planRole,
  planRotation,
  type Plan,
} from '../../daemon/core/vault/removing.js'
import type { Replica } from '../../daemon/core/vault/replica.js'
import type { SimDevice } from './device.js'
import type { Wish } from './links.js'
import type { Rng } from './rng.js'

// What owners and admins change while a run goes on.

type Parts = Parameters<typeof planRotation>[0]

const GIVEN: readonly Role[] = ['admin', 'writer', 'reader', 'reader', 'viewer']

/** What this device wants, as far as it may when it is done. */
export function drawWish(rng: Rng, device: SimDevice, all: readonly SimDevice[]): Wish {
  const others = all.filter((one) => one !== device)
  const other = rng.pick(others).parts.identity
  const dice = rng.next()
  if (dice < 0.35) return removal(device, other.device, rng.chance(0.3), rng.chance(0.5))
  if (dice < 0.7) return roleChange(device, other.userId, rng.pick(GIVEN))
  if (dice < 0.78) return rotation(device)
  if (dice < 0.82) return rewrap(device, other.device)
  if (dice < 0.9) return raise(device)
  return member(device, others, rng.pick(GIVEN))
}

const partsOf = (device: SimDevice, { chain, graph }: Replica): Parts => ({
  chain,
  graph,
  random: device.parts.env.random,
})

/** A plan that the newest chain allows: services check rights before they sign. */
function allowed(device: SimDevice, plan: (replica: Replica) => Plan | undefined): Wish {
  return (replica) => {
    const { role } = replica.chain
    const made = role !== undefined && RIGHTS[role].manages ? plan(replica) : undefined
    if (made === undefined) return undefined
    const { identity, vaultId } = device.parts
    const chain = new Chain(identity, vaultId)
    chain.restore(replica.chainEntries(0), replica.chain.keys, undefined)
    const entry = decodeEntry(chain.propose(made.action, made.wraps, 0).entry)
    if (entry.kind !== 'link') return undefined
    try {
      applyLink(chain.known(), entry.body.signed)
      return made
    } catch (error) {
      if (error instanceof CofferError) return undefined
      throw error
    }
  }
}

/** Removes a device, or all of its person's; what it brought in stays or goes. */
function removal(device: SimDevice, target: DeviceId, whole: boolean, keep: boolean): Wish {
  return allowed(device, (replica) => {
    const m = replica.chain.known()
    const one = activeDevices(m).find(({ id }) => id === target)
    if (one === undefined) return undefined
    const theirs = devicesOf(m, one.userId).map(({ id }) => id)
    const own = one.userId === device.parts.identity.userId
    const named = new Set(whole && !own ? theirs : [target])
    const kept = new Set(keep ? theirs : [device.parts.identity.device])
    return planRemoval(partsOf(device, replica), named, kept)
  })
}

/** Gives a person another role, where that holds. */
export function roleChange(device: SimDevice, userId: DeviceIdentity['userId'], role: Role): Wish {
  return allowed(device, (replica) => {
    const known = devicesOf(replica.chain.known(), userId)
    if (known.length === 0) return undefined
    return planRole(partsOf(device, replica), device.parts.identity.device, userId, role)
  })
}
type DeviceIdentity = SimDevice['parts']['identity']

function rotation(device: SimDevice): Wish {
  let before: number | undefined
  return allowed(device, (replica) => {
    const epoch = epochAt(replica.chain.known())
    before ??= epoch
    return epoch > before ? undefined : planRotation(partsOf(device, replica))
  })
}

function rewrap(device: SimDevice, target: DeviceId): Wish {
  let done = 0
  return allowed(device, (replica) => {
    const reads = readersOf(replica.chain.known()).some(({ id }) => id === target)
    return reads && done++ < 2 ? planRewrap(partsOf(device, replica), target) : undefined
  })
}

/** Lets something count that a cut had voided. */
function raise(device: SimDevice): Wish {
  let wanted: ChangesetHash | undefined
  return allowed(device, (replica) => {
    const [first] = replica.cuts.all
    const hash = (wanted ??= first)
    if (hash === undefined || !replica.cuts.isCut(hash)) return undefined
    const node = replica.graph.nodes.get(hash)
    const last = node && replica.chain.known().devices.get(node.device)?.cuts.at(-1)
    if (node === undefined || last === undefined) return undefined
    const raised = { device: node.device, seq: node.seq, hash }
    const top = Math.max(0, ...last.heads.map(({ seq }) => seq))
    if (node.memberN >= last.from || node.seq <= top) return undefined
    const before = last.heads.map((head) => ({ device: node.device, ...head }))
    const kept = before.filter((head) => !isBefore(replica, head.hash, hash))
    const cuts = [...kept, raised].toSorted(byPlace)
    return { action: { kind: 'raise-cut', body: { cuts } } }
  })
}

const byPlace = (a: Cut, b: Cut): number =>
  a.seq - b.seq || (Buffer.compare(bytesOf(a.hash), bytesOf(b.hash)) < 0 ? -1 : 1)

/** Whether one changeset is among those that its author wrote up to another. */
function isBefore({ graph }: Replica, one: ChangesetHash, last: ChangesetHash): boolean {
  for (let at: ChangesetHash | undefined = last; at !== undefined;) {
    if (at === one) return true
    const node = graph.nodes.get(at)
    at = node !== undefined && node.seq > 1 ? node.refs[0] : undefined
  }
  return false
}

/** Lets somebody in who isn't yet. */
function member(device: SimDevice, others: readonly SimDevice[], role: Role): Wish {
  return allowed(device, (replica) => {
    const { devices } = replica.chain.known()
    const strangers = others
      .map(({ parts }) => parts.identity)
      .filter((one) => !devices.has(one.device))
    if (strangers.length === 0) return undefined
    const statements = strangers.map(({ statement }) => statement)
    return planMember(partsOf(device, replica), statements, role, () => 'late')
  })
}
