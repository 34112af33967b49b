import { toHex } from '../bytes.js'
import type { DeviceId, UserId } from '../ids.js'
import { checkAboveCheckpoint, checkRaisable } from './checkpoint.js'
import type { ActionOf, Cut, EpochStart } from './link.js'
import {
  devicesOf,
  epochAt,
  readersOf,
  roleAt,
  type CutRecord,
  type DeviceRecord,
  type Membership,
} from './membership.js'
import { mayBringOwn, mayGrant, RIGHTS, type Role } from './roles.js'
import { isAscending, refuse, type Apply } from './rules.js'

// What takes rights away, and the keys that must change with them (SPEC section 5): one link, one signature.

/** Who signs a link, and as what. */
export type Author = { readonly device: DeviceRecord; readonly role: Role; readonly n: number }

export function roleOf(m: Membership, device: DeviceId): Role {
  return roleAt(m, device) ?? refuse('device-unknown', 'it names a device that is not active')
}

/** The devices of its user that `removed` brought in, or that those did, without these themselves. */
export function descendantsOf(
  m: Membership,
  userId: UserId,
  removed: ReadonlySet<DeviceId>,
): Set<DeviceId> {
  const found = new Set<DeviceId>()
  // In the order of joining whoever brings a device stands before it.
  for (const { id, addedBy } of m.devices.of(userId)) {
    if (removed.has(id)) continue
    if (removed.has(addedBy) || found.has(addedBy)) found.add(id)
  }
  for (const id of found) if (roleAt(m, id) === undefined) found.delete(id)
  return found
}

/**
 * Whether the author may take away the right that `target` has: owners anybody's, admins those below admin, a person
 * their own devices' that have no right which the author lacks. A recovery device is its own or another person's business,
 * that of an older one, or of a device that was there before the one that made it: else a thief could make one in passing
 * that nobody removes.
 */
export function mayRemove(
  m: Membership,
  author: DeviceRecord,
  role: Role,
  target: DeviceRecord,
): boolean {
  const held = roleOf(m, target.id)
  if (author.userId !== target.userId) return mayGrant(role, held)
  if (target.id === author.id) return true
  const maker = m.devices.get(target.addedBy) ?? target
  const senior =
    joinedAt(author) < joinedAt(maker) || (author.recovery && joinedAt(author) < joinedAt(target))
  return (!target.recovery || senior) && mayBringOwn(role, held)
}

const joinedAt = ({ roles }: DeviceRecord): number => roles[0]?.from ?? 0

/** An owner must remain. */
export function checkOwner(m: Membership, without: (device: DeviceRecord) => boolean): void {
  let remains = false
  for (const device of m.devices.active()) {
    remains ||= roleAt(m, device.id) === 'owner' && !without(device)
    if (remains) break
  }
  if (!remains) refuse('last-owner', 'no owner would remain')
}

/** Cuts must be in order, and of devices that lose the right to write here. */
export function checkCuts(
  m: Membership,
  cuts: readonly Cut[],
  losing: ReadonlySet<DeviceId>,
): void {
  const places = cuts.map(
    ({ device, seq, hash }) => `${device} ${String(seq).padStart(16)} ${hash}`,
  )
  if (!isAscending(places)) refuse('bad-cut', 'its cuts are unordered or doubled')
  if (cuts.some(({ device, seq }) => !losing.has(device) || seq === 0))
    refuse('bad-cut', 'it cuts a device that loses nothing')
  checkAboveCheckpoint(m, cuts, losing)
}

/** The cut of one device, of those that a link makes. */
export function cutOf(cuts: readonly Cut[], device: DeviceId, from: number): CutRecord {
  const heads = cuts.filter((cut) => cut.device === device).map(({ seq, hash }) => ({ seq, hash }))
  return { from, heads }
}

/**
 * Checks the start of an epoch: it opens a known epoch's key, and no key returns.
 * @param needed whether a device ceases to read, which only a new key makes true
 */
export function checkEpoch(m: Membership, epoch: EpochStart | undefined, needed: boolean): void {
  if ((epoch === undefined) === needed)
    refuse('bad-epoch', needed ? 'it starts no new epoch' : 'it starts an epoch without need')
  if (epoch === undefined) return
  const { base, before, commitment, more = [] } = epoch
  if (base === undefined || before === undefined || base < 1 || base > epochAt(m))
    refuse('bad-epoch', 'its epoch opens none before it')
  const bases = [base, ...more.map((one) => one.base)]
  if (bases.some((one, i) => one < 1 || (i > 0 && one >= (bases[i - 1] ?? 0))))
    refuse('bad-epoch', 'its epoch opens others out of order')
  if (m.commitments.has(toHex(commitment))) refuse('bad-epoch', 'its key was used before')
}

export function start(m: Membership, { n, device }: Author, epoch: EpochStart | undefined): void {
  if (epoch === undefined) return
  m.epochs.push({ from: n, start: epoch, by: device.id })
  m.commitments.add(toHex(epoch.commitment))
}

/** The record of a device with another role from link `n` on, and what of its changesets counts when it ceases to write. */
export function lowered(
  device: DeviceRecord,
  n: number,
  role: Role | undefined,
  cut?: CutRecord,
): DeviceRecord {
  const roles = [...device.roles, { from: n, role }]
  return { ...device, roles, cuts: cut === undefined ? device.cuts : [...device.cuts, cut] }
}

