import { displayText } from '../../../shared/display.js'
import { CofferError } from '../../../shared/errors.js'
import type { Params, Result } from '../../../shared/protocol/local.js'
import type { Context, Warning } from '../../../shared/protocol/local-common.js'
import { isOffline } from '../../core/vault/selection.js'
import { writePieces } from '../../home/files.js'
import { encryptPieces } from '../../pgp/streams.js'
import type { Call } from '../../rpc/call.js'
import type { VaultShell } from '../../vault/shell.js'
import { findOrg, findProject, prefixOf, wholeDirectory } from '../place.js'
import { mayNotRead, stillLoading } from '../secrets/missing.js'
import { isRemoved, type Session } from '../session.js'
import { byCodePoint } from '../text.js'
import { documentPieces, type BackupPart } from './document.js'
import { fingerprintsOf, recipientsOf } from './recipients.js'

// Backups: all secrets of a home in one OpenPGP message. Nothing of it touches the disk before it is encrypted.

type Chosen = { readonly vault: string; readonly shell: VaultShell }

/** The vaults that flags name, or all; what is merely selected doesn't count: a backup that lacks something is none. */
async function chosenVaults(session: Session, context: Context): Promise<Chosen[]> {
  const { vaults } = session
  if (context.project !== undefined) {
    const { vault, shell } = await prefixOf(session, context, undefined)
    return [{ vault: `${vault.org ?? ''}/${vault.project ?? ''}`, shell }]
  }
  const own = { vault: '/user', shell: vaults.user }
  if (context.org !== undefined) return projectsOf(session, context, context.org.normalize('NFC'))
  await wholeDirectory(session, context, vaults.user, 'org')
  const chosen: Chosen[] = [own]
  for (const { name } of vaults.orgs()) chosen.push(...(await projectsOf(session, context, name)))
  return chosen
}

async function projectsOf(session: Session, context: Context, name: string): Promise<Chosen[]> {
  const { vaults } = session
  const org = await findOrg(session, context, name)
  await wholeDirectory(session, context, await vaults.get(org.vaultId), 'project')
  const chosen: Chosen[] = []
  for (const listed of vaults.projects(org.vaultId)) {
    const { vaultId } = await findProject(session, context, org.vaultId, listed.name)
    chosen.push({ vault: `${org.name}/${listed.name}`, shell: await vaults.get(vaultId) })
  }
  return chosen
}

/** What of a vault goes in, once it is here as a whole; undefined for one that this device may not read. */
async function partOf(
  session: Session,
  { context }: Params<'backupCreate'>,
  { vault, shell }: Chosen,
  signal: AbortSignal,
): Promise<BackupPart | undefined> {
  const { replica } = shell
  if (mayNotRead(session, replica)) return undefined
  if (!isOffline(context)) await session.loading.wait(shell, () => false, signal)
  if (session.loading.has(shell.vaultId)) throw stillLoading(displayText(vault))
  const live = [...replica.live('secret')].toSorted((a, b) =>
    byCodePoint(a.winner.name, b.winner.name),
  )
  const sealed = live.filter(({ winner }) => winner.sealed !== undefined)
  return {
    vault,
    replica,
    secrets: live.filter(({ winner }) => winner.sealed === undefined),
    sealed: sealed.map(({ winner }) => winner.name),
  }
}

const some = (names: readonly string[]): string =>
  [
    ...names.slice(0, 10).map(displayText),
    ...(names.length > 10 ? [`and ${names.length - 10} more`] : []),
  ].join(', ')

function warningsOf(
  session: Session,
  chosen: readonly Chosen[],
  parts: readonly BackupPart[],
): Warning[] {
  const warnings: Warning[] = []
  const sealed = parts.flatMap((part) => part.sealed.map((name) => `${part.vault}/${name}`))
  if (sealed.length > 0) {
    const message = `sealed, and so without their values: ${some(sealed)}`
    warnings.push({ code: 'sealed', message })
  }
  const blind = chosen.filter(({ shell }) => mayNotRead(session, shell.replica))
  if (blind.length > 0) {
    const message = `this device may not read, and left out: ${some(blind.map(({ vault }) => vault))}`
    warnings.push({ code: 'role', message })
  }
  const old = chosen.filter(({ shell }) => isRemoved(session, shell.replica))
  if (old.length > 0) {
    const message = `this device was removed, and has no more than it had then, of: ${some(old.map(({ vault }) => vault))}`
    warnings.push({ code: 'removed', message })
  }
  return warnings
}

/**
 * Writes a backup.
 * @throws CofferError `exists`, `stale` (`loading`), `limit`, `refused`, `expired`, `format` (a key), `storage`, `tampering`
 */
export async function createBackup(
  session: Session,
  params: Params<'backupCreate'>,
  { signal, progress }: Pick<Call, 'signal' | 'progress'>,
): Promise<Result<'backupCreate'>> {
  const { context, file, replace, to } = params
  const now = session.world.now()
  const recipients = await recipientsOf(to, now)
  try {
    const chosen = await chosenVaults(session, context)
    const parts: BackupPart[] = []
    for (const one of chosen) {
      const part = await partOf(session, params, one, signal)
      if (part !== undefined) parts.push(part)
    }
    const pieces = documentPieces(parts, now, (bytes) => {
      if (signal.aborted) throw new CofferError('cancelled', 'the caller has gone')
      progress('encrypting', bytes, null)
    })
    await writePieces(file, encryptPieces(recipients, pieces), replace)
    const vaults = parts.map(({ vault, secrets, sealed }) => {
      return { vault, secrets: secrets.length, sealed }
    })
    const warnings = warningsOf(session, chosen, parts)
    return { file, vaults, pgp: fingerprintsOf(recipients), warnings }
  } finally {
    if (recipients.kind === 'passphrase') recipients.passphrase.wipe()
  }
}
