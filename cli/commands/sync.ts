import type { Command } from '../command.js'
import { parseDuration } from '../format.js'
import { checkLockFile } from './lock-file.js'

export const sync: Command = {
  name: 'sync',
  summary: 'Wait until everything written here is on the relay, and everything there is here',
  details: 'The barrier for a CI job before its machine goes away.',
  options: [
    { flags: '--timeout <TIME>', text: 'how long to wait (30s)' },
    { flags: '--require-lock', text: 'then fail where the project is not what .coffer/lock says' },
  ],
  examples: [
    { line: 'coffer sync --timeout 1m', text: '' },
    { line: 'coffer sync --require-lock', text: 'the relay has shown all that the lock names' },
  ],
  exits: ['unreachable', 'timed-out', 'stale', 'tampering'],
  async run(call, session) {
    const timeout = parseDuration('--timeout', call.text('timeout') ?? '30s')
    const result = await session.call('sync', { context: session.context, timeout })
    if (call.flag('require-lock')) await checkLockFile(session)
    session.show(result)
    session.say(`synced ${result.vaults} vaults: ${result.sent} sent, ${result.received} received`)
  },
}
