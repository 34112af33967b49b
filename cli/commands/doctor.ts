import { displayText } from '../../shared/display.js'
import type { Command } from '../command.js'

const MARKS = { ok: 'ok     ', warning: 'warning', failure: 'FAILURE' } as const

export const doctor: Command = {
  name: 'doctor',
  summary: 'Examine home, store, relay and clock; mend what can be mended',
  options: [{ flags: '--repair', text: 'mend: bring damaged vaults back from the relay' }],
  examples: [
    { line: 'coffer doctor', text: '' },
    { line: 'coffer doctor --repair', text: 'after a disk fault' },
  ],
  stdout: 'report',
  exits: ['storage'],
  async run(call, session) {
    const params = { context: session.context, repair: call.flag('repair') }
    const result = await session.call('doctor', params)
    const report = result.checks.map(({ name, level, message, next }) => {
      const advice =
        next === undefined || level === 'ok' ? '' : `\n         next: ${displayText(next)}`
      return `${MARKS[level]}  ${displayText(`${name}: ${message}`)}${advice}\n`
    })
    session.show(result, report.join(''))
    if (result.checks.some(({ level }) => level === 'failure')) session.io.exit(31)
  },
}
