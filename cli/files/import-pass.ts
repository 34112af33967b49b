import { Buffer } from 'node:buffer'
import { transactionsOf, type StoredItem } from '../../shared/backup.js'
import { CofferError } from '../../shared/errors.js'
import { LIMITS } from '../../shared/limits.js'
import type { Result } from '../../shared/protocol/local.js'
import { gpgDecrypt } from '../interop/gpg.js'
import { findPasswords, passValue, skippedWords, type PassPart } from '../interop/pass-store.js'
import { refuseReference } from '../interop/assignments.js'
import { ProgressLine } from '../progress.js'
import type { Session } from '../session.js'

/** What became of the store's passwords, and how many of them have several lines. */
export type PassImport = Omit<Result<'secretSetMany'>, 'vault' | 'warnings'> & {
  readonly severalLines: number
}

/**
 * Stores the passwords of a store as secrets: all are decrypted, then all are tried, before anything is stored.
 * @throws CofferError `usage`, `cannot-decrypt`, `limit`, `format`, or what the daemon answers
 */
export async function importPasswords(
  session: Session,
  folder: string,
  { part, dryRun }: { readonly part: PassPart; readonly dryRun: boolean },
): Promise<PassImport> {
  const { entries, skipped } = findPasswords(folder)
  if (skipped.length > 0) session.warn([{ code: 'links', message: skippedWords(skipped) }])
  if (entries.length === 0) {
    throw new CofferError('not-found', `there are no passwords (*.gpg) below ${folder}`, {
      reason: 'no-passwords',
      next: 'name the folder of a password store',
    })
  }
  for (const { name } of entries) refuseReference(name)
  const items: StoredItem[] = []
  let [severalLines, size] = [0, 0]
  const line = new ProgressLine(session.io)
  try {
    for (const [done, { name, file }] of entries.entries()) {
      line.show({ phase: 'decrypting', done, total: entries.length })
      const how = { shown: `${name}.gpg`, cap: LIMITS.value, env: session.io.env }
      const { value, lines } = passValue(await gpgDecrypt(file, how), part)
      if (lines) severalLines++
      size += value.length
      if (size > LIMITS.backup) throw tooMuch()
      items.push({ name, value: Buffer.from(value).toString('base64') })
    }
  } finally {
    line.clear()
  }
  return { ...(await storeParts(session, items, dryRun)), severalLines }
}

function tooMuch(): CofferError {
  return new CofferError('limit', `the passwords have more than ${LIMITS.backup} bytes together`, {
    reason: 'too-large',
    next: 'import folders of the store one by one',
  })
}

async function storeParts(
  session: Session,
  items: readonly StoredItem[],
  dryRun: boolean,
): Promise<Omit<PassImport, 'severalLines'>> {
  const parts = [...transactionsOf(items)]
  const send = (part: readonly StoredItem[], dry: boolean) =>
    session.call('secretSetMany', { context: session.context, items: part, dryRun: dry })
  const done = []
  // One transaction is all or nothing by itself.
  if (dryRun || parts.length > 1) for (const part of parts) done.push(await send(part, true))
  if (!dryRun) {
    done.length = 0
    for (const part of parts) done.push(await send(part, false))
  }
  return {
    created: done.flatMap(({ created }) => created),
    changed: done.flatMap(({ changed }) => changed),
    unchanged: done.flatMap(({ unchanged }) => unchanged),
  }
}
