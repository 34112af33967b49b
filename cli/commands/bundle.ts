import { displayText } from '../../shared/display.js'
import { CofferError } from '../../shared/errors.js'
import type { Call } from '../call.js'
import type { Command } from '../command.js'
import { parseDuration, showTime } from '../format.js'
import { forward } from '../forward.js'

// Files from which a runner reads its secrets with no relay: on a builder that has no network.

const MAX_AGE = {
  flags: '--max-age <TIME>',
  text: 'fail where the bundle was made longer ago',
} as const
const READS = [
  'not-found',
  'locked',
  'cannot-decrypt',
  'refused',
  'stale',
  'tampering',
  'expired',
] as const

export const bundleCreate: Command = {
  name: 'bundle create',
  summary: 'Write a file from which a runner reads its secrets with no relay',
  details: `It holds what the runner is granted, as it is now, encrypted for that runner and signed by this device: whoever
carries it can't read it, nor change it unseen. Nothing but the runner's token opens it: COFFER_BUNDLE=FILE makes get, ls,
run, export, inject and build read it, or use bundle get and bundle run.`,
  options: [
    { flags: '--for <RUNNER>', text: 'whose it is (required)' },
    { flags: '--only <A,B>', text: 'only these secrets, and all of them', many: true },
    { flags: '--expires <TIME>', text: 'how long it is read (7d)' },
    { flags: '-o, --output <FILE>', text: 'a new file for it (required)' },
  ],
  examples: [
    { line: 'coffer bundle create --for ci -o ci.bundle', text: '' },
    {
      line: 'coffer bundle create --for ci --only NPM_TOKEN --expires 12h -o npm.bundle',
      text: '',
    },
  ],
  exits: ['not-found', 'locked', 'refused', 'stale', 'exists', 'expired'],
  async run(call, session) {
    const only = call.list('only').flatMap((one) => one.split(','))
    const result = await session.call('bundleCreate', {
      context: session.context,
      runner: given(call, 'for', 'RUNNER'),
      ...(only.length === 0 ? {} : { only }),
      expires: parseDuration('--expires', call.text('expires') ?? '7d'),
      file: session.path(given(call, 'output', 'FILE')),
    })
    session.show(result)
    const { names, expiresAt, runner } = result
    const count = names.length === 1 ? '1 secret' : `${names.length} secrets`
    session.say(`${count} for ${displayText(runner.name)}, until ${showTime(expiresAt)}`)
  },
}

export const bundleGet: Command = {
  name: 'bundle get',
  summary: 'Print a value of a bundle',
  details:
    "Needs the runner's token (COFFER_TOKEN_FILE), and nothing else: no home, no daemon, no relay.",
  args: [
    { name: 'FILE', required: true },
    { name: 'NAME', required: true },
  ],
  options: [{ flags: '-n, --raw', text: 'exactly the bytes, no newline' }, MAX_AGE],
  examples: [
    { line: 'COFFER_TOKEN_FILE=ci.token coffer bundle get ci.bundle DEPLOY_KEY', text: '' },
  ],
  stdout: 'value',
  exits: READS,
  run: async (call, session) => {
    await forward(
      session,
      'get',
      [...raw(call), ...aged(call), ...json(call), '--', call.args[1] ?? ''],
      call.args[0],
    )
  },
}

export const bundleLs: Command = {
  name: 'bundle ls',
  summary: 'List the names in a bundle',
  args: [{ name: 'FILE', required: true }],
  options: [{ flags: '-l, --long', text: 'with the time of the last change' }, MAX_AGE],
  examples: [{ line: 'COFFER_TOKEN_FILE=ci.token coffer bundle ls ci.bundle', text: '' }],
  stdout: 'names',
  exits: READS,
  run: async (call, session) => {
    await forward(
      session,
      'ls',
      [...(call.flag('long') ? ['--long'] : []), ...aged(call), ...json(call)],
      call.args[0],
    )
  },
}

export const bundleRun: Command = {
  name: 'bundle run',
  summary: 'Run a command with the secrets of a bundle as its variables',
  details:
    'As run does. Its options stand before FILE; for all of them say COFFER_BUNDLE=FILE coffer run.',
  args: [
    { name: 'FILE', required: true },
    { name: 'COMMAND…', required: true, many: true },
  ],
  options: [
    { flags: '--only <A,B>', text: 'only these secrets, and all of them', many: true },
    { flags: '--preserve-env', text: 'variables that are set already win' },
    MAX_AGE,
  ],
  examples: [
    { line: 'COFFER_TOKEN_FILE=ci.token coffer bundle run ci.bundle -- ./deploy.sh', text: '' },
  ],
  stdout: "the child's",
  exits: READS,
  verbatim: true,
  run: async (call, session) => {
    const [file, ...rest] = call.args
    const command = rest[0] === '--' ? rest.slice(1) : rest
    if (command.length === 0) throw noCommand()
    const words = [
      ...call.list('only').map((one) => `--only=${one}`),
      ...(call.flag('preserve-env') ? ['--preserve-env'] : []),
      ...aged(call),
    ]
    await forward(session, 'run', [...words, '--', ...command], file)
  },
}

const raw = (call: Call): string[] => (call.flag('raw') ? ['--raw'] : [])
const json = (call: Call): string[] => (call.flag('json') ? ['--json'] : [])

function aged(call: Call): string[] {
  const maxAge = call.text('max-age')
  return maxAge === undefined ? [] : [`--max-age=${maxAge}`]
}

function given(call: Call, option: string, what: string): string {
  const value = call.text(option) ?? ''
  if (value !== '') return value
  throw new CofferError('usage', `bundle create needs --${option} ${what}`, {
    reason: 'missing-option',
    next: 'see coffer bundle create --help',
  })
}

function noCommand(): CofferError {
  return new CofferError('usage', 'there is no command to run', {
    reason: 'no-command',
    next: 'write it behind the file: coffer bundle run FILE -- COMMAND',
  })
}
