import { readFileSync, statSync } from 'node:fs'
import { fromBase64 } from '../../../shared/base64.js'
import { readBackup } from '../../../shared/backup.js'
import { restore, type Stored } from '../../../shared/backup-restore.js'
import { fromUtf8, type Bytes } from '../../../shared/bytes.js'
import { CofferError, hasCode } from '../../../shared/errors.js'
import { LIMITS } from '../../../shared/limits.js'
import type { Params, Result } from '../../../shared/protocol/local.js'
import type { Context } from '../../../shared/protocol/local-common.js'
import { Secret } from '../../../shared/redacted.js'
import { systemWords } from '../../../shared/system-error.js'
import { parsePrefix, parseReference, type Target } from '../../core/vault/reference.js'
import { openPrivateKey } from '../../pgp/keys.js'
import { decryptBytes, type Opening } from '../../pgp/streams.js'
import type { Call } from '../../rpc/call.js'
import { createOrg, createProject } from '../people/scopes.js'
import { prefixOf, referenceIn, type Place } from '../place.js'
import { bytesOf, setItems } from '../secrets/secrets-write.js'
import type { Session } from '../session.js'

// Bringing a backup back: from a file that the daemon decrypts, or a transaction at a time from whoever decrypted it.

type Items = Params<'restoreItems'>

/** `/user` or `ORG/PROJECT`. @throws CofferError `usage` (reason `bad-vault`), `format` */
function targetOf(vault: string): Target {
  const form = vault === '/user' || /^(?!user\/)[^/]+\/[^/]+$/.test(vault)
  if (form) return parsePrefix(vault === '/user' ? vault : `coffer://${vault}`, {})
  throw new CofferError('usage', 'a vault is written /user or ORG/PROJECT', {
    reason: 'bad-vault',
    next: 'see coffer org ls and coffer project ls',
  })
}

/** The vault's place; undefined for one that would have to be made first. */
async function placeFor(
  session: Session,
  { context, vault, create, dryRun }: Omit<Items, 'items'>,
): Promise<Place | undefined> {
  const target = targetOf(vault)
  const find = (): Promise<Place> =>
    prefixOf(session, context, target.kind === 'user' ? '/user' : `coffer://${vault}`)
  try {
    return await find()
  } catch (error) {
    const lacking =
      hasCode(error, 'not-found') && ['no-org', 'no-project'].includes(error.reason ?? '')
    if (!lacking || target.kind === 'user') throw error
    if (!create) throw missingVault(error, target)
    if (dryRun) return undefined
    if (error.reason === 'no-org') await createOrg(session, { context, name: target.org })
    const within: Context = { ...context, org: target.org }
    await createProject(session, { context: within, name: target.project })
    return find()
  }
}

function missingVault(
  cause: CofferError,
  { org, project }: { org: string; project: string },
): CofferError {
  return new CofferError('not-found', cause.message, {
    reason: cause.reason ?? 'no-project',
    next: `say --create to make what is missing, or --into another place than ${org}/${project}`,
    cause,
  })
}

/** Stores one transaction of a backup. @throws CofferError as secretSetMany, `not-found` (`no-org`, `no-project`) */
export async function restoreItems(
  session: Session,
  params: Items,
): Promise<Result<'restoreItems'>> {
  const { items, dryRun } = params
  const place = await placeFor(session, params)
  if (place === undefined) {
    return { created: items.map(({ name }) => name), changed: [], unchanged: [], warnings: [] }
  }
  const wanted = items.map(({ name, value, note }) => ({
    // What this device couldn't be asked for by name isn't stored under it.
    name: parseReference(referenceIn(place.vault, name), {}).name,
    value: bytesOf(value),
    note,
  }))
  return { ...(await setItems(session, place, wanted, dryRun)), warnings: [] }
}

/**
 * Decrypts a backup and stores what it holds.
 * @throws CofferError `cannot-decrypt`, `format`, `limit`, `home` (`newer`), `usage`, and as restoreItems
 */
export async function restoreBackup(
  session: Session,
  params: Params<'backupRestore'>,
  { progress }: Pick<Call, 'progress'>,
): Promise<Result<'backupRestore'>> {
  const { context, file, only, into, create, dryRun } = params
  const plain = fromUtf8(await decrypted(readWhole(file), params.open))
  if (plain === undefined) {
    throw new CofferError('format', 'the backup is not UTF-8 text', { reason: 'not-utf8' })
  }
  const store = (vault: string, items: Items['items'], dry: boolean): Promise<Stored> =>
    restoreItems(session, { context, vault, items, create, dryRun: dry })
  const vaults = await restore(readBackup(plain), { only, into, dryRun }, store, (done, total) => {
    progress('restoring', done, total)
  })
  return { vaults, warnings: [] }
}

async function decrypted(bytes: Bytes, open: Params<'backupRestore'>['open']): Promise<Bytes> {
  const typed = open.kind === 'passphrase' ? open.passphrase : open.key.passphrase
  const passphrase =
    typed === undefined ? undefined : new Secret(fromBase64(typed) ?? new Uint8Array(0))
  try {
    return await decryptBytes(await openingOf(open, passphrase), bytes)
  } finally {
    passphrase?.wipe()
  }
}

async function openingOf(
  open: Params<'backupRestore'>['open'],
  passphrase: Secret | undefined,
): Promise<Opening> {
  if (open.kind === 'key') {
    return { kind: 'key', key: await openPrivateKey({ armored: open.key.key, passphrase }) }
  }
  return { kind: 'passphrase', passphrase: passphrase ?? new Secret(new Uint8Array(0)) }
}

/** @throws CofferError `usage` (reason `unreadable`), `limit` (reason `oversize`) */
function readWhole(file: string): Bytes {
  try {
    const stat = statSync(file)
    if (!stat.isFile()) throw unreadable(file, 'is no regular file')
    if (stat.size > LIMITS.backupFile) {
      throw new CofferError('limit', `${file} has more than ${LIMITS.backupFile} bytes`, {
        reason: 'oversize',
      })
    }
    return new Uint8Array(readFileSync(file))
  } catch (error) {
    if (error instanceof CofferError) throw error
    throw unreadable(file, systemWords(error))
  }
}

function unreadable(file: string, why: string): CofferError {
  return new CofferError('usage', `can't read ${file}: ${why}`, {
    reason: 'unreadable',
    next: 'name the file that coffer backup wrote',
  })
}
