import { displayText, jsonText } from '../../shared/display.js'
import { CofferError } from '../../shared/errors.js'
import type { Call } from '../call.js'
import type { Command } from '../command.js'
import { columns, lines, parseDuration, shortId, showTime } from '../format.js'
import { writeNewFile } from '../files/new-file.js'
import { enrollRunner } from '../reach/runner-token.js'
import type { Session } from '../session.js'

// Machines that open what they are granted by name: CI jobs, connectors.

const LIFE = {
  flags: '--expires <TIME>',
  text: 'how long it is given what it is granted (90d)',
} as const
const OUT = { flags: '-o, --output <FILE>', text: 'a new file for the token, mode 0600' } as const

const lifeOf = (call: Call): number => parseDuration('--expires', call.text('expires') ?? '90d')

export const runnerCreate: Command = {
  name: 'runner create',
  summary: 'Make a runner of the project and print its token',
  details: `The key is made here: whoever sees the token can read what the runner is granted, now or later. It is printed
once and kept nowhere. For a key that never leaves the machine: runner invite. When the time is over nothing more is
given to it; what it has read it has read.`,
  args: [{ name: 'NAME', required: true }],
  options: [LIFE, OUT],
  examples: [
    {
      line: 'coffer runner create ci --expires 30d -o ci.token',
      text: 'on the machine: COFFER_TOKEN_FILE=ci.token coffer get NAME',
    },
  ],
  stdout: 'token; nothing with -o',
  exits: ['refused', 'exists', 'unreachable'],
  async run(call, session) {
    const file = call.text('output')
    const make = async (keep: (token: string) => void): Promise<void> => {
      const made = await session.call('runnerCreate', {
        context: session.context,
        name: call.args[0] ?? '',
        expires: lifeOf(call),
      })
      const { token, ...rest } = made
      keep(token)
      if (file === undefined) session.show(made, `${token}\n`)
      else session.show(rest)
      const { name, fingerprint, deviceId } = made.runner
      if (session.json) return
      session.io.err(
        `runner ${displayText(name)} ${fingerprint ?? shortId(deviceId)} until ${showTime(made.expiresAt)}: whoever sees the token can read what it is granted\n`,
      )
    }
    if (file === undefined) return make(() => undefined)
    await writeNewFile(session.path(file), (write) => make((token) => write(`${token}\n`)))
  },
}

export const runnerInvite: Command = {
  name: 'runner invite',
  summary: 'Print a code with which a machine makes its own key and joins as a runner',
  details: 'Nobody is let in before runner confirm. The key never leaves the machine.',
  args: [{ name: 'NAME', required: true }],
  options: [{ flags: '--expires <TIME>', text: 'how long the code counts (1h)' }],
  examples: [
    {
      line: 'coffer runner invite ci',
      text: 'then, on the machine: coffer runner enroll CODE -o FILE',
    },
  ],
  stdout: 'code',
  exits: ['refused', 'exists', 'unreachable'],
  async run(call, session) {
    const result = await session.call('runnerInvite', {
      context: session.context,
      name: call.args[0] ?? '',
      expires: parseDuration('--expires', call.text('expires') ?? '1h'),
    })
    session.show(result, `${result.code}\n`)
    session.say(`on the machine: coffer runner enroll ${result.code} -o FILE`)
  },
}

export const runnerEnroll: Command = {
  name: 'runner enroll',
  summary: "Make this machine's key, print its fingerprint, and wait to be let in",
  details: 'Needs no home. The file is the token; without it the runner is lost.',
  args: [{ name: 'CODE', required: true }],
  options: [
    { flags: '-o, --output <FILE>', text: 'a new file for the token, mode 0600 (required)' },
    { flags: '--timeout <TIME>', text: 'how long to wait (10m)' },
  ],
  examples: [{ line: 'coffer runner enroll CODE -o /run/ci.token', text: '' }],
  stdout: 'fingerprint: xxxx-xxxx-xxxx-xxxx',
  exits: ['tampering', 'exists', 'timed-out', 'expired', 'unreachable'],
  async run(call, session) {
    const timeout = parseDuration('--timeout', call.text('timeout') ?? '10m')
    const file = session.path(required(call.text('output')))
    await writeNewFile(file, async (write) => {
      const show = (fingerprint: string): void => showFingerprint(session, fingerprint)
      write(`${await enrollRunner(session.io, call.args[0] ?? '', timeout, show)}\n`)
    })
    session.say('let in')
  },
}

function showFingerprint(session: Session, fingerprint: string): void {
  session.io.out(session.json ? `${jsonText({ fingerprint })}\n` : `fingerprint: ${fingerprint}\n`)
  session.say(`on an admin's device: coffer runner confirm ${fingerprint}`)
}

function required(file: string | undefined): string {
  if (file !== undefined) return file
  throw new CofferError('usage', 'the file for the token is missing', {
    reason: 'no-output',
    next: 'write coffer runner enroll CODE -o FILE',
  })
}

