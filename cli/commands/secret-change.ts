import { Buffer } from 'node:buffer'
import { CofferError } from '../../shared/errors.js'
import type { Command } from '../command.js'
import { LIMITS } from '../../shared/limits.js'

export const secretRm: Command = {
  name: 'secret rm',
  also: ['rm'],
  summary: 'Delete secrets (rollback brings them back)',
  args: [{ name: 'PATH…', required: true, many: true }],
  examples: [{ line: 'coffer rm db/PASSWORD', text: '' }],
  exits: ['not-found', 'locked', 'refused'],
  async run({ args }, session) {
    session.show(await session.call('secretRemove', { context: session.context, names: args }))
  },
}

export const secretMv: Command = {
  name: 'secret mv',
  also: ['mv'],
  summary: 'Rename a secret, or move it to another project',
  args: [
    { name: 'FROM', required: true },
    { name: 'TO', required: true },
  ],
  options: [{ flags: '-f, --force', text: 'over a secret that is there' }],
  examples: [{ line: 'coffer mv PASSWORD db/PASSWORD', text: '' }],
  exits: ['not-found', 'locked', 'refused', 'exists'],
  async run(call, session) {
    const [from = '', to = ''] = call.args
    const params = { context: session.context, from, to, force: call.flag('force') }
    session.show(await session.call('secretMove', params))
  },
}

export const secretRollback: Command = {
  name: 'secret rollback',
  also: ['rollback'],
  summary: "Store an older version's value again, as a new version",
  args: [
    { name: 'PATH', required: true },
    { name: 'VERSION', required: true },
  ],
  examples: [
    { line: 'coffer rollback API_TOKEN 3', text: 'the number, or the id, of coffer history' },
  ],
  exits: ['not-found', 'locked', 'refused'],
  async run({ args }, session) {
    const [name = '', version = ''] = args
    session.show(await session.call('secretRollback', { context: session.context, name, version }))
  },
}

const CHARSETS = ['alnum', 'hex', 'digits', 'symbols', 'base64url'] as const

export const secretGenerate: Command = {
  name: 'secret generate',
  also: ['generate'],
  summary: 'Store a random value',
  details: `Character sets: ${CHARSETS.join(', ')}. The value is made in the daemon and shown only with --print.`,
  args: [{ name: 'PATH', required: true }],
  options: [
    { flags: '--length <N>', text: 'characters (32)' },
    { flags: '--charset <SET>', text: 'which characters (alnum)' },
    { flags: '-f, --force', text: 'over a secret that is there' },
    { flags: '--print', text: 'print the value' },
  ],
  examples: [{ line: 'coffer generate db/PASSWORD --length 40', text: '' }],
  stdout: 'value with --print',
  exits: ['exists', 'locked', 'refused'],
  async run(call, session) {
    const typed = call.text('length') ?? '32'
    const length = /^[0-9]{1,4}$/.test(typed) ? Number(typed) : 0
    const charset = CHARSETS.find((one) => one === (call.text('charset') ?? 'alnum'))
    if (length < 1 || length > LIMITS.generated) {
      throw new CofferError('usage', `--length takes 1 to ${LIMITS.generated}`, {
        reason: 'bad-length',
      })
    }
    if (charset === undefined) {
      throw new CofferError('usage', `--charset takes ${CHARSETS.join(', ')}`, {
        reason: 'bad-charset',
      })
    }
    const result = await session.call('secretGenerate', {
      context: session.context,
      name: call.args[0] ?? '',
      length,
      charset,
      force: call.flag('force'),
      reveal: call.flag('print'),
    })
    const { value, ...rest } = result
    const text = value === undefined ? undefined : Buffer.from(value, 'base64').toString()
    session.show(
      text === undefined ? rest : { ...rest, value: text },
      text === undefined ? '' : `${text}\n`,
    )
  },
}
