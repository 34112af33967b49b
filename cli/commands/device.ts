import { displayText } from '../../shared/display.js'
import type { Result } from '../../shared/protocol/local.js'
import type { Warning } from '../../shared/protocol/local-common.js'
import type { Call } from '../call.js'
import type { Command } from '../command.js'
import { columns, parseDuration, shortId, showTime } from '../format.js'
import { CONFIRM_OPTIONS, consentOf, INVITE_OPTIONS, pgpOf } from '../pgp.js'
import type { Session } from '../session.js'

export const deviceAdd: Command = {
  name: 'device add',
  summary: 'Print a code with which another device of yours joins',
  details: 'Whoever has the code can ask to be let in; nobody is let in before device confirm.',
  options: [
    { flags: '--expires <TIME>', text: 'how long the code counts (1h)' },
    ...INVITE_OPTIONS,
  ],
  examples: [
    { line: 'coffer device add', text: 'then, on the other machine: coffer join CODE' },
    { line: 'coffer device add --pgp-key me.asc > invite.asc', text: 'only that key opens it' },
  ],
  stdout: 'code, or OpenPGP message',
  exits: ['unreachable', 'refused', 'expired'],
  async run(call, session) {
    const expires = parseDuration('--expires', call.text('expires') ?? '1h')
    const { context } = session
    const pgp = await pgpOf(call, session)
    if (pgp !== undefined) {
      const sealed = await session.call('deviceInvite', { context, expires, pgp })
      session.show(sealed, sealed.message)
      session.say(`only the OpenPGP key ${sealed.pgp} opens it`)
      return
    }
    const result = await session.call('deviceAdd', { context, expires })
    session.show(result, `${result.code}\n`)
    session.say(`on the other device: coffer join ${result.code}`)
  },
}

type Device = Result<'deviceList'>['devices'][number]

function inUseTwice({ deviceId }: Device): Warning {
  const id = shortId(deviceId)
  const what = `${id} signed a number twice: a copy of it is at work, or its disk was put back`
  return {
    code: 'equivocation',
    message: `${what}; take it out of use: coffer device revoke ${id}`,
  }
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
      one.pgp === undefined ? one.name : `${one.name}, by OpenPGP key ${shortId(one.pgp)}`,
    ])
    session.show(result, columns(rows))
    // In JSON it stands in the value.
    if (!session.json) session.warn(result.devices.filter(({ doubled }) => doubled).map(inUseTwice))
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
  details: `Read the fingerprint on the other device itself and type it in full: that is the consent. Where the code went by
OpenPGP, a reply signed by that key stands for it.`,
  args: [{ name: 'FINGERPRINT', required: false }],
  options: CONFIRM_OPTIONS,
  examples: [
    { line: 'coffer device confirm abcd-efgh-ijkl-mnop', text: '' },
    { line: 'coffer device confirm --pgp-reply reply.asc --pgp-key me.asc', text: '' },
  ],
  exits: ['not-found', 'refused', 'unreachable', 'expired', 'tampering'],
  async run(call, session) {
    const result = await confirm(call, session)
    session.show(result)
    session.say(result.name === '' ? 'let in' : `let in: ${displayText(result.name)}`)
  },
}

async function confirm(call: Call, session: Session): Promise<Result<'deviceConfirm'>> {
  const { context } = session
  const consent = await consentOf(call, session)
  return 'reply' in consent
    ? session.call('deviceConfirmReply', { context, ...consent })
    : session.call('deviceConfirm', { context, ...consent })
}
