import type { Command } from '../command.js'
import { MEMORY_OPTION, memoryOf, OPENER_OPTIONS, readOpener } from '../openers.js'

export const passphraseChange: Command = {
  name: 'passphrase change',
  summary: 'Open the home by another passphrase or key file from now on',
  options: [
    ...OPENER_OPTIONS,
    { flags: '--new-key-file <FILE>', text: 'the new key file; it is made' },
    { flags: '--new-passphrase-fd <N>', text: 'read the new passphrase from this descriptor' },
    MEMORY_OPTION,
  ],
  examples: [
    { line: 'coffer passphrase change', text: 'asks for the old one, and twice for the new one' },
    {
      line: 'coffer passphrase change --passphrase-fd 3 --new-passphrase-fd 4 3< old 4< new',
      text: 'for scripts',
    },
  ],
  exits: ['cannot-decrypt', 'exists'],
  async run(call, session) {
    const current = await readOpener(session, call, { twice: false, question: 'old passphrase: ' })
    const next = await readOpener(session, call, {
      prefix: 'new-',
      twice: true,
      question: 'new passphrase: ',
    })
    session.show(await session.call('passphraseChange', { current, next, ...memoryOf(call) }))
  },
}
