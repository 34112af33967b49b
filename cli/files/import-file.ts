import { CofferError } from '../../shared/errors.js'
import { LIMITS } from '../../shared/limits.js'
import type { Result } from '../../shared/protocol/local.js'
import { parseAssignments, type Format } from '../interop/assignments.js'
import type { Session } from '../session.js'
import { readInputFile } from './values.js'

/**
 * Puts a file's secrets into the vault as one transaction.
 * @throws CofferError `format`, `limit`, `storage`, or what the daemon answers; nothing is stored then
 */
export async function importFile(
  session: Session,
  what: { readonly file: string; readonly format: Format | undefined; readonly dryRun: boolean },
): Promise<Result<'secretSetMany'>> {
  const bytes = await readInputFile(session, what.file, LIMITS.transaction)
  const items = await parseAssignments(bytes, what.file, what.format)
  if (items.length > LIMITS.items) {
    throw new CofferError('limit', `one transaction takes at most ${LIMITS.items} secrets`, {
      reason: 'too-many',
      next: 'split the file',
    })
  }
  const first = { phase: what.dryRun ? 'comparing' : 'importing', done: 0, total: items.length }
  const params = { context: session.context, items, dryRun: what.dryRun }
  return session.call('secretSetMany', params, { first })
}

/** What an import did, by name. */
export type Stored = Pick<Result<'secretSetMany'>, 'created' | 'changed' | 'unchanged'>

/** `2 created, 1 changed, 5 unchanged`. */
export function importSummary({ created, changed, unchanged }: Stored): string {
  return `${created.length} created, ${changed.length} changed, ${unchanged.length} unchanged`
}
