import type { Call } from '../call.js'
import type { Command } from '../command.js'
import { DEMAND_OPTIONS, demandWords } from '../demands.js'
import { forward } from '../forward.js'

// get and ls: the daemon answers their plain form, the same that the short way asks for.

export const secretGet: Command = {
  name: 'secret get',
  also: ['get'],
  summary: 'Print a value',
  details:
    'Adds one newline; -n gives exactly the bytes. Where a secret has two values written apart, one is served, the same everywhere, and a warning says so.',
  args: [{ name: 'PATH', required: true }],
  options: [
    { flags: '-n, --raw', text: 'exactly the bytes, no newline' },
    { flags: '--version <VERSION>', text: 'an older version: its number or id of coffer history' },
    { flags: '--strict', text: 'fail where two values were written apart' },
    ...DEMAND_OPTIONS,
  ],
  examples: [
    { line: 'coffer get API_TOKEN', text: '' },
    { line: 'coffer get -n deploy/KEY > key.pem', text: 'a file, byte for byte' },
    { line: 'coffer get coffer://acme/web/db/PASSWORD', text: 'whatever is selected' },
    { line: 'coffer get --max-age 24h API_TOKEN', text: 'or exit 24' },
  ],
  stdout: 'value',
  exits: [
    'not-found',
    'locked',
    'cannot-decrypt',
    'refused',
    'stale',
    'conflict',
    'unreachable',
    'tampering',
    'expired',
  ],
  run: async (call, session) => {
    await forward(session, 'get', [
      ...selection(call),
      ...(call.flag('raw') ? ['--raw'] : []),
      ...demandWords(call),
      ...valued(call, 'version'),
      '--',
      ...call.args,
    ])
  },
}

export const secretLs: Command = {
  name: 'secret ls',
  also: ['ls', 'secret list', 'list'],
  summary: 'List names',
  args: [{ name: 'PATH', required: false }],
  options: [
    { flags: '-l, --long', text: 'with the time of the last change, and what is sealed' },
    { flags: '--strict', text: 'with --require-lock: fail where this device is behind the lock' },
    ...DEMAND_OPTIONS,
  ],
  examples: [
    { line: 'coffer ls', text: 'the selected project, or your own secrets' },
    { line: 'coffer ls /user', text: 'your own secrets' },
    { line: 'coffer ls db', text: 'what is below db' },
    { line: 'coffer ls -l', text: 'names and when they were last set' },
  ],
  stdout: 'names',
  exits: ['not-found', 'locked', 'stale', 'unreachable', 'tampering'],
  run: async (call, session) => {
    await forward(session, 'ls', [
      ...selection(call),
      ...(call.flag('long') ? ['--long'] : []),
      ...demandWords(call),
      '--',
      ...call.args,
    ])
  },
}

/** The options of every plain command, written out again. */
export function selection(call: Call): string[] {
  return [
    ...valued(call, 'org'),
    ...valued(call, 'project'),
    ...(call.flag('json') ? ['--json'] : []),
    ...(call.flag('offline') ? ['--offline'] : []),
  ]
}

function valued(call: Call, option: string): string[] {
  const value = call.text(option)
  return value === undefined ? [] : [`--${option}=${value}`]
}
