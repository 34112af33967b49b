import type { Result } from '../../shared/protocol/local.js'
import type { Command } from '../command.js'
import { columns, showTime, showVault } from '../format.js'

type Alarm = Result<'alarmsList'>['alarms'][number]

export const alarms: Command = {
  name: 'alarms',
  also: ['alarms ls', 'alarms list'],
  summary: 'List what was found against the relay or members, and when',
  details: `An alarm is something that an honest relay and honest devices never do (SPEC section 9 names each). Reading and
writing go on; of each kind the first and the newest are kept until the home is removed.`,
  examples: [
    { line: 'coffer alarms', text: '! marks what nobody has read' },
    { line: 'coffer alarms --json', text: '' },
  ],
  stdout: 'vault, reason, time, what',
  async run(_call, session) {
    const result = await session.call('alarmsList', { context: session.context })
    session.show(result, columns(result.alarms.flatMap(rows)))
  },
}

function rows({ vault, reason, first, newest, readAt }: Alarm): string[][] {
  return [first, ...(newest === undefined ? [] : [newest])].map(({ at, message }, i) => [
    readAt === null ? '!' : ' ',
    showVault(vault),
    i === 0 ? reason : `${reason} (newest)`,
    showTime(at),
    message,
  ])
}

export const alarmsAck: Command = {
  name: 'alarms ack',
  summary: 'Say that you have read the alarms and who came or went: they leave the warnings',
  details: 'They stay in coffer alarms, and what is found anew is told anew.',
  examples: [{ line: 'coffer alarms ack', text: '' }],
  async run(_call, session) {
    const result = await session.call('alarmsAcknowledge', { context: session.context })
    session.show(result)
    session.say(`${result.acknowledged} acknowledged`)
  },
}
