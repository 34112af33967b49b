import { displayText } from '../../shared/display.js'
import { CofferError } from '../../shared/errors.js'
import { WRITERS, type ExportFormat } from '../interop/writers.js'
import type { Command } from '../command.js'
import { DEMAND_OPTIONS, demandsOf } from '../demands.js'
import { readMany } from '../read-many.js'

const FORMATS = Object.keys(WRITERS).join(', ')

export const exportCommand: Command = {
  name: 'export',
  summary: 'Print secrets in the format of another program',
  details: `All secrets of the project, or those that are named. A format that can't hold a value refuses it by name, and
nothing is printed. Sealed secrets are left out, and named on stderr.`,
  args: [{ name: 'NAME…', required: false, many: true }],
  options: [
    { flags: '--format <FORMAT>', text: `one of ${FORMATS}; dotenv without it` },
    { flags: '--name <NAME>', text: 'with k8s: the name of the Secret' },
    { flags: '--namespace <NAME>', text: 'with k8s: its namespace' },
    { flags: '--strict', text: 'fail where two values were written apart' },
    ...DEMAND_OPTIONS,
  ],
  examples: [
    { line: 'coffer export > .env', text: '' },
    { line: 'coffer export --format k8s --name app | kubectl apply -f -', text: '' },
    { line: 'coffer export --format json DATABASE_URL API_KEY', text: '' },
  ],
  stdout: 'the file',
  exits: ['not-found', 'locked', 'stale', 'conflict', 'unreachable', 'tampering'],
  runner: true,
  async run(call, session) {
    const format = checkFormat(call.text('format') ?? 'dotenv')
    const options = { name: call.text('name'), namespace: call.text('namespace') }
    const { secrets, missing, sealed } = await readMany(session, {
      ...(call.args.length === 0 ? {} : { names: [...call.args] }),
      ...(call.flag('strict') ? { strict: true } : {}),
      ...demandsOf(call),
    })
    const [absent] = missing
    if (absent !== undefined) {
      throw new CofferError('not-found', absent.message, {
        reason: 'no-secret',
        next: 'see coffer ls',
      })
    }
    if (sealed.length > 0) {
      const names = sealed.map(displayText).join(', ')
      session.warn([{ code: 'sealed', message: `left out, since they are sealed: ${names}` }])
    }
    session.io.out(WRITERS[format](secrets, options))
  },
}

function checkFormat(typed: string): ExportFormat {
  if (isFormat(typed)) return typed
  throw new CofferError('usage', `--format takes one of ${FORMATS}`, { reason: 'bad-format' })
}

function isFormat(word: string): word is ExportFormat {
  return Object.hasOwn(WRITERS, word)
}