export const writes = (role: Role | undefined): boolean => role !== undefined && RIGHTS[role].writes
export const reads = (role: Role | undefined): boolean => role !== undefined && RIGHTS[role].reads

/** @throws CofferError `tampering` */
export function planRemove(m: Membership, body: ActionOf<'remove'>, author: Author): Apply {
  const { devices, cuts, kept, epoch } = body
  if (!isAscending(devices) || !isAscending(kept))
    refuse('bad-removal', 'its devices are unordered or doubled')
  const targets = devices.map((id) => {
    roleOf(m, id)
    return m.devices.get(id) ?? refuse('device-unknown', 'it names a device that is not here')
  })
  const userId = targets[0]?.userId ?? refuse('bad-removal', 'it removes nobody')
  if (targets.some((one) => one.userId !== userId))
    refuse('bad-removal', 'it removes devices of several users')
  if (!targets.every((one) => mayRemove(m, author.device, author.role, one)))
    refuse('not-authorised', 'its author may not remove these devices')
  const removed = new Set(devices)
  const rest = descendantsOf(m, userId, removed)
  const keeps = new Set(kept)
  if (kept.some((id) => !rest.has(id)) || [...rest].some((id) => !keeps.has(id)))
    refuse('bad-removal', 'it leaves devices unsaid that the removed ones brought in')
  checkOwner(m, ({ id }) => removed.has(id))
  checkCuts(m, cuts, new Set(devices.filter((id) => writes(roleAt(m, id)))))
  checkEpoch(
    m,
    epoch,
    devices.some((id) => reads(roleAt(m, id))),
  )
  const whole = devicesOf(m, userId).length === devices.length
  return () => {
    for (const target of targets) {
      const cut = writes(roleAt(m, target.id)) ? cutOf(cuts, target.id, author.n) : undefined
      m.devices.put(lowered(target, author.n, undefined, cut))
    }
    withdraw(m, ({ author: by, userId: user }) => removed.has(by) || (whole && user === userId))
    start(m, author, epoch)
  }
}

/** Nobody joins any more by what removed devices invited. */
function withdraw(
  m: Membership,
  which: (invite: { readonly author: DeviceId; readonly userId: UserId | undefined }) => boolean,
): void {
  for (const invite of m.invites.values()) {
    if (invite.state === 'open' && which(invite)) {
      m.invites.set(invite.key, { ...invite, state: 'withdrawn' })
    }
  }
}

/** @throws CofferError `tampering` */
export function planRotate(m: Membership, { epoch }: ActionOf<'rotate'>, author: Author): Apply {
  const { reads: opens, writes: puts } = RIGHTS[author.role]
  if (!opens || !puts) refuse('not-authorised', 'its author may not change the key')
  checkEpoch(m, epoch, true)
  return () => start(m, author, epoch)
}

/** @throws CofferError `tampering` */
export function planRewrap(m: Membership, { device }: ActionOf<'rewrap'>, author: Author): Apply {
  if (!RIGHTS[author.role].reads) refuse('not-authorised', 'its author has no key to give')
  if (!readersOf(m).some(({ id }) => id === device))
    refuse('device-unknown', 'it gives the key to a device that may not read')
  return () => undefined
}

/** All heads of a cut and those that it is raised by, in order: what counted goes on counting. */
function union(all: CutRecord['heads'], more: CutRecord['heads']): CutRecord['heads'] {
  const known = new Set(all.map(({ hash }) => hash))
  const place = ({ seq, hash }: CutRecord['heads'][number]): string =>
    `${String(seq).padStart(16)} ${hash}`
  return [...all, ...more.filter(({ hash }) => !known.has(hash))].toSorted((a, b) =>
    place(a) < place(b) ? -1 : 1,
  )
}

/** @throws CofferError `tampering` */
export function planRaiseCut(
  m: Membership,
  { cuts }: ActionOf<'raise-cut'>,
  author: Author,
): Apply {
  if (!RIGHTS[author.role].manages) refuse('not-authorised', 'its author manages nobody')
  const devices = new Map(cuts.map(({ device }) => [device, m.devices.get(device)]))
  checkCuts(m, cuts, new Set(devices.keys()))
  const raised = [...devices].map(([id, device]) => {
    const last = device?.cuts.at(-1)
    if (device === undefined || last === undefined)
      return refuse('bad-cut', 'it raises a cut that was never made')
    checkRaisable(m, last)
    const held = roleAt(m, id, last.from - 1) ?? 'owner'
    if (author.role !== 'owner' && !mayGrant(author.role, held))
      refuse('not-authorised', 'its author may not raise this cut')
    const cut = cutOf(cuts, id, last.from)
    const top = (heads: CutRecord['heads']): number => Math.max(0, ...heads.map(({ seq }) => seq))
    if (top(cut.heads) <= top(last.heads)) refuse('bad-cut', 'it lowers a cut')
    const heads = union(last.heads, cut.heads)
    return { ...device, cuts: [...device.cuts.slice(0, -1), { from: last.from, heads }] }
  })
  return () => {
    for (const device of raised) m.devices.put(device)
  }
}
