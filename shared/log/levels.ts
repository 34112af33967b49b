import { oneOf } from '../codec.js'
import type { Role } from './roles.js'

/** What a person may do, in Earthly's words, from the most to the least (SPEC section 13); the order is frozen. */
export const LEVELS = ['owner', 'admin', 'write', 'read+secrets', 'read'] as const
export type Level = (typeof LEVELS)[number]
export const levelCodec = oneOf(LEVELS)

/** Their roles in a project: who has `read` sees that it exists. */
const IN_PROJECT: Readonly<Record<Level, Role>> = {
  owner: 'owner',
  admin: 'admin',
  write: 'writer',
  'read+secrets': 'reader',
  read: 'viewer',
}

export function projectRole(level: Level): Role {
  return IN_PROJECT[level]
}

/** The role in the org's own vault, whose directory everybody reads. */
export function orgRole(level: Level): Role {
  return level === 'read' ? 'reader' : IN_PROJECT[level]
}

/** The level that a role in a project gives. */
export function levelOf(role: Role): Level {
  return LEVELS.find((level) => IN_PROJECT[level] === role) ?? 'read'
}

export function isLevel(text: string): text is Level {
  return LEVELS.some((level) => level === text)
}
