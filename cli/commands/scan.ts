import { displayText } from '../../shared/display.js'
import { CofferError, hasCode } from '../../shared/errors.js'
import type { Call } from '../call.js'
import type { Command } from '../command.js'
import { readMany } from '../files/read-many.js'
import type { Place } from '../redact/scan.js'
import type { Session } from '../session.js'

export const scan: Command = {
  name: 'scan',
  summary: 'Find values of the vault in files, before others do',
  details: `Looks for the selected project's values (your own secrets' where none is selected), as they are and in base64, hex, URL and
JSON, and for a line of those that have several; values of fewer than 8 bytes are left out. Prints where and which, never a value.
Without PATH: the current folder. .git is skipped, links aren't followed. Exits 23 where something is found.`,
  args: [{ name: 'PATH…', required: false, many: true }],
  options: [
    { flags: '--staged', text: 'what git is about to commit, instead of files' },
    { flags: '--all', text: 'values of all your projects, and your own' },
    { flags: '--install-hook', text: "make git's pre-commit hook, which scans what is staged" },
  ],
  examples: [
    { line: 'coffer scan', text: '' },
    { line: 'coffer scan --staged', text: '' },
    { line: 'coffer scan --install-hook', text: '' },
    { line: 'coffer scan --all ~/src build.log', text: '' },
  ],
  stdout: 'path:line: NAME (form)',
  exits: ['refused', 'locked', 'stale', 'exists', 'storage'],
  async run(call, session) {
    if (call.args.length > 0 && (call.flag('staged') || call.flag('install-hook'))) {
      throw new CofferError('usage', 'paths exclude --staged and --install-hook', {
        reason: 'two-selections',
      })
    }
    const { installHook, scanPath, scanStaged } = await import('../redact/scan.js')
    const folder = session.io.cwd()
    if (call.flag('install-hook')) {
      const path = installHook(folder)
      session.show({ path }, `${displayText(path)}\n`)
      return
    }
    const { Wanted } = await import('../redact/scanner.js')
    const wanted = new Wanted(await secretsOf(call, session))
    const places: Place[] = []
    const found = (place: Place): void => {
      places.push(place)
      if (!session.json) session.io.out(lineOf(place))
    }
    if (call.flag('staged')) await scanStaged(wanted, folder, found)
    else
      for (const path of call.args.length === 0 ? ['.'] : call.args)
        scanPath(wanted, folder, path, found)
    if (session.json) session.show({ found: places })
    if (places.length > 0) throw secretsFound(places.length)
  },
}

function lineOf({ path, line, name, form }: Place): string {
  return displayText(`${path}:${line}: ${name} (${form})`) + '\n'
}

function secretsFound(count: number): CofferError {
  return new CofferError(
    'refused',
    `${count === 1 ? 'a secret is' : `${count} secrets are`} in what was scanned`,
    {
      reason: 'secret-found',
      next: 'take them out; change those that somebody else may have seen',
    },
  )
}

type Named = { readonly name: string; readonly bytes: Uint8Array }

async function secretsOf(call: Call, session: Session): Promise<readonly Named[]> {
  if (!call.flag('all')) return (await readMany(session, {})).secrets
  const { context } = session
  const prefixes = ['/user']
  for (const org of (await session.call('orgList', { context })).orgs) {
    const { projects } = await session.call('projectList', {
      context: { ...context, org: org.name },
    })
    prefixes.push(...projects.map(({ name }) => `coffer://${org.name}/${name}`))
  }
  const all: Named[] = []
  for (const prefix of prefixes) {
    try {
      const { secrets } = await readMany(session, { prefix })
      all.push(...secrets.map(({ reference, bytes }) => ({ name: reference, bytes })))
    } catch (error) {
      // A project that this device sees and may not read.
      if (!hasCode(error, 'refused')) throw error
      session.warn([{ code: 'left-out', message: error.message }])
    }
  }
  return all
}
