import { Buffer } from 'node:buffer'
import { displayText } from '../../shared/display.js'
import { CofferError } from '../../shared/errors.js'
import type { Call } from '../call.js'
import type { Command } from '../command.js'
import { shortId } from '../format.js'
import { importFile } from '../files/import-file.js'
import { checkFormat } from '../interop/assignments.js'
import type { Session } from '../session.js'
import { readValue } from '../files/values.js'

export const secretSet: Command = {
  name: 'secret set',
  also: ['set'],
  summary: 'Store a value',
  details: `Reads the value from a pipe or file on stdin, byte for byte, else asks for it on the terminal without
showing it. A value on the command line is seen by shell history and process list. With --from many values are stored
as one transaction: all or none. With --sealed nobody but runners will open the value, you included: those that are
granted the name, or those that --to names; a sealed secret can't be shown, moved or rolled back, only set anew.`,
  args: [
    { name: 'PATH', required: false },
    { name: 'VALUE', required: false },
  ],
  options: [
    { flags: '-f, --file <FILE>', text: 'take the value from a file' },
    { flags: '-i, --stdin', text: 'take the value from stdin, whatever it is' },
    { flags: '--allow-empty', text: 'store an empty value if that is what comes' },
    { flags: '--note <TEXT>', text: 'a note on this version' },
    { flags: '--sealed', text: 'only runners will open it: those that are granted the name' },
    { flags: '--to <RUNNER>', text: 'seal it to this runner (a name or fingerprint)', many: true },
    { flags: '--unseal', text: 'store a readable value where a sealed one is' },
    { flags: '--from <FILE>', text: 'store all values of a dotenv or JSON file (- for stdin)' },
    { flags: '--format <FORMAT>', text: 'dotenv or json, for --from' },
  ],
  examples: [
    { line: 'printf %s "$TOKEN" | coffer set API_TOKEN', text: 'exactly these bytes' },
    { line: 'coffer set db/PASSWORD', text: 'asks for it' },
    { line: 'coffer secret set --file id_ed25519 deploy/KEY', text: '' },
    { line: 'coffer set --from .env', text: 'the whole file, or nothing' },
    { line: 'coffer set --sealed --to ci DEPLOY_KEY', text: 'for the runner ci alone' },
  ],
  exits: ['not-found', 'locked', 'refused'],
  async run(call, session) {
    const from = call.text('from')
    if (from !== undefined) return setFrom(call, session, from)
    const [name, value] = call.args
    if (name === undefined) {
      throw new CofferError('usage', 'the PATH of the secret is missing', {
        reason: 'missing-argument',
        next: 'write coffer set PATH, or coffer set --from FILE',
      })
    }
    const note = call.text('note')
    const sealing = sealingOf(call)
    const bytes = await readValue(session, {
      value,
      file: call.text('file'),
      stdin: call.flag('stdin'),
      allowEmpty: call.flag('allow-empty'),
    })
    const result = await session.call('secretSet', {
      context: session.context,
      name,
      value: Buffer.from(bytes).toString('base64'),
      ...(note === undefined ? {} : { note }),
      ...sealing,
    })
    for (const one of result.sealedTo ?? []) {
      const shown = [displayText(one.name), one.fingerprint ?? shortId(one.deviceId)]
      if (!session.json) session.io.err(`sealed to ${shown.join(' ').trim()}\n`)
    }
    session.show(result)
  },
}

/** @throws CofferError `usage` for --to without --sealed, or both ways at once */
function sealingOf(call: Call): { seal?: { to: readonly string[] }; unseal?: boolean } {
  const to = call.list('to')
  const [sealed, unseal] = [call.flag('sealed'), call.flag('unseal')]
  if ((to.length > 0 && !sealed) || (sealed && unseal)) {
    throw new CofferError('usage', '--to goes with --sealed, and --unseal with neither', {
      reason: 'sealing',
      next: 'write coffer set --sealed --to RUNNER NAME',
    })
  }
  return sealed ? { seal: { to } } : unseal ? { unseal } : {}
}

async function setFrom(call: Call, session: Session, file: string): Promise<void> {
  const others = ['file', 'note'].some((option) => call.text(option) !== undefined)
  const sealing = ['sealed', 'unseal'].some((flag) => call.flag(flag)) || call.list('to').length > 0
  if (call.args.length > 0 || others || sealing || call.flag('stdin')) {
    throw new CofferError('usage', '--from brings names and values: nothing else goes with it', {
      reason: 'two-sources',
      next: 'leave the rest out',
    })
  }
  const format = call.text('format')
  const result = await importFile(session, {
    file,
    format: format === undefined ? undefined : checkFormat('--format', format),
    dryRun: false,
  })
  session.show(result)
}
