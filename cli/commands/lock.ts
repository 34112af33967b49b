import type { Command } from '../command.js'

export const lock: Command = {
  name: 'lock',
  summary: 'Forget the keys until the next unlock, over a restart too',
  examples: [{ line: 'coffer lock', text: '' }],
  async run(_call, session) {
    session.show(await session.call('lock', {}))
  },
}
