import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { displayText } from '../../shared/display.js'
import { CofferError } from '../../shared/errors.js'
import { makeFolder } from '../../shared/make-folder.js'
import { builtin } from '../builtin.js'
import type { Call } from '../call.js'
import type { Command } from '../command.js'
import { showVault } from '../format.js'
import type { Session } from '../session.js'

const FILE = { flags: '--file <FILE>', text: 'this file, not the nearest .coffer/lock' }

export const lockFileUpdate: Command = {
  name: 'lock-file update',
  summary: "Write the project's lock file, to be committed with what needs its secrets",
  details: `A lock file says what a reader of the repository must have of the project: its vault, its relay, the newest link
of its members and the newest changes. It holds no name and no value. Who holds a vault against it (--require-lock)
notices a relay that shows less, or something else. It is written where the nearest .coffer/lock is, else here; one
that says more than this device has is not overwritten.`,
  options: [FILE],
  examples: [
    { line: 'coffer lock-file update', text: 'after coffer sync; then commit .coffer/lock' },
    { line: 'coffer --org acme --project web lock-file update --file web.lock', text: '' },
  ],
  exits: ['not-found', 'refused', 'stale', 'tampering', 'storage'],
  async run(call, session) {
    const typed = fileOf(call, session)
    const { context } = session
    const result = await session.call('lockState', { context, ...typed })
    const path = typed.file ?? result.file ?? join(context.cwd, '.coffer', 'lock')
    write(path, result.content)
    session.show({ file: path, vault: result.vault, warnings: result.warnings })
    session.say(`${showVault(result.vault)}: ${displayText(path)}`)
  },
}

export const lockFileCheck: Command = {
  name: 'lock-file check',
  summary:
    'Hold the project against its lock file; exits 24 when it is behind, 27 when it is another',
  options: [FILE],
  examples: [{ line: 'coffer lock-file check', text: 'the nearest .coffer/lock' }],
  stdout: 'with --json: what was held against what',
  exits: ['refused', 'stale', 'tampering'],
  run: (call, session) => checkLockFile(session, call),
}

function fileOf(call: Call, session: Session): { readonly file?: string } {
  const typed = call.text('file')
  return typed === undefined ? {} : { file: session.path(typed) }
}

/**
 * Holds the selected project, or what the lock names, against the lock file.
 * @throws CofferError `stale` (`lock-behind`), `tampering`, `refused` (`no-lock`), `format`
 */
export async function checkLockFile(session: Session, call?: Call): Promise<void> {
  const file = call === undefined ? {} : fileOf(call, session)
  const result = await session.call('lockCheck', {
    context: session.context,
    strict: true,
    ...file,
  })
  if (call !== undefined) session.show(result)
  session.say(`${showVault(result.vault)}: as ${displayText(result.file)} says, or newer`)
}

/** Replaces the file, whatever stands in its place: a link isn't followed. @throws CofferError `storage` */
function write(path: string, content: string): void {
  const fresh = `${path}.${builtin('node:crypto').randomBytes(8).toString('hex')}.tmp`
  try {
    makeFolder(dirname(path), { make: (folder) => mkdirSync(folder), parentOf: dirname })
    writeFileSync(fresh, content, { flag: 'wx' })
    renameSync(fresh, path)
  } catch (error) {
    rmSync(fresh, { force: true })
    throw new CofferError('storage', `${path} can't be written`, {
      reason: 'output',
      next: 'see that the folder is there and yours',
      cause: error,
    })
  }
}
