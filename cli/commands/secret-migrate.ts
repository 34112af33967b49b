import { existsSync } from 'node:fs'
import { displayText } from '../../shared/display.js'
import { CofferError } from '../../shared/errors.js'
import { LIMITS } from '../../shared/limits.js'
import type { VaultRef } from '../../shared/protocol/local-common.js'
import type { Call } from '../call.js'
import type { Command } from '../command.js'
import { lines } from '../format.js'
import { importSummary } from '../files/import-file.js'
import type { Source } from '../files/migrate-source.js'
import type { Session } from '../session.js'

type Rewritten = { readonly path: string; readonly diff: string }
type Target = { readonly org: string; readonly project: string }

export const secretMigrate: Command = {
  name: 'secret migrate',
  also: ['earthly migrate', 'earthly secret migrate', 'earthly secrets migrate'],
  summary:
    "Take all of an org's secrets into the selected project, as Earthly's projects wanted it",
  details: `What was /SOURCE/path becomes /org/project/path, as one transaction: from an org here, or from a file or folder whose
entries are named /SOURCE/path (NAME=value lines, a JSON object, or a tree of files). Your own secrets stay. Prints how the
Earthfiles named (or ./Earthfile, with those that they lead to) have to change: +secrets/SOURCE/path, and PROJECT.`,
  args: [
    { name: 'SOURCE', required: true },
    { name: 'EARTHFILE…', required: false, many: true },
  ],
  options: [
    { flags: '--from <FILE>', text: 'a file or folder of /SOURCE/path (- for stdin)' },
    { flags: '-d, --dry-run', text: 'only print what would be' },
    { flags: '--write', text: 'change the Earthfiles, too' },
  ],
  examples: [
    { line: 'coffer secret migrate old-org --org acme --project web --dry-run', text: '' },
    { line: 'coffer secret migrate old-org --from secrets.json --write', text: '' },
  ],
  stdout: 'how Earthfiles change; with --dry-run: what would be stored',
  exits: ['not-found', 'locked', 'refused', 'stale'],
  async run(call, session) {
    const [source = ''] = call.args
    const target = await targetOf(session)
    const { items, others, sealed } = await read(call, session, source, target)
    warnOf(session, { items, others, sealed }, source)
    const context = { cwd: session.context.cwd, env: {}, ...target }
    const dryRun = call.flag('dry-run')
    const named = items.map(({ name, value }) => ({
      name: `coffer://${target.org}/${target.project}/${name}`,
      value,
    }))
    const files = await rewrite(session, source, target, call.args.slice(1))
    const stored = await session.call('secretSetMany', { context, items: named, dryRun })
    if (call.flag('write') && !dryRun) await writeAll(files)
    const report = [
      ...stored.created.map((name) => `created ${name}`),
      ...stored.changed.map((name) => `changed ${name}`),
      ...stored.unchanged.map((name) => `unchanged ${name}`),
    ]
    const diffs = files.map(({ diff }) => diff).join('')
    const earthfiles = files.map(({ path, diff }) => ({ path, diff }))
    session.show({ ...stored, earthfiles }, (dryRun ? lines(report) : '') + diffs)
    session.say(`${importSummary(stored)}${dryRun ? ' (dry run: nothing stored)' : ''}`)
  },
}

/** The project that is selected. @throws CofferError `usage` (reason `no-project`) where none is */
async function targetOf(session: Session): Promise<Target> {
  const asked = { context: session.context }
  const { vault }: { vault: VaultRef } = await session.call('secretList', asked)
  const { org, project } = vault
  if (org !== undefined && project !== undefined) return { org, project }
  throw new CofferError('usage', 'no project is selected', {
    reason: 'no-project',
    next: 'say where all goes: --org ORG --project PROJECT',
  })
}

async function read(call: Call, session: Session, source: string, target: Target): Promise<Source> {
  const { fromListing, fromOrg } = await import('../files/migrate-source.js')
  if (source === 'user' || source.includes('/') || source === '') {
    throw new CofferError('usage', 'SOURCE is the name of an org', { reason: 'bad-source' })
  }
  const from = call.text('from')
  const except = source === target.org ? target.project : undefined
  const found =
    from === undefined
      ? await fromOrg(session, source, except)
      : await fromListing(session, from, source)
  if (found.items.length > LIMITS.items) {
    throw new CofferError('limit', `one transaction takes at most ${LIMITS.items} secrets`, {
      reason: 'too-many',
      next: 'migrate a listing in parts, with --from',
    })
  }
  return found
}

function warnOf(session: Session, { items, others, sealed }: Source, source: string): void {
  const shown = displayText(source)
  if (others > 0) {
    const message = `${others} entries that aren't below /${shown} stay where they are`
    session.warn([{ code: 'others', message }])
  }
  if (sealed.length > 0) {
    const names = sealed.map(displayText).join(', ')
    session.warn([{ code: 'sealed', message: `left out, since they are sealed: ${names}` }])
  }
  if (items.length === 0) {
    session.warn([{ code: 'nothing', message: `there is nothing below /${shown}` }])
  }
}

type Pending = Rewritten & { readonly text: string }

/** The Earthfiles that have to change, and how. */
async function rewrite(
  session: Session,
  source: string,
  target: Target,
  named: readonly string[],
): Promise<readonly Pending[]> {
  const { readEarthfiles } = await import('../builds/earthfiles.js')
  const { migrateEarthfile } = await import('../interop/earthly/migrate.js')
  const { unifiedDiff } = await import('../files/diff.js')
  const typed = named.length > 0 ? named : ['Earthfile']
  const paths = typed.map((path) => session.path(path))
  if (named.length === 0 && !paths.every((path) => existsSync(path))) return []
  const { sources, shown } = readEarthfiles(paths, session.io.cwd())
  return [...sources].flatMap(([folder, { path, text }]) => {
    const after = migrateEarthfile(text, source, target)
    const diff = unifiedDiff(shown.get(folder) ?? path, text, after)
    return diff === '' ? [] : [{ path, diff, text: after }]
  })
}

async function writeAll(files: readonly Pending[]): Promise<void> {
  const { rewriteFile } = await import('../files/rewrite-file.js')
  for (const { path, text } of files) rewriteFile(path, text, 0o644)
}
