import { CofferError } from '../../shared/errors.js'
import type { Command } from '../command.js'
import { lines } from '../format.js'
import { importFile, importSummary } from '../import-file.js'
import { checkFormat, FORMATS } from '../interop/assignments.js'

export const importCommand: Command = {
  name: 'import',
  summary: 'Store all values of a file as one transaction',
  details: `Formats: ${FORMATS.join(', ')}; the file's name tells it where --from does not. JSON is an object of names and texts ({"NAME": "text", "KEY": {"base64": "…"}}). With --watch the file is
stored again whenever it changes; what is taken out of it stays in the vault.`,
  args: [{ name: 'FILE', required: true }],
  options: [
    { flags: '--from <FORMAT>', text: `one of ${FORMATS.join(', ')}` },
    { flags: '-d, --dry-run', text: 'only tell what would be stored' },
    { flags: '--watch', text: 'stay, and store the file at each change' },
  ],
  examples: [
    { line: 'coffer import .env --dry-run', text: '' },
    { line: 'coffer import - --from json < secrets.json', text: '' },
    { line: 'kubectl get secret app -o yaml | coffer import - --from k8s', text: '' },
    { line: 'coffer import --watch .env', text: 'until Ctrl-C' },
  ],
  stdout: 'with --dry-run: what would be',
  exits: ['not-found', 'locked', 'refused'],
  async run(call, session) {
    const typed = call.text('from')
    const file = call.args[0] ?? ''
    const format = typed === undefined ? undefined : checkFormat('--from', typed)
    const dryRun = call.flag('dry-run')
    if (call.flag('watch')) {
      if (file === '-' || dryRun) {
        throw new CofferError('usage', '--watch needs a file, and stores it', {
          reason: 'bad-watch',
          next: 'name the file, and leave --dry-run out',
        })
      }
      const { watchImport } = await import('../import-watch.js')
      return watchImport(session, file, format)
    }
    const result = await importFile(session, { file, format, dryRun })
    const report = [
      ...result.created.map((name) => `created ${name}`),
      ...result.changed.map((name) => `changed ${name}`),
      ...result.unchanged.map((name) => `unchanged ${name}`),
    ]
    session.show(result, dryRun ? lines(report) : '')
    session.say(`${importSummary(result)}${dryRun ? ' (dry run: nothing stored)' : ''}`)
  },
}
