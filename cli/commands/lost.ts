import { displayText } from '../../shared/display.js'
import type { Command } from '../command.js'
import { columns, showTime } from '../format.js'

export const lost: Command = {
  name: 'lost',
  also: ['lost ls'],
  summary: 'List writes that were cut off when their device was removed',
  details: 'They show nowhere else. lost restore writes one anew, as yours.',
  examples: [{ line: 'coffer lost --org acme --project web', text: '' }],
  stdout: 'reference, version, time, author',
  async run(_call, session) {
    const result = await session.call('lostList', { context: session.context })
    const rows = result.lost.map(({ reference, version, kind, at, author }) => [
      displayText(reference),
      String(version.number),
      showTime(at),
      kind === 'delete' ? 'delete' : 'value',
      displayText(author.user ?? author.device ?? author.deviceId.slice(0, 8)),
    ])
    session.show(result, columns(rows))
  },
}

export const lostRestore: Command = {
  name: 'lost restore',
  summary: 'Write a value anew that was cut off with its device',
  args: [{ name: 'PATH', required: true }],
  options: [{ flags: '--version <VERSION>', text: 'this one (number or id of coffer lost)' }],
  examples: [{ line: 'coffer lost restore API_TOKEN', text: 'the newest that was cut off' }],
  exits: ['not-found', 'refused'],
  async run(call, session) {
    const version = call.text('version')
    const params = { context: session.context, name: call.args[0] ?? '' }
    const with_ = version === undefined ? params : { ...params, version }
    session.show(await session.call('lostRestore', with_))
  },
}
