import { CofferError } from '../../shared/errors.js'
import type { Command } from '../command.js'
import { MEMORY_OPTION, memoryOf, OPENER_OPTIONS, readOpener } from '../openers.js'
import { homeExists, homeOf } from '../reach/socket.js'

export const init: Command = {
  name: 'init',
  summary: 'Make a home for your secrets on this machine',
  details: `Asks for a passphrase twice on a terminal. A lost passphrase or key file is lost data: nobody can open the
home without it; coffer recovery create makes a way back. A key file on the same disk protects nothing from whoever steals the disk. Name and email are the label
that members of your orgs will see; no mail is sent.`,
  options: [
    ...OPENER_OPTIONS,
    MEMORY_OPTION,
    { flags: '--name <NAME>', text: 'your name, as members see it' },
    { flags: '--email <EMAIL>', text: 'your email address, as members see it' },
    { flags: '--device-name <NAME>', text: "this device's name (the machine's)" },
  ],
  examples: [
    { line: 'coffer init', text: 'asks for a passphrase' },
    { line: 'coffer init --key-file ~/.coffer-key', text: 'makes the key file and uses it' },
    { line: 'coffer init --passphrase-fd 3 3< passphrase.txt', text: 'for scripts' },
  ],
  exits: ['exists'],
  async run(call, session) {
    const home = homeOf(session.io.env)
    // Before a passphrase is asked for: nobody should think of one in vain.
    if (homeExists(home)) {
      throw new CofferError('exists', `there is a coffer home at ${home} already`, {
        reason: 'home-exists',
        next: 'see coffer status',
      })
    }
    const open = await readOpener(session, call, { twice: true })
    const [name, email, device] = [call.text('name'), call.text('email'), call.text('device-name')]
    const result = await session.call(
      'init',
      {
        open,
        ...(name === undefined ? {} : { name }),
        ...(email === undefined ? {} : { email }),
        ...(device === undefined ? {} : { device }),
        ...memoryOf(call),
      },
      { create: true },
    )
    session.io.err(
      open.kind === 'passphrase'
        ? 'coffer: a lost passphrase is lost data: nobody can open this home without it.\n'
        : 'coffer: a lost key file is lost data: nobody can open this home without it.\n',
    )
    session.io.err('coffer: once there is a relay, coffer recovery create makes a way back.\n')
    session.show(result)
  },
}
