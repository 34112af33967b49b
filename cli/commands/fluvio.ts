import { Buffer } from 'node:buffer'
import { displayText } from '../../shared/display.js'
import { CofferError, hasCode } from '../../shared/errors.js'
import type { Context } from '../../shared/protocol/local-common.js'
import type { Result } from '../../shared/protocol/local.js'
import type { Command } from '../command.js'
import { columns, shortId, showTime } from '../format.js'
import { isSecretName } from '../interop/fluvio/names.js'
import type { Session } from '../session.js'
import { readValue } from '../files/values.js'

// `fluvio cloud secret`, spelt as its users know it. As there, what is stored is for connectors: no command shows it.

const named = (...words: readonly string[]): Pick<Command, 'name' | 'also'> => {
  const [first = '', ...others] = words.map((word) => `fluvio secret ${word}`)
  const cloud = words.flatMap((word) => [`fluvio cloud secret ${word}`, `cloud secret ${word}`])
  return { name: first, also: [...others, ...cloud] }
}

export const fluvioSet: Command = {
  ...named('set'),
  summary: 'Store a secret for connectors, sealed to the runners that are granted it',
  details: `Nobody but those runners opens it, you included: runner create makes one, runner grant RUNNER --config FILE
grants it what a connector uses. Without VALUE it is read from stdin, or asked for on a terminal; a value on the command
line is seen by shell history and process list. A name has letters, digits and _, and no digit first.`,
  args: [
    { name: 'NAME', required: true },
    { name: 'VALUE', required: false },
  ],
  options: [
    { flags: '-f, --file <FILE>', text: 'take the value from a file' },
    { flags: '-i, --stdin', text: 'take the value from stdin, whatever it is' },
    { flags: '--allow-empty', text: 'store an empty value if that is what comes' },
    { flags: '--to <RUNNER>', text: 'seal it to this runner (a name or fingerprint)', many: true },
    { flags: '--readable', text: 'for members of the project to read, too' },
  ],
  examples: [
    { line: 'printf %s "$KEY" | coffer fluvio secret set API_KEY', text: '' },
    { line: 'coffer cloud secret set API_KEY s3cr3t', text: 'as with fluvio' },
  ],
  stdout: 'Secret "NAME" set successfully',
  exits: ['not-found', 'locked', 'refused'],
  async run(call, session) {
    const [name = '', value] = call.args
    checkName(name)
    const to = call.list('to')
    const readable = call.flag('readable')
    if (readable && to.length > 0) {
      throw new CofferError('usage', '--to seals, and --readable does not', {
        reason: 'sealing',
        next: 'leave one of them out',
      })
    }
    const { context, runners } = await projectOf(session)
    const bytes = await readValue(session, {
      value,
      file: call.text('file'),
      stdin: call.flag('stdin'),
      allowEmpty: call.flag('allow-empty'),
    })
    const result = await session
      .call('secretSet', {
        context,
        name,
        value: Buffer.from(bytes).toString('base64'),
        ...(readable ? { unseal: true } : { seal: { to } }),
      })
      .catch((error: unknown) => {
        throw withNextStep(error, name, runners)
      })
    for (const one of result.sealedTo ?? []) {
      const shown = [displayText(one.name), one.fingerprint ?? shortId(one.deviceId)]
      if (!session.json) session.io.err(`sealed to ${shown.join(' ').trim()}\n`)
    }
    session.show(result, `Secret "${name}" set successfully\n`)
  },
}

export const fluvioList: Command = {
  ...named('list', 'ls'),
  summary: "List the project's secrets that connectors can use",
  details:
    'Those whose names Fluvio takes. Neither this nor any other command shows a sealed value.',
  examples: [{ line: 'coffer fluvio secret list', text: '' }],
  stdout: 'table of SecretNames, LastUpdate',
  exits: ['not-found', 'locked', 'stale'],
  async run(_call, session) {
    const { context } = await projectOf(session)
    const { vault, loading, secrets: all, warnings } = await session.call('secretList', { context })
    const secrets = all
      .filter(({ name }) => isSecretName(name))
      .map(({ name, at, sealed = false }) => ({ name, at, sealed }))
    const rows = secrets.map(({ name, at }) => [name, showTime(at)])
    const table = columns([['SecretNames', 'LastUpdate'], ...rows])
    session.show({ vault, loading, secrets, warnings }, table)
  },
}

export const fluvioDelete: Command = {
  ...named('delete', 'rm'),
  summary: 'Delete a secret of connectors',
  args: [{ name: 'NAME', required: true }],
  examples: [{ line: 'coffer fluvio secret delete API_KEY', text: '' }],
  exits: ['not-found', 'locked', 'refused'],
  async run({ args: [name = ''] }, session) {
    checkName(name)
    const { context } = await projectOf(session)
    session.show(await session.call('secretRemove', { context, names: [name] }))
  },
}

/** @throws CofferError `usage` (reason `bad-name`) */
function checkName(name: string): void {
  if (isSecretName(name)) return
  throw new CofferError('usage', `Fluvio takes no secret named '${displayText(name)}'`, {
    reason: 'bad-name',
    next: 'use letters, digits and _, and no digit first',
  })
}

type Project = {
  /** Org and project by name: what is selected may change meanwhile. */
  readonly context: Context
  readonly runners: Result<'runnerList'>['runners']
}

/** The selected project. @throws CofferError `usage` (reason `no-project`): a connector's secrets are never one's own */
async function projectOf(session: Session): Promise<Project> {
  const { vault, runners } = await session.call('runnerList', { context: session.context })
  const { org, project } = vault
  const names = org === undefined || project === undefined ? {} : { org, project }
  return { context: { ...session.context, ...names }, runners }
}

/** Says to whoever comes from Fluvio what a sealed secret needs first. */
function withNextStep(error: unknown, name: string, runners: Project['runners']): unknown {
  if (!hasCode(error, 'refused') || error.reason !== 'no-reader') return error
  const [first] = runners
  const runner = first === undefined ? 'connector' : first.name
  const grant = `coffer runner grant ${displayText(runner === '' ? 'RUNNER' : runner)} ${name}`
  const make = `coffer runner create ${runner} -o ${runner}.token, then `
  return new CofferError('refused', error.message, {
    reason: 'no-reader',
    next: `first ${first === undefined ? make : ''}${grant}`,
    cause: error,
  })
}
