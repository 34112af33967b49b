// Writes the README's tables from the command table that the program itself uses. `--check` only compares.
import { readFileSync, writeFileSync } from 'node:fs'
import * as path from 'node:path'
import { usageOf, type Command } from '../../cli/command.js'
import { EXITS, VARIABLES } from '../../cli/outcomes.js'
import { COMMANDS } from '../../cli/table.js'
import { root, say } from '../tooling/repo.js'

const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', ' ')

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.map(cell).join(' | ')} |`
  return [line(head), `|${'---|'.repeat(head.length)}`, ...rows.map(line)].join('\n')
}

function commandRow(command: Command): string[] {
  const also = (command.also ?? []).map((name) => `\`${name}\``).join(', ')
  const usage = usageOf(command).replace(/^coffer /, '')
  return [
    `\`${usage}\`${also === '' ? '' : `, also ${also}`}`,
    command.summary,
    command.stdout ?? '–',
  ]
}

const PARTS: { readonly [name: string]: () => string } = {
  commands: () => table(['coffer …', 'What it does', 'stdout'], COMMANDS.map(commandRow)),
  pictures,
  'exit-codes': () =>
    table(
      ['Exit', 'Code', 'Meaning'],
      EXITS.map(({ exit, code, text }) => [exit, code, text]),
    ),
  variables: () =>
    table(
      ['Variable', ''],
      VARIABLES.map(({ name, text }) => [`\`${name}\``, text]),
    ),
}

/** A kept picture of the terminal UI at 80×24, without the empty rows below what it shows. */
function picture(name: string): string {
  const file = path.join(root, 'scripts/e2e/testdata/ui', `${name}-80x24.txt`)
  return `\`\`\`\n${readFileSync(file, 'utf8').replace(/\n{3,}/g, '\n\n')}\`\`\``
}

/** What newcomers see, in the order in which they do. */
const PICTURES = [
  ['projects', 'Your own vault, and the projects of your orgs.'],
  [
    'revealed',
    'A project. Values are dots until you reveal one (`r`), and dots again some seconds later.',
  ],
  [
    'conflict',
    'A name that two devices wrote apart: both values are kept, and one is served until somebody chooses.',
  ],
  ['people', 'People and devices: invite, let in by fingerprint, remove.'],
  [
    'alarm',
    'A relay that went back behind what you had read. Alarms stay above everything until somebody has read them.',
  ],
] as const

function pictures(): string {
  return PICTURES.map(([name, text]) => `${text}\n\n${picture(name)}`).join('\n\n')
}

const readme = path.join(root, 'README.md')
const before = readFileSync(readme, 'utf8')
let after = before
for (const [name, make] of Object.entries(PARTS)) {
  const [open, close] = [`<!-- ${name} -->`, `<!-- /${name} -->`]
  const [start, end] = [after.indexOf(open), after.indexOf(close)]
  if (start < 0 || end < start) throw new Error(`README.md lacks the marks of ${name}`)
  after = `${after.slice(0, start)}${open}\n\n${make()}\n\n${after.slice(end)}`
}
if (after === before) {
  say('README.md tells what the programs do')
} else if (process.argv.includes('--check')) {
  say("README.md's tables are old: run scripts/docs")
  process.exitCode = 1
} else {
  writeFileSync(readme, after)
  say('README.md is written anew')
}
