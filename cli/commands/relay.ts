import type { Command } from '../command.js'
import { CofferError } from '../../shared/errors.js'

export const relaySet: Command = {
  name: 'relay set',
  summary: "Choose the home's relay and upload the vaults that have none",
  args: [{ name: 'URL', required: true }],
  options: [
    { flags: '--relay-key <KEY>', text: 'its public key, as the relay prints it at its start' },
    { flags: '--ca <FILE>', text: "a certificate to trust besides the system's" },
    {
      flags: '--registration-file <FILE>',
      text: 'holds the token that the relay asks newcomers for',
    },
  ],
  examples: [
    {
      line: 'coffer relay set wss://relay.example.org --relay-key 4f…e1',
      text: 'from now on devices meet there',
    },
  ],
  exits: ['unreachable', 'tampering', 'relay-refused'],
  async run(call, session) {
    const key = call.text('relay-key')
    if (key === undefined) {
      throw new CofferError('usage', '--relay-key KEY is needed', {
        reason: 'missing-flag',
        next: 'copy it from the line that the relay printed at its start',
      })
    }
    const [ca, registration] = [call.text('ca'), call.text('registration-file')]
    const result = await session.call('relaySet', {
      context: session.context,
      url: call.args[0] ?? '',
      key,
      ...(ca === undefined ? {} : { ca: session.path(ca) }),
      ...(registration === undefined ? {} : { registrationFile: session.path(registration) }),
    })
    session.show(result)
  },
}
