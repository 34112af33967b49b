import { displayText } from '../../shared/display.js'
import { CofferError } from '../../shared/errors.js'
import { LEVELS } from '../../shared/log/levels.js'
import type { Command } from '../command.js'
import { columns, parseDuration, showTime } from '../format.js'
import { CONFIRM_OPTIONS, consentOf, INVITE_OPTIONS, pgpOf } from '../pgp.js'
import { parseLevel, PERMISSION } from '../people.js'

export const orgInvite: Command = {
  name: 'org invite',
  summary: 'Print a code with which a person joins the org',
  details: `No mail is sent: give the code to the person yourself. Whoever has it can ask to be let in; nobody is let in
before coffer org invite confirm. read: sees which projects there are; read+secrets: reads; write: writes, too;
admin: manages those below admin; owner: everybody.`,
  args: [{ name: 'EMAIL', required: true }],
  options: [
    PERMISSION,
    { flags: '--name <NAME>', text: "the person's name, as members will see it" },
    { flags: '--expires <TIME>', text: 'how long the code counts (7d)' },
    ...INVITE_OPTIONS,
  ],
  examples: [
    {
      line: 'coffer org invite bob@example.org --permission write',
      text: 'then, on their machine: coffer join CODE',
    },
    {
      line: 'coffer org invite bob@example.org --permission write --pgp-key bob.asc --sign-with me.key > invite.asc',
      text: 'only that key opens it',
    },
  ],
  stdout: 'code, or OpenPGP message',
  exits: ['exists', 'refused', 'unreachable'],
  async run(call, session) {
    const typed = call.text('permission')
    if (typed === undefined) {
      throw new CofferError('usage', 'an invite needs a level', {
        reason: 'bad-level',
        next: `give --permission and one of ${LEVELS.join(', ')}`,
      })
    }
    const name = call.text('name')
    const params = {
      context: session.context,
      email: call.args[0] ?? '',
      level: parseLevel(typed),
      expires: parseDuration('--expires', call.text('expires') ?? '7d'),
      ...(name === undefined ? {} : { name }),
    }
    const pgp = await pgpOf(call, session)
    if (pgp !== undefined) {
      const sealed = await session.call('orgInvitePgp', { ...params, pgp })
      session.show(sealed, sealed.message)
      session.say(`only the OpenPGP key ${sealed.pgp} opens it`)
      return
    }
    const result = await session.call('orgInvite', params)
    session.show(result, `${result.code}\n`)
    session.say(`on their machine, in a home of theirs: coffer join ${result.code}`)
  },
}

export const orgInviteLs: Command = {
  name: 'org invite ls',
  also: ['org invite list'],
  summary: 'List the invites that nobody has used yet',
  examples: [{ line: 'coffer org invite ls', text: 'address, level, end, key' }],
  stdout: 'invites',
  exits: ['refused'],
  async run(_call, session) {
    const result = await session.call('orgInviteList', { context: session.context })
    const rows = result.invites.map(({ email, level, expiresAt, expired, key }) => [
      email,
      level,
      `${expired ? 'expired' : 'until'} ${showTime(expiresAt)}`,
      key,
    ])
    session.show(result, columns(rows))
  },
}

export const orgInviteRevoke: Command = {
  name: 'org invite revoke',
  also: ['org invite rm'],
  summary: 'Take an invite back',
  args: [{ name: 'EMAIL|KEY', required: true }],
  examples: [{ line: 'coffer org invite revoke bob@example.org', text: '' }],
  exits: ['not-found', 'refused', 'unreachable'],
  async run({ args }, session) {
    const params = { context: session.context, invite: args[0] ?? '' }
    session.show(await session.call('orgInviteRevoke', params))
  },
}

export const orgInviteRequests: Command = {
  name: 'org invite requests',
  summary: 'List the people who wait to be let into an org',
  examples: [{ line: 'coffer org invite requests', text: 'to compare with what they read to you' }],
  stdout: 'fingerprint, org, address, level, name',
  async run(_call, session) {
    const result = await session.call('orgInviteRequests', { context: session.context })
    const rows = result.requests.map(({ fingerprint, org, email, level, name, expired }) => [
      fingerprint,
      org,
      email,
      expired ? `${level}, expired` : level,
      name,
    ])
    session.show(result, columns(rows))
  },
}

export const orgInviteConfirm: Command = {
  name: 'org invite confirm',
  summary: 'Let in the person whose device shows this fingerprint',
  details: `Have the person read the fingerprint to you, by a way that you trust, and type it in full: that is the consent.
Nothing secret leaves before. Where the code went by OpenPGP, a reply signed by that key stands for the fingerprint.`,
  args: [{ name: 'FINGERPRINT', required: false }],
  options: CONFIRM_OPTIONS,
  examples: [
    { line: 'coffer org invite confirm abcd-efgh-ijkl-mnop', text: '' },
    { line: 'coffer org invite confirm --pgp-reply reply.asc --pgp-key bob.asc', text: '' },
  ],
  exits: ['not-found', 'refused', 'unreachable', 'expired', 'tampering'],
  async run(call, session) {
    const { context } = session
    const consent = await consentOf(call, session)
    const result = await ('reply' in consent
      ? session.call('orgInviteConfirmReply', { context, ...consent })
      : session.call('orgInviteConfirm', { context, ...consent }))
    session.show(result)
    const who = displayText([result.name, result.email].filter(Boolean).join(' '))
    session.say(`let into ${displayText(result.org)}: ${who} (${result.level})`)
  },
}
