import type { Command } from '../command.js'
import { memberTable, levelOf, PERMISSION, rotateList, sayExposed } from '../people.js'
import { consent } from '../prompt.js'

export const orgMemberLs: Command = {
  name: 'org member ls',
  also: ['org members ls', 'org member list', 'org members list', 'org list-permissions'],
  summary: 'List the people of the org and their levels',
  examples: [{ line: 'coffer org member ls', text: '' }],
  stdout: 'table of address, level, day, user id, name',
  exits: ['not-found'],
  async run(_call, session) {
    const result = await session.call('orgMemberList', { context: session.context })
    session.show(result, memberTable(result.members))
  },
}

export const orgMemberUpdate: Command = {
  name: 'org member update',
  also: ['org members update'],
  summary: 'Give a person another level, in the org and its projects',
  details: `Prints, one a line, what a person who may no longer read could read: change it where it comes from, too.
A level that a project decided itself (project member update) stays.`,
  args: [
    { name: 'EMAIL', required: true },
    { name: 'LEVEL', required: false },
  ],
  options: [PERMISSION],
  examples: [
    { line: 'coffer org member update bob@example.org read+secrets', text: '' },
    { line: 'coffer org member update bob@example.org --permission admin', text: '' },
  ],
  stdout: 'references',
  exits: ['not-found', 'refused', 'unreachable'],
  async run(call, session) {
    const who = call.args[0] ?? ''
    const level = levelOf(call, 1)
    const result = await session.call('orgMemberUpdate', { context: session.context, who, level })
    const list = rotateList(result.org, result.exposed)
    sayExposed(session, list)
    session.show(result, list)
  },
}

export const orgMemberRm: Command = {
  name: 'org member rm',
  also: ['org members rm', 'org member remove', 'org revoke'],
  summary: 'Remove a person from the org and all its projects',
  details: `Asks first on a terminal. Each project gets a new key in the same step, and what the person's devices write
afterwards counts for nobody; they keep what they have read. Prints, one a line, what they could read: change it where it
comes from, too. Again, it finishes what was interrupted; any admin's device does so in the background. The keys of a
removed device never return: who comes back joins with another device.`,
  args: [{ name: 'EMAIL', required: true }],
  options: [
    { flags: '-f, --force', text: "don't ask" },
    { flags: '-y, --yes', text: "don't ask" },
  ],
  examples: [{ line: 'coffer org member rm -y bob@example.org', text: '' }],
  stdout: 'references',
  exits: ['not-found', 'refused', 'unreachable'],
  async run(call, session) {
    const who = call.args[0] ?? ''
    const question = `remove ${who} from the org and all its projects?`
    await consent(session.io, call, 'removing a person', question)
    const result = await session.call('orgMemberRemove', { context: session.context, who })
    const list = rotateList(result.org, result.exposed)
    sayExposed(session, list)
    session.show(result, list)
  },
}
