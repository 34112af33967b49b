import { oneOf } from '../codec.js'
import type { Role } from './roles.js'

/** What a person may do, in Earthly's words, from the most to the least (SPEC section 13); the order is frozen. */
export const LEVELS = ['owner', 'admin', 'write', 'read+secrets', 'read'] as const
export type Level = (typeof LEVELS)[number]
export const levelCodec = oneOf(LEVELS)

/** What a person may do in one project: `seal` sets sealed secrets there, and reads nothing. Earthly had no such word. */
export const PROJECT_LEVELS = [...LEVELS, 'seal'] as const
export type ProjectLevel = (typeof PROJECT_LEVELS)[number]

/** Their roles in a project: who has `read` sees that it exists. */
const IN_PROJECT: Readonly<Record<ProjectLevel, Role>> = {
  owner: 'owner',
  admin: 'admin',
  write: 'writer',
  'read+secrets': 'reader',
  read: 'viewer',
  seal: 'sealer',
}

export function projectRole(level: ProjectLevel): Role {
  return IN_PROJECT[level]
}

/** The role in the org's own vault, whose directory everybody reads. */
export function orgRole(level: Level): Role {
  return level === 'read' ? 'reader' : IN_PROJECT[level]
}

/** The level that a role in an org gives. */
export function levelOf(role: Role): Level {
  return LEVELS.find((level) => IN_PROJECT[level] === role) ?? 'read'
}

/** The level that a role in a project gives. */
export function projectLevelOf(role: Role): ProjectLevel {
  return PROJECT_LEVELS.find((level) => IN_PROJECT[level] === role) ?? 'read'
}

export function isProjectLevel(text: string): text is ProjectLevel {
  return PROJECT_LEVELS.some((level) => level === text)
}

export function isLevel(text: string): text is Level {
  return LEVELS.some((level) => level === text)
}
