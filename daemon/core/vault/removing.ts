import { type Bytes } from '../../../shared/bytes.js'
import type { Random } from '../../../shared/crypto/random.js'
import { CofferError } from '../../../shared/errors.js'
import { bytesOf, type DeviceId, type UserId } from '../../../shared/ids.js'
import { LIMITS } from '../../../shared/limits.js'
import { deviceIdOf, type DeviceStatement } from '../../../shared/log/device.js'
import { encodeWraps, type Action, type Cut, type EpochStart } from '../../../shared/log/link.js'
import { epochAt, readersOf, roleAt, type DeviceRecord } from '../../../shared/log/membership.js'
import { lossesOf, roleSteps } from '../../../shared/log/change-role.js'
import { descendantsOf } from '../../../shared/log/removal.js'
import { RIGHTS, type Role } from '../../../shared/log/roles.js'
import { epochStart, sealBefore, sealLabel, vaultContext, wrapFor } from '../crypto/epoch.js'
import type { Chain } from './chain.js'
import { unreached } from './epochs.js'
import type { Graph, Node } from './graph.js'

// Links that take rights away or give them, planned on the newest chain (SPEC section 5): what of the lost writers counts,
// and the new key with the table of those who may have it. Rights are the validator's to check.

/** A link to make: its action and, where it gives somebody a key, the table of wraps that it names. */
export type Plan = { readonly action: Action; readonly wraps?: Bytes }

type Parts = { readonly chain: Chain; readonly graph: Graph; readonly random: Random }

const known = ({ chain }: Parts, device: DeviceId): DeviceRecord | undefined =>
  chain.known().devices.get(device)

/**
 * The heads of these devices' changesets, as far as this one has met them in the relay's log: what counts after a cut. One
 * that never came there, such as the last of whoever removes itself, would keep all that it follows from counting.
 */
export function headsOf(graph: Graph, devices: ReadonlySet<DeviceId>): Cut[] {
  const heads = new Map<string, Cut>()
  const counts = ({ device, met }: Node): boolean => devices.has(device) && met !== undefined
  for (const [hash, node] of graph.nodes) {
    const { device, seq } = node
    if (counts(node)) heads.set(hash, { device, seq, hash })
  }
  for (const node of graph.nodes.values()) {
    const prev = node.seq > 1 ? node.refs[0] : undefined
    if (prev !== undefined && counts(node)) heads.delete(prev)
  }
  const place = ({ device, seq, hash }: Cut): string =>
    `${device} ${String(seq).padStart(16)} ${hash}`
  // Whoever signed a number more often than a link can name loses branches, not the vault its removal.
  const all = [...heads.values()].toSorted((a, b) => b.seq - a.seq).slice(0, LIMITS.cuts)
  return all.toSorted((a, b) => (place(a) < place(b) ? -1 : 1))
}

/** The newest epoch whose key this device holds: what a new one builds on. */
function lastGood({ chain }: Parts): { base: number; key: Bytes } {
  for (let base = epochAt(chain.known()); base > 0; base--) {
    const key = chain.keys.get(base)
    if (key !== undefined) return { base, key }
  }
  throw new CofferError('cannot-decrypt', 'this device holds no key of the vault', {
    reason: 'no-key',
    next: 'let it in with coffer device confirm on another one, or wait until the vault is loaded',
  })
}

/** A new key for everybody who reads, but `without`. */
function newEpoch(
  parts: Parts,
  without: ReadonlySet<DeviceId>,
): { readonly epoch: EpochStart; readonly wraps: Bytes } {
  const { chain, random } = parts
  const m = chain.known()
  const { base, key: before } = lastGood(parts)
  const [key, n] = [random(32), epochAt(m) + 1]
  const readers = readersOf(m).filter(({ id }) => !without.has(id))
  const table = wrapFor(
    key,
    vaultContext(m.vaultId),
    n,
    readers.map((one) => one.keys),
  )
  const { bytes: wraps, hash } = encodeWraps(table)
  const boxOf = (at: number, old: Bytes): Bytes =>
    sealBefore(key, old, { vaultId: m.vaultId, base: at, epoch: n }, random)
  const more = unreached(m, chain.keys, base)
    .slice(0, LIMITS.epochBoxes)
    .map((at) => ({ base: at, before: boxOf(at, chain.keys.get(at) ?? before) }))
  const start = { ...epochStart(key, hash), base, before: boxOf(base, before) }
  return { epoch: more.length === 0 ? start : { ...start, more }, wraps }
}

