import type { ProjectLevel } from '../../shared/log/levels.js'
import type { Command } from '../command.js'
import {
  parseProjectLevel,
  PROJECT_PERMISSION,
  projectLevelOf,
  permissionTable,
  rotateList,
  sayExposed,
} from '../people.js'
import type { Session } from '../session.js'

type Change = {
  readonly who: string
  readonly level: ProjectLevel | 'none'
  readonly path?: string
}

/** Decides somebody's level in one project, and prints what they may no longer read. */
async function set(session: Session, change: Change): Promise<void> {
  const result = await session.call('projectMemberSet', { context: session.context, ...change })
  const { org, project, exposed } = result
  const list = rotateList(org, [{ project, names: exposed }])
  sayExposed(session, list)
  session.show(result, list)
}

async function list(session: Session, path?: string): Promise<void> {
  const where = path === undefined ? {} : { path }
  const result = await session.call('projectMemberList', { context: session.context, ...where })
  session.show(result, permissionTable(result.members.map(({ member }) => member)))
}

const EMAIL = { name: 'EMAIL', required: true }
const LEVEL = { name: 'LEVEL', required: false }
const PATH = { name: 'PATH', required: true }

export const projectMemberLs: Command = {
  name: 'project member ls',
  also: ['project members ls', 'project member list', 'project members list'],
  summary: 'List who may do what in the project',
  examples: [{ line: 'coffer project member ls --org acme --project web', text: '' }],
  stdout: 'table of address, level, day',
  exits: ['not-found'],
  run: (_call, session) => list(session),
}

export const projectMemberAdd: Command = {
  name: 'project member add',
  also: ['project members add', 'project member update', 'project members update'],
  summary: "Decide a person's level in the project",
  details: `The person is in the org already (org invite). What is decided here goes before the level in the org, and stays
when that changes. seal: sets sealed secrets, for runners, and reads nothing.`,
  args: [EMAIL, LEVEL],
  options: [PROJECT_PERMISSION],
  examples: [
    { line: 'coffer project member add bob@example.org write', text: 'in the selected project' },
    { line: 'coffer project member add bob@example.org --permission read+secrets', text: '' },
  ],
  stdout: 'references',
  exits: ['not-found', 'refused', 'unreachable'],
  run: (call, session) => set(session, { who: call.args[0] ?? '', level: projectLevelOf(call, 1) }),
}

export const projectMemberRm: Command = {
  name: 'project member rm',
  also: ['project members rm', 'project member remove', 'project members remove'],
  summary: 'Take all rights in the project from a person of the org',
  details: `The project gets a new key. The person stays in the org, and can be given a level here again. Prints, one a line,
what they could read.`,
  args: [EMAIL],
  examples: [{ line: 'coffer project member rm bob@example.org', text: 'in the selected project' }],
  stdout: 'references',
  exits: ['not-found', 'refused', 'unreachable'],
  run: ({ args }, session) => set(session, { who: args[0] ?? '', level: 'none' }),
}

export const permissionLs: Command = {
  name: 'secret permission ls',
  also: ['secret permissions ls', 'secret permission list', 'secret permissions list'],
  summary: 'List who may do what in the project of a path',
  details: 'Rights are those of the whole project: there are none for single secrets.',
  args: [PATH],
  examples: [{ line: 'coffer secret permission ls coffer://acme/web', text: '' }],
  stdout: 'table of address, level, day',
  exits: ['not-found', 'refused'],
  run: ({ args }, session) => list(session, args[0] ?? ''),
}

export const permissionSet: Command = {
  name: 'secret permission set',
  also: ['secret permissions set'],
  summary: "Decide a person's level in the project of a path",
  details: 'Rights are those of the whole project: there are none for single secrets.',
  args: [PATH, EMAIL, { ...LEVEL, required: true }],
  examples: [
    { line: 'coffer secret permission set coffer://acme/web bob@example.org write', text: '' },
  ],
  stdout: 'references',
  exits: ['not-found', 'refused', 'unreachable'],
  run: ({ args: [path = '', who = '', level = ''] }, session) =>
    set(session, { path, who, level: parseProjectLevel(level) }),
}

export const permissionRm: Command = {
  name: 'secret permission rm',
  also: ['secret permissions rm'],
  summary: 'Take all rights in the project of a path from a person',
  details: 'Rights are those of the whole project: there are none for single secrets.',
  args: [PATH, EMAIL],
  examples: [{ line: 'coffer secret permission rm coffer://acme/web bob@example.org', text: '' }],
  stdout: 'references',
  exits: ['not-found', 'refused', 'unreachable'],
  run: ({ args: [path = '', who = ''] }, session) => set(session, { path, who, level: 'none' }),
}
