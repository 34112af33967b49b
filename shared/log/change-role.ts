import type { UserId } from '../ids.js'
import type { ActionOf } from './link.js'
import { devicesOf, roleAt, type DeviceRecord, type Membership } from './membership.js'
import {
  checkCuts,
  checkEpoch,
  checkOwner,
  cutOf,
  lowered,
  reads,
  roleOf,
  start,
  writes,
  type Author,
} from './removal.js'
import { mayBringOwn, mayGrant, ROLES, type Role } from './roles.js'
import { refuse, type Apply } from './rules.js'

// Another role for a person (SPEC section 5, rule 12): up with a wrap, down with a cut and, where they read no more, a new key.

/** What a change of a user's role makes of one device. */
export type RoleStep = {
  readonly device: DeviceRecord
  readonly before: Role
  readonly after: Role
}

/**
 * The devices of a user whose role a change to `role` changes. Those that have the user's highest one get it; of the others
 * those that have a right which `role` lacks: they get it, too, or, where it has one that they lacked, nothing but to look.
 * Runners and, unless another person decides, recovery devices stay as they are.
 */
export function roleSteps(
  m: Membership,
  author: DeviceRecord,
  userId: UserId,
  role: Role,
): RoleStep[] {
  const theirs = devicesOf(m, userId).filter(
    ({ id, recovery }) =>
      roleAt(m, id) !== 'runner' && (!recovery || author.userId !== userId || author.id === id),
  )
  const held = new Set(theirs.map(({ id }) => roleOf(m, id)))
  const highest = ROLES.find((one) => held.has(one))
  return theirs
    .map((device) => {
      const before = roleOf(m, device.id)
      return { device, before, after: roleAfter(before, highest, role) }
    })
    .filter(({ before, after }) => before !== after)
}

function roleAfter(before: Role, highest: Role | undefined, role: Role): Role {
  if (before === highest) return role
  if (mayBringOwn(role, before)) return before
  return mayBringOwn(before, role) ? role : 'viewer'
}

/** Which of the steps take a right to write away, to read, and give one to read. */
export function lossesOf(steps: readonly RoleStep[]): {
  readonly writing: readonly RoleStep[]
  readonly reading: readonly RoleStep[]
  readonly begin: readonly RoleStep[]
} {
  return {
    writing: steps.filter(({ before, after }) => writes(before) && !mayBringOwn(after, before)),
    reading: steps.filter(({ before, after }) => reads(before) && !reads(after)),
    begin: steps.filter(({ before, after }) => !reads(before) && reads(after)),
  }
}

/** @throws CofferError `tampering` */
export function planChangeRole(
  m: Membership,
  body: ActionOf<'change-role'>,
  author: Author,
): Apply {
  const { userId, role, cuts, epoch, wraps } = body
  if (m.kind === 'user') refuse('foreign-user', 'in a user vault all are owners')
  if (role === 'runner') refuse('bad-role-change', 'a machine is made, not appointed')
  const steps = roleSteps(m, author.device, userId, role)
  if (steps.length === 0) refuse('bad-role-change', 'it changes nothing')
  const gives = userId === author.device.userId ? mayBringOwn : mayGrant
  const may = steps.every(
    ({ before, after }) => gives(author.role, before) && gives(author.role, after),
  )
  if (!may) refuse('not-authorised', 'its author may not give or take these rights')
  const ids = new Set(steps.map(({ device }) => device.id))
  if (role !== 'owner') checkOwner(m, ({ id }) => ids.has(id))
  const { writing, reading, begin } = lossesOf(steps)
  checkCuts(m, cuts, new Set(writing.map(({ device }) => device.id)))
  checkEpoch(m, epoch, reading.length > 0)
  if (begin.length > 0 !== (wraps !== undefined))
    refuse('bad-wraps', 'its table of wraps is missing or unasked for')
  return () => {
    for (const step of steps) {
      const { device, after } = step
      const cut = writing.includes(step) ? cutOf(cuts, device.id, author.n) : undefined
      m.devices.put(lowered(device, author.n, after, cut))
    }
    start(m, author, epoch)
  }
}
