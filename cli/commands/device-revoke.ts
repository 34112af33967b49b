import { displayText } from '../../shared/display.js'
import type { Command } from '../command.js'
import { lines, shortId } from '../format.js'
import { consent } from '../prompt.js'

export const deviceRevoke: Command = {
  name: 'device revoke',
  also: ['device rm'],
  summary: 'Shut a device of yours out, and those that it brought in',
  details:
    'From then on it opens nothing new. What it has read, it has read: the list on stdout names what to change where it is used.',
  args: [{ name: 'DEVICE', required: true }],
  options: [
    {
      flags: '--keep <DEVICE>',
      text: 'leave this one in, though it came by the other',
      many: true,
    },
    { flags: '-y, --yes', text: "don't ask" },
  ],
  examples: [
    { line: 'coffer device revoke -y laptop', text: 'by its name, or six digits of its id' },
    { line: 'coffer device revoke phone --keep tablet > to-rotate', text: '' },
  ],
  stdout: 'what it could read, a reference a line',
  exits: ['not-found', 'refused', 'unreachable'],
  async run(call, session) {
    const device = call.args[0] ?? ''
    const question = `shut '${displayText(device)}' out of all your vaults?`
    await consent(session.io, call, 'revoking a device', question)
    const params = { context: session.context, device, keep: call.list('keep') }
    const result = await session.call('deviceRevoke', params)
    session.show(result, lines(result.rotate))
    const names = result.devices.map(({ deviceId, name }) =>
      name === '' ? shortId(deviceId) : displayText(name),
    )
    session.say(`shut out of ${result.vaults} vaults: ${names.join(', ')}`)
    if (result.rotate.length > 0) {
      session.say(`it could read ${result.rotate.length} secrets: change them where they are used`)
    }
  },
}
