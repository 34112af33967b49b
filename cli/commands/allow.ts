import { displayText } from '../../shared/display.js'
import { CofferError } from '../../shared/errors.js'
import type { Result } from '../../shared/protocol/local.js'
import type { Command } from '../command.js'
import { touchHookStamp } from '../shell/hook-stamp.js'

export const allow: Command = {
  name: 'allow',
  summary: 'Let the .coffer.yaml of a folder choose what becomes variables',
  details: `A .coffer.yaml may come with a repository of others. It selects org and project for get and set; what run and the hook
give to programs it chooses only once you have read it and allowed it, and only until it changes. It is remembered by its
path and its bytes, in your home. Without DIR: the nearest one, from here upwards.`,
  args: [{ name: 'DIR', required: false }],
  options: [{ flags: '--revoke', text: 'no longer' }],
  examples: [
    { line: 'coffer allow', text: '' },
    { line: 'coffer allow ~/src/web', text: '' },
    { line: 'coffer allow --revoke', text: '' },
  ],
  exits: ['not-found', 'locked'],
  async run(call, session) {
    const [folder] = call.args
    if (folder === '') {
      throw new CofferError('usage', 'DIR is empty', { reason: 'empty-folder' })
    }
    const context = {
      ...session.context,
      ...(folder === undefined ? {} : { cwd: session.path(folder) }),
    }
    const result = await session.call('selectionAllow', { context, revoke: call.flag('revoke') })
    touchHookStamp(session.io.env)
    if (!call.flag('revoke')) for (const line of told(result)) session.say(displayText(line))
    session.show(result)
  },
}

/** What the file does, a sentence a line. */
function told({ file, org, project, only, env, files }: Result<'selectionAllow'>): string[] {
  const scope = [org, project].filter(Boolean).join('/')
  const names = only === undefined ? 'all of its secrets' : only.join(', ') || 'nothing'
  return [
    `allowed: ${file}${scope === '' ? '' : ` (${scope})`}`,
    `variables: ${names}`,
    ...env.map(({ variable, name }) => `variable ${variable}: ${name}`),
    ...files.map((one) => `file ${one.file}: ${one.name}`),
  ]
}
