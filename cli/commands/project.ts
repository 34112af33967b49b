import type { Command } from '../command.js'
import { lines } from '../format.js'
import { consent } from '../prompt.js'

export const projectCreate: Command = {
  name: 'project create',
  summary: 'Make a project in the org',
  args: [{ name: 'PROJECT', required: true }],
  examples: [{ line: 'coffer project --org acme create web', text: '' }],
  exits: ['exists', 'refused', 'unreachable'],
  async run({ args }, session) {
    const params = { context: session.context, name: args[0] ?? '' }
    session.show(await session.call('projectCreate', params))
  },
}

export const projectLs: Command = {
  name: 'project ls',
  also: ['project list'],
  summary: "List the org's projects",
  examples: [{ line: 'coffer project ls --org acme', text: 'one name a line' }],
  stdout: 'names',
  exits: ['not-found'],
  async run(_call, session) {
    const result = await session.call('projectList', { context: session.context })
    session.show(result, lines(result.projects.map(({ name }) => name)))
  },
}

export const projectRm: Command = {
  name: 'project rm',
  summary: "Take a project out of the org's directory",
  details: 'Asks first on a terminal. Members keep the history that they have.',
  args: [{ name: 'PROJECT', required: true }],
  options: [
    { flags: '-f, --force', text: "don't ask" },
    { flags: '-y, --yes', text: "don't ask" },
  ],
  examples: [{ line: 'coffer project rm -f web', text: '' }],
  exits: ['not-found', 'refused', 'unreachable'],
  async run(call, session) {
    const name = call.args[0] ?? ''
    const question = `remove the project '${name}' from the org?`
    await consent(session.io, call, 'removing a project', question)
    session.show(await session.call('projectRemove', { context: session.context, name }))
  },
}

export const projectRotate: Command = {
  name: 'project rotate',
  summary: 'Give the project a new key, for those who are in it now',
  details:
    'Removals do so by themselves. Values stay as they are: change those where they are used.',
  examples: [{ line: 'coffer project --org acme --project web rotate', text: '' }],
  exits: ['refused', 'unreachable'],
  async run(_call, session) {
    const result = await session.call('projectRotate', { context: session.context })
    session.show(result)
    session.say(`the key of generation ${result.epoch} is in force`)
  },
}

export const projectSelect: Command = {
  name: 'project select',
  also: ['project s'],
  summary: 'Use this project, and its org, where no other is named',
  args: [{ name: 'PROJECT', required: true }],
  options: [{ flags: '--moved', text: 'though the name means another vault than before' }],
  examples: [{ line: 'coffer project --org acme select web', text: '' }],
  exits: ['not-found', 'tampering'],
  async run(call, session) {
    const params = {
      context: session.context,
      name: call.args[0] ?? '',
      ...(call.flag('moved') ? { moved: true } : {}),
    }
    session.show(await session.call('projectSelect', params))
  },
}

export const projectUnselect: Command = {
  name: 'project unselect',
  also: ['project uns'],
  summary: 'Use no project',
  examples: [{ line: 'coffer project unselect', text: '' }],
  async run(_call, session) {
    session.show(await session.call('projectSelect', { context: session.context, name: null }))
  },
}
