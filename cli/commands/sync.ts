import type { Command } from '../command.js'
import { parseDuration } from '../format.js'

export const sync: Command = {
  name: 'sync',
  summary: 'Wait until everything written here is on the relay, and everything there is here',
  details: 'The barrier for a CI job before its machine goes away.',
  options: [{ flags: '--timeout <TIME>', text: 'how long to wait (30s)' }],
  examples: [{ line: 'coffer sync --timeout 1m', text: '' }],
  exits: ['unreachable', 'timed-out'],
  async run(call, session) {
    const timeout = parseDuration('--timeout', call.text('timeout') ?? '30s')
    const result = await session.call('sync', { context: session.context, timeout })
    session.show(result)
    session.say(`synced ${result.vaults} vaults: ${result.sent} sent, ${result.received} received`)
  },
}
