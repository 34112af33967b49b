import { displayText } from '../../shared/display.js'
import type { Command } from '../command.js'
import { columns, parseDuration, shortId, showTime } from '../format.js'

export const deviceAdd: Command = {
  name: 'device add',
  summary: 'Print a code with which another device of yours joins',
  details: 'Whoever has the code can ask to be let in; nobody is let in before device confirm.',
  options: [{ flags: '--expires <TIME>', text: 'how long the code counts (1h)' }],
  examples: [{ line: 'coffer device add', text: 'then, on the other machine: coffer join CODE' }],
  stdout: 'code',
  exits: ['unreachable'],
  async run(call, session) {
    const expires = parseDuration('--expires', call.text('expires') ?? '1h')
    const result = await session.call('deviceAdd', { context: session.context, expires })
    session.show(result, `${result.code}\n`)
    session.say(`on the other device: coffer join ${result.code}`)
  },
}

export const deviceLs: Command = {
  name: 'device ls',
  also: ['device list'],
  summary: 'List your devices',
  examples: [{ line: 'coffer device ls', text: '' }],
  stdout: 'devices',
  async run(_call, session) {
    const result = await session.call('deviceList', { context: session.context })
    const rows = result.devices.map((one) => [
      shortId(one.deviceId),
      `since ${showTime(one.addedAt)}`,
      one.self
        ? 'this device'
        : one.recovery
          ? 'recovery device'
          : one.seenAt === null
            ? 'not seen yet'
            : `seen ${showTime(one.seenAt)}`,
      one.name,
    ])
    session.show(result, columns(rows))
  },
}

export const deviceRequests: Command = {
  name: 'device requests',
  summary: 'List the devices that wait to be let in',
  examples: [{ line: 'coffer device requests', text: 'to compare with what they show' }],
  stdout: 'fingerprint, time',
  async run(_call, session) {
    const result = await session.call('deviceRequests', { context: session.context })
    const rows = result.requests.map(({ fingerprint, at, expired }) => [
      fingerprint,
      `since ${showTime(at)}${expired ? ', expired' : ''}`,
    ])
    session.show(result, columns(rows))
  },
}

export const deviceConfirm: Command = {
  name: 'device confirm',
  summary: 'Let in the device that shows this fingerprint',
  details:
    'Read the fingerprint on the other device itself and type it in full: that is the consent.',
  args: [{ name: 'FINGERPRINT', required: true }],
  examples: [{ line: 'coffer device confirm abcd-efgh-ijkl-mnop', text: '' }],
  exits: ['not-found', 'refused', 'unreachable', 'expired'],
  async run({ args }, session) {
    const result = await session.call('deviceConfirm', {
      context: session.context,
      fingerprint: args[0] ?? '',
    })
    session.show(result)
    session.say(result.name === '' ? 'let in' : `let in: ${displayText(result.name)}`)
  },
}