export const runnerConfirm: Command = {
  name: 'runner confirm',
  summary: 'Let in the runner that shows this fingerprint',
  details: 'Read the fingerprint on the machine itself and type it in full: that is the consent.',
  args: [{ name: 'FINGERPRINT', required: true }],
  options: [LIFE],
  examples: [{ line: 'coffer runner confirm abcd-efgh-ijkl-mnop', text: '' }],
  exits: ['not-found', 'refused', 'unreachable', 'expired'],
  async run(call, session) {
    const result = await session.call('runnerConfirm', {
      context: session.context,
      fingerprint: call.args[0] ?? '',
      expires: lifeOf(call),
    })
    session.show(result)
    session.say(`let in: ${displayText(result.runner.name)} until ${showTime(result.expiresAt)}`)
  },
}

export const runnerGrant: Command = {
  name: 'runner grant',
  summary: 'Give a runner secrets by name, now and whenever they change',
  details: `Values that are there are stored again as they are, for the runner to open. A sealed one can't be given
afterwards: set it anew with --sealed. With --config: exactly what that configuration of a Fluvio connector uses, in
meta.secrets, in secret nodes and in templates.`,
  args: [
    { name: 'RUNNER', required: true },
    { name: 'NAME…', required: false, many: true },
  ],
  options: [
    { flags: '-c, --config <FILE>', text: 'what this connector configuration uses' },
    { flags: '-d, --dry-run', text: 'only list the names' },
  ],
  examples: [
    { line: 'coffer runner grant ci DEPLOY_KEY NPM_TOKEN', text: '' },
    { line: 'coffer runner grant connector --config connector.yaml', text: '' },
  ],
  stdout: 'with --dry-run: the names',
  exits: ['not-found', 'refused', 'conflict', 'format'],
  async run(call, session) {
    const [runner = ''] = call.args
    const { names, absent } = await grantNames(call, session)
    for (const name of absent) {
      if (session.json) break
      session.io.err(
        `not there yet: ${displayText(name)}: coffer fluvio secret set ${displayText(name)}\n`,
      )
    }
    if (call.flag('dry-run')) return session.show({ names, absent }, lines(names))
    const result = await session.call('runnerGrant', { context: session.context, runner, names })
    session.show({ ...result, absent })
    if (session.json) return
    for (const name of result.sealed) {
      session.io.err(
        `sealed already, not given: ${displayText(name)}: coffer set --sealed ${displayText(name)}\n`,
      )
    }
  },
}

type GrantNames = { readonly names: readonly string[]; readonly absent: readonly string[] }

/** The names typed, or those of a configuration, with those of them that the project hasn't got. */
async function grantNames(call: Call, session: Session): Promise<GrantNames> {
  const typed = call.args.slice(1)
  const file = call.text('config')
  if ((file === undefined) === (typed.length === 0)) {
    throw new CofferError(
      'usage',
      'name secrets, or a configuration that names them: one of both',
      {
        reason: 'no-names',
        next: 'write coffer runner grant RUNNER NAME, or coffer runner grant RUNNER --config FILE',
      },
    )
  }
  if (file === undefined) return { names: typed, absent: [] }
  const { readConfigFile, usedNames } = await import('../builds/connector.js')
  const { names, warnings } = await usedNames(file, readConfigFile(session, file).text)
  if (!session.json) session.warn(warnings)
  if (names.length === 0) {
    throw new CofferError('usage', `${displayText(file)} uses no secret`, {
      reason: 'no-names',
      next: 'see coffer connector check',
    })
  }
  const { secrets } = await session.call('secretList', { context: session.context })
  const there = new Set(secrets.map(({ name }) => name))
  return { names, absent: names.filter((name) => !there.has(name)) }
}

export const runnerLs: Command = {
  name: 'runner ls',
  also: ['runner list'],
  summary: "List the project's runners and what they are granted",
  examples: [{ line: 'coffer runner ls', text: '! marks what a runner was not given yet' }],
  stdout: 'name, fingerprint, end, names',
  exits: ['not-found'],
  async run(_call, session) {
    const result = await session.call('runnerList', { context: session.context })
    const rows = result.runners.map((one) => [
      one.name === '' ? shortId(one.deviceId) : one.name,
      one.fingerprint ?? shortId(one.deviceId),
      one.expiresAt === null
        ? ''
        : `${one.expired ? 'expired' : 'until'} ${showTime(one.expiresAt)}`,
      one.names.map((name) => (one.missing.includes(name) ? `!${name}` : name)).join(' '),
    ])
    session.show(result, columns(rows))
  },
}

export const runnerRevoke: Command = {
  name: 'runner revoke',
  summary: 'Take a runner out of the project',
  details: `It is given nothing more. What it has read it has read: the names are printed, so that the values can be changed
where they are used.`,
  args: [{ name: 'RUNNER', required: true }],
  examples: [{ line: 'coffer runner revoke ci', text: '' }],
  stdout: 'what it could read',
  exits: ['not-found', 'refused', 'unreachable'],
  async run({ args }, session) {
    const params = { context: session.context, runner: args[0] ?? '' }
    const result = await session.call('runnerRevoke', params)
    session.show(result, result.couldRead.map((name) => `${displayText(name)}\n`).join(''))
    if (result.couldRead.length > 0)
      session.say('it could read these: change them where they are used')
  },
}
