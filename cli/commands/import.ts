import { CofferError } from '../../shared/errors.js'
import type { Call } from '../call.js'
import type { Command } from '../command.js'
import { lines } from '../format.js'
import { importFile, importSummary, type Stored } from '../files/import-file.js'
import { checkFormat, FORMATS } from '../interop/assignments.js'
import { passFolder } from '../interop/pass-store.js'
import type { Session } from '../session.js'

export const importCommand: Command = {
  name: 'import',
  summary: 'Store all values of a file, or of a pass store, as one transaction',
  details: `Formats: ${FORMATS.join(', ')}; the file's name tells it where --from does not. JSON is an object of names and texts ({"NAME": "text", "KEY": {"base64": "…"}}); earthly is a .secret, read as Earthly reads it; fluvio is a connector's secrets file. With --watch the file is
stored again whenever it changes; what is taken out of it stays in the vault. --from pass reads a password store
(PASSWORD_STORE_DIR, ~/.password-store, or the folder that is named) through gpg, with your keys and your agent: NAME.gpg
becomes NAME. A password of one line is stored without its line end; one of several lines as it is, or with --first-line
only its first line, as pass -c copies it. If one file can't be decrypted nothing is stored.`,
  args: [{ name: 'FILE', required: false }],
  options: [
    { flags: '--from <FORMAT>', text: `one of ${FORMATS.join(', ')}, pass` },
    { flags: '--first-line', text: 'with --from pass: only the first line of each password' },
    { flags: '-d, --dry-run', text: 'only tell what would be stored' },
    { flags: '--watch', text: 'stay, and store the file at each change' },
  ],
  examples: [
    { line: 'coffer import .env --dry-run', text: '' },
    { line: 'coffer import - --from json < secrets.json', text: '' },
    { line: 'kubectl get secret app -o yaml | coffer import - --from k8s', text: '' },
    { line: 'coffer import .secret', text: "what Earthly's builds had" },
    { line: 'coffer import --watch .env', text: 'until Ctrl-C' },
    { line: 'coffer import --from pass --dry-run', text: 'your password store' },
  ],
  stdout: 'with --dry-run: what would be',
  exits: ['not-found', 'locked', 'refused', 'cannot-decrypt'],
  async run(call, session) {
    const typed = call.text('from')
    if (typed === 'pass') return importStore(call, session)
    const [file] = call.args
    if (file === undefined || call.flag('first-line')) throw notOfPass(file)
    const format = typed === undefined ? undefined : checkFormat('--from', typed)
    const dryRun = call.flag('dry-run')
    if (call.flag('watch')) {
      if (file === '-' || dryRun) {
        throw new CofferError('usage', '--watch needs a file, and stores it', {
          reason: 'bad-watch',
          next: 'name the file, and leave --dry-run out',
        })
      }
      const { watchImport } = await import('../files/import-watch.js')
      return watchImport(session, file, format)
    }
    report(session, await importFile(session, { file, format, dryRun }), dryRun)
  },
}

function report(session: Session, result: Stored, dryRun: boolean): void {
  const names = [
    ...result.created.map((name) => `created ${name}`),
    ...result.changed.map((name) => `changed ${name}`),
    ...result.unchanged.map((name) => `unchanged ${name}`),
  ]
  session.show(result, dryRun ? lines(names) : '')
  session.say(`${importSummary(result)}${dryRun ? ' (dry run: nothing stored)' : ''}`)
}

function notOfPass(file: string | undefined): CofferError {
  return file === undefined
    ? new CofferError('usage', 'the FILE to import is missing', {
        reason: 'missing-argument',
        next: 'name it, or say --from pass for your password store',
      })
    : new CofferError('usage', '--first-line is for --from pass', { reason: 'bad-option' })
}

async function importStore(call: Call, session: Session): Promise<void> {
  if (call.flag('watch')) {
    throw new CofferError('usage', 'a password store is not watched', {
      reason: 'bad-watch',
      next: 'leave --watch out',
    })
  }
  const { importPasswords } = await import('../files/import-pass.js')
  const [typed] = call.args
  const folder = typed === undefined ? passFolder(session.io.env) : session.path(typed)
  const [firstLine, dryRun] = [call.flag('first-line'), call.flag('dry-run')]
  const part = firstLine ? 'first-line' : 'whole'
  const { severalLines, ...stored } = await importPasswords(session, folder, { part, dryRun })
  report(session, stored, dryRun)
  if (severalLines > 0 && !firstLine && !session.json) {
    const message = `${severalLines} passwords have several lines, all of which are the value: --first-line takes the first`
    session.warn([{ code: 'several-lines', message }])
  }
}
