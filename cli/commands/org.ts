import type { Command } from '../command.js'
import { lines } from '../format.js'

export const orgCreate: Command = {
  name: 'org create',
  summary: 'Make an org, a directory of projects and people',
  args: [{ name: 'ORG', required: true }],
  examples: [{ line: 'coffer org create acme', text: '' }],
  exits: ['exists', 'unreachable'],
  async run({ args }, session) {
    session.show(await session.call('orgCreate', { context: session.context, name: args[0] ?? '' }))
  },
}

export const orgLs: Command = {
  name: 'org ls',
  also: ['org list'],
  summary: 'List the orgs you are in',
  examples: [{ line: 'coffer org ls', text: 'one name a line' }],
  stdout: 'names',
  async run(_call, session) {
    const result = await session.call('orgList', { context: session.context })
    session.show(result, lines(result.orgs.map(({ name }) => name)))
  },
}

export const orgSelect: Command = {
  name: 'org select',
  also: ['org s'],
  summary: 'Use this org where no other is named',
  args: [{ name: 'ORG', required: true }],
  examples: [{ line: 'coffer org select acme', text: '' }],
  exits: ['not-found'],
  async run({ args }, session) {
    session.show(await session.call('orgSelect', { context: session.context, name: args[0] ?? '' }))
  },
}

export const orgUnselect: Command = {
  name: 'org unselect',
  also: ['org uns'],
  summary: 'Use no org: names are your own secrets',
  examples: [{ line: 'coffer org unselect', text: '' }],
  async run(_call, session) {
    session.show(await session.call('orgSelect', { context: session.context, name: null }))
  },
}
