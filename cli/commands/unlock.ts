import type { Call } from '../call.js'
import type { Command } from '../command.js'
import { touchHookStamp } from '../shell/hook-stamp.js'
import { givenOpener, OPENER_OPTIONS, readOpener } from '../openers.js'
import type { Session } from '../session.js'

export const unlock: Command = {
  name: 'unlock',
  summary: 'Open the home until it is locked again',
  details:
    'Without flags: by the key file, if the home has one, else by a passphrase asked for on the terminal.',
  options: OPENER_OPTIONS,
  examples: [
    { line: 'coffer unlock', text: 'asks for the passphrase' },
    { line: 'coffer unlock --passphrase-fd 3 3< passphrase.txt', text: 'for scripts' },
  ],
  exits: ['cannot-decrypt'],
  async run(call, session) {
    await openHome(call, session)
    touchHookStamp(session.io.env)
  },
}

async function openHome(call: Call, session: Session): Promise<void> {
  const given = givenOpener(session, call)
  if (given !== undefined) return session.show(await session.call('unlock', { open: given }))
  const status = await session.call('status', { context: session.context })
  if (status.state !== 'locked' || status.opener === 'key-file') {
    return session.show(await session.call('unlock', {}))
  }
  const open = await readOpener(session, call, { twice: false })
  session.show(await session.call('unlock', { open }))
}
