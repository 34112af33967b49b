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

/**
 * What a device may make another device of its own user: nothing with a right that it lacks. The order of ROLES
 * doesn't tell (a sealer writes, a viewer above it doesn't), and a machine brings nobody.
 */
const OWN: Readonly<Record<Role, readonly Role[]>> = {
  owner: ROLES,
  admin: ['admin', 'writer', 'reader', 'viewer', 'sealer', 'runner'],
  writer: ['writer', 'reader', 'viewer', 'sealer'],
  reader: ['reader', 'viewer'],
  viewer: ['viewer'],
  sealer: ['sealer'],
  runner: [],
}

/** Whether a device of `role` may let a device of its own user in as `given`. */
export function mayBringOwn(role: Role, given: Role): boolean {
  return OWN[role].includes(given)
}

/** Whether a member of role `granter` may give `role` to somebody else: owners any, admins those below admin. */
export function mayGrant(granter: Role, role: Role): boolean {
  return granter === 'owner' || (granter === 'admin' && role !== 'owner' && role !== 'admin')
}
