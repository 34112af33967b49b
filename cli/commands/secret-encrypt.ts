import { displayText } from '../../shared/display.js'
import { CofferError } from '../../shared/errors.js'
import type { Command } from '../command.js'
import { writeNewFile } from '../files/new-file.js'
import { recipientKeys } from '../pgp.js'

export const secretEncrypt: Command = {
  name: 'secret encrypt',
  summary: "Encrypt secrets to people's OpenPGP keys, for plain gpg",
  details: `One name: gpg --decrypt gives exactly its value, byte for byte. Several names, of one project: a JSON object,
which coffer import reads. Whoever has one of the keys reads them for good: a new value is theirs no more.`,
  args: [{ name: 'NAME…', required: true, many: true }],
  options: [
    { flags: '--to <FILE>', text: 'encrypt to this armored OpenPGP key', many: true },
    { flags: '-o, --output <FILE>', text: 'write a new file (0600) instead of stdout' },
  ],
  examples: [
    { line: 'coffer secret encrypt db/PASSWORD --to bob.asc', text: 'to be mailed' },
    { line: 'coffer secret encrypt A B --to bob.asc --to eve.asc -o for-them.asc', text: '' },
  ],
  stdout: 'OpenPGP message, without -o',
  exits: ['not-found', 'locked', 'refused', 'stale', 'exists', 'expired', 'limit'],
  async run(call, session) {
    const keys = await recipientKeys(call, session)
    if (keys.length === 0) {
      throw new CofferError('usage', 'nobody is named who shall open it', {
        reason: 'missing-option',
        next: 'give --to FILE, made with gpg --armor --export KEY',
      })
    }
    const output = call.text('output')
    const ask = () =>
      session.call('secretEncrypt', { context: session.context, names: call.args, keys })
    if (output === undefined || output === '-') {
      const result = await ask()
      return session.show(result, result.message)
    }
    const { pgp, warnings } = await writeNewFile(session.path(output), async (write) => {
      const result = await ask()
      write(result.message)
      return result
    })
    session.show({ file: session.path(output), pgp, warnings })
    session.say(`${displayText(output)} opens with gpg --decrypt`)
  },
}
