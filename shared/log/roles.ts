import { oneOf } from '../codec.js'

/** Roles from the most to the least (SPEC section 5); the index is the encoding, so order is frozen. */
export const ROLES = ['owner', 'admin', 'writer', 'reader', 'viewer', 'sealer', 'runner'] as const
export type Role = (typeof ROLES)[number]
export const roleCodec = oneOf(ROLES)

type Rights = {
  /** Opens the epoch key: reads values and names. */
  readonly reads: boolean
  /** Signs changesets. */
  readonly writes: boolean
  /** Manages roles below its own. */
  readonly manages: boolean
}

export const RIGHTS: Readonly<Record<Role, Rights>> = {
  owner: { reads: true, writes: true, manages: true },
  admin: { reads: true, writes: true, manages: true },
  writer: { reads: true, writes: true, manages: false },
  reader: { reads: true, writes: false, manages: false },
  viewer: { reads: false, writes: false, manages: false },
  sealer: { reads: false, writes: true, manages: false },
  runner: { reads: false, writes: false, manages: false },
}

/** Whether `role` is `other` or below it. */
export function atMost(role: Role, other: Role): boolean {
  return ROLES.indexOf(role) >= ROLES.indexOf(other)
}

/** Whether a member of role `granter` may give `role` to somebody else: owners any, admins those below admin. */
export function mayGrant(granter: Role, role: Role): boolean {
  return granter === 'owner' || (granter === 'admin' && role !== 'owner' && role !== 'admin')
}
