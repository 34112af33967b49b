import { Buffer } from 'node:buffer'
import { CofferError } from '../../shared/errors.js'
import type { Command } from '../command.js'
import { readValue } from '../files/values.js'

export const conflictsResolve: Command = {
  name: 'conflicts resolve',
  summary: 'End a conflict: take one of the values, or a new one',
  args: [{ name: 'PATH', required: true }],
  options: [
    { flags: '--pick <VERSION>', text: 'take this version (number or id of coffer conflicts)' },
    { flags: '-f, --file <FILE>', text: 'take the value from a file' },
    { flags: '-i, --stdin', text: 'take the value from stdin' },
    { flags: '--allow-empty', text: 'store an empty value if that is what comes' },
  ],
  examples: [{ line: 'coffer conflicts resolve API_TOKEN --pick 4', text: '' }],
  exits: ['not-found', 'locked', 'refused'],
  async run(call, session) {
    const [pick, file, stdin] = [call.text('pick'), call.text('file'), call.flag('stdin')]
    if (pick !== undefined && (file !== undefined || stdin)) {
      throw new CofferError('usage', '--pick and a new value exclude each other', {
        reason: 'two-sources',
        next: 'give one of them',
      })
    }
    const name = call.args[0] ?? ''
    if (pick !== undefined) {
      const choice = { kind: 'version', version: pick } as const
      return session.show(
        await session.call('conflictsResolve', { context: session.context, name, choice }),
      )
    }
    const allowEmpty = call.flag('allow-empty')
    const bytes = await readValue(session, { value: undefined, file, stdin, allowEmpty })
    const choice = { kind: 'value', value: Buffer.from(bytes).toString('base64') } as const
    session.show(await session.call('conflictsResolve', { context: session.context, name, choice }))
  },
}
