import { Buffer } from 'node:buffer'
import { displayText } from '../../shared/display.js'
import { CofferError } from '../../shared/errors.js'
import { LIMITS } from '../../shared/limits.js'
import type { Call } from '../call.js'
import type { Command } from '../command.js'
import { DEMAND_OPTIONS, demandsOf } from '../demands.js'
import { lines } from '../format.js'
import { fillTemplate, readTemplate, type Template } from '../interop/template.js'
import { replaceFile } from '../files/new-file.js'
import { readMany } from '../files/read-many.js'
import type { Session } from '../session.js'
import { readInputFile } from '../files/values.js'

export const inject: Command = {
  name: 'inject',
  summary: 'Fill a template with secrets',
  details: `{{ coffer NAME }}, {{ coffer /user/NAME }} and {{ coffer://ORG/PROJECT/NAME }} become the value, byte for byte. Where quotes
or escapes are needed say how: {{ coffer NAME | json }}, yaml, shell, url, base64 or hex. \\{{ coffer keeps the braces; all
else is left as it is, other programs' {{ }} too. One secret that is missing, and nothing is written. A template may name
whatever you can read: see with --list what one of others asks for.`,
  args: [{ name: 'FILE', required: false }],
  options: [
    { flags: '-o, --out <FILE>', text: 'into this file (mode 0600) instead of stdout' },
    { flags: '--force', text: 'replace the file that --out names' },
    { flags: '--list', text: 'only tell which secrets the template names' },
    { flags: '--strict', text: 'fail where two values were written apart' },
    ...DEMAND_OPTIONS,
  ],
  examples: [
    { line: 'coffer inject config.tmpl.yaml -o config.yaml', text: '' },
    { line: "echo 'token: {{ coffer API_TOKEN | yaml }}' | coffer inject", text: '' },
    { line: 'coffer inject --list config.tmpl.yaml', text: '' },
  ],
  stdout: 'the filled template',
  exits: [
    'not-found',
    'locked',
    'refused',
    'stale',
    'conflict',
    'unreachable',
    'tampering',
    'exists',
    'limit',
  ],
  runner: true,
  async run(call, session) {
    const file = call.args[0] ?? '-'
    const bytes = await readInputFile(session, file, LIMITS.template)
    const template = readTemplate(Buffer.from(bytes))
    const names = [...new Set(template.slots.map(({ reference }) => reference))]
    if (call.flag('list')) return session.show({ names }, lines(names.map(displayText)))
    const out = call.text('out')
    const values = await valuesOf(call, session, template, names)
    const filled = fillTemplate(template, (reference) => values.get(reference) ?? Buffer.alloc(0))
    if (out === undefined) session.io.out(filled)
    else replaceFile(session.path(out), filled, call.flag('force'))
  },
}

async function valuesOf(
  call: Call,
  session: Session,
  template: Template,
  names: readonly string[],
): Promise<Map<string, Buffer>> {
  const found = new Map<string, Buffer>()
  for (let at = 0; at < names.length; at += LIMITS.items) {
    const { secrets, missing, sealed } = await readMany(session, {
      names: names.slice(at, at + LIMITS.items),
      ...(call.flag('strict') ? { strict: true } : {}),
      ...demandsOf(call),
    })
    for (const one of missing) throw absent(template, one.asked, one.message)
    for (const reference of sealed) throw isSealed(reference)
    for (const { asked, bytes } of secrets) found.set(asked, bytes)
  }
  return found
}

function absent({ slots }: Template, asked: string, message: string): CofferError {
  const line = slots.find(({ reference }) => reference === asked)?.line ?? 1
  return new CofferError('not-found', `line ${line} of the template: ${message}`, {
    reason: 'no-secret',
    next: 'see coffer ls; nothing was written',
  })
}

function isSealed(reference: string): CofferError {
  return new CofferError(
    'refused',
    `only the runners that it was sealed to open ${displayText(reference)}`,
    {
      reason: 'sealed',
      next: "fill the template with such a runner's token: COFFER_TOKEN_FILE",
    },
  )
}