/** The key in force, for these devices in the order of joining. */
function currentFor(
  { chain }: Parts,
  devices: readonly Pick<DeviceRecord, 'keys'>[],
): ReturnType<typeof encodeWraps> {
  const { epoch, key } = chain.current()
  const keys = devices.map((device) => device.keys)
  return encodeWraps(wrapFor(key, vaultContext(chain.vaultId), epoch, keys))
}

const readsNow = ({ chain }: Parts, device: DeviceId): boolean =>
  RIGHTS[roleAt(chain.known(), device) ?? 'viewer'].reads

/** Removes devices of one user; what they brought in goes with them, but for `kept`. */
export function planRemoval(
  parts: Parts,
  named: ReadonlySet<DeviceId>,
  kept: ReadonlySet<DeviceId> = new Set(),
): Plan {
  const m = parts.chain.known()
  const [first] = named
  const userId = first === undefined ? undefined : known(parts, first)?.userId
  if (userId === undefined) throw new TypeError('nobody to remove')
  let devices = named
  const stays = new Set<DeviceId>()
  // What is kept may itself have brought others: each is asked for by name.
  for (const id of descendantsOf(m, userId, named)) {
    if (kept.has(id)) stays.add(id)
    else devices = new Set(devices).add(id)
  }
  const sorted = [...devices].toSorted()
  const writers = new Set(sorted.filter((id) => RIGHTS[roleAt(m, id) ?? 'viewer'].writes))
  const base = { devices: sorted, cuts: headsOf(parts.graph, writers), kept: [...stays].toSorted() }
  if (!sorted.some((id) => readsNow(parts, id))) return { action: { kind: 'remove', body: base } }
  const { epoch, wraps } = newEpoch(parts, devices)
  return { action: { kind: 'remove', body: { ...base, epoch } }, wraps }
}

/** Gives a user's devices another role; undefined when that changes nothing. */
export function planRole(
  parts: Parts,
  author: DeviceId,
  userId: UserId,
  role: Role,
): Plan | undefined {
  const by = known(parts, author)
  const m = parts.chain.known()
  const steps = by === undefined ? [] : roleSteps(m, by, userId, role)
  if (steps.length === 0) return undefined
  const { writing, reading, begin } = lossesOf(steps)
  const ids = (some: typeof steps): Set<DeviceId> => new Set(some.map(({ device }) => device.id))
  const base = { userId, role, cuts: headsOf(parts.graph, ids([...writing])) }
  if (reading.length > 0) {
    const { epoch, wraps } = newEpoch(parts, ids([...reading]))
    return { action: { kind: 'change-role', body: { ...base, epoch } }, wraps }
  }
  if (begin.length === 0) return { action: { kind: 'change-role', body: base } }
  const { bytes, hash } = currentFor(
    parts,
    begin.map(({ device }) => device),
  )
  return { action: { kind: 'change-role', body: { ...base, wraps: hash } }, wraps: bytes }
}

/** A new key for all who read now. */
export function planRotation(parts: Parts): Plan {
  const { epoch, wraps } = newEpoch(parts, new Set())
  return { action: { kind: 'rotate', body: { epoch } }, wraps }
}

/** The key in force once more, for a device whose wrap was lost or bad. */
export function planRewrap(parts: Parts, device: DeviceId): Plan {
  const record = known(parts, device)
  if (record === undefined) throw new TypeError('no such device')
  const { bytes, hash } = currentFor(parts, [record])
  return { action: { kind: 'rewrap', body: { device, wraps: hash } }, wraps: bytes }
}

/** Lets a person in whom another vault knows, with these of their devices. */
export function planMember(
  parts: Parts,
  statements: readonly DeviceStatement[],
  role: Role,
  label: (device: DeviceId) => string,
): Plan {
  const { chain, random } = parts
  const sorted = statements
    .map((statement) => ({ statement, id: deviceIdOf(statement.keys) }))
    .toSorted((a, b) => (a.id < b.id ? -1 : 1))
  const { key } = chain.current()
  const { bytes, hash } = currentFor(
    parts,
    RIGHTS[role].reads ? sorted.map(({ statement }) => statement) : [],
  )
  const labels = sorted.map(({ id }) => sealLabel(key, bytesOf(id), label(id), random))
  const body = { statements: sorted.map((one) => one.statement), role, wraps: hash, labels }
  return { action: { kind: 'add-member', body }, wraps: bytes }
}
