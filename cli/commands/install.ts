import type { Command } from '../command.js'
import { uninstall as remove } from '../reach/daemon-control.js'
import { consent } from '../prompt.js'
import { homeOf } from '../reach/socket.js'
import { installService } from '../reach/systemd.js'

export const daemonInstall: Command = {
  name: 'daemon install',
  summary: 'Let systemd start the daemon at login',
  details: 'Where systemd does not run it says so and exits 1.',
  examples: [{ line: 'coffer daemon install', text: '' }],
  async run(_call, session) {
    const { env } = session.io
    session.show({ unit: await installService(homeOf(env), { env }) })
  },
}

export const uninstall: Command = {
  name: 'uninstall',
  summary: 'Stop the daemon and remove what coffer made outside its data; --data removes that too',
  options: [
    { flags: '--data', text: 'the home with all keys and secrets as well' },
    { flags: '-y, --yes', text: "don't ask" },
    { flags: '-f, --force', text: "don't ask" },
  ],
  examples: [
    { line: 'coffer uninstall', text: 'secrets stay' },
    { line: 'coffer uninstall --data -y', text: 'leaves nothing' },
  ],
  exits: ['timed-out'],
  async run(call, session) {
    const home = homeOf(session.io.env)
    const data = call.flag('data')
    if (data) {
      const question = `remove ${home} with all its keys and secrets?`
      await consent(session.io, call, 'removing all secrets', question)
    }
    const result = await remove(home, data, { env: session.io.env })
    session.show({ home, ...result })
    if (result.left) session.io.err(`coffer: files that aren't coffer's stay in ${home}\n`)
  },
}
