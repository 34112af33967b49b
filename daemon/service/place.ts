import { displayText } from '../../shared/display.js'
import { CofferError } from '../../shared/errors.js'
import type { VaultId } from '../../shared/ids.js'
import type { Context, VaultRef } from '../../shared/protocol/local-common.js'
import { formatReference, parsePrefix, parseReference } from '../core/vault/reference.js'
import type { Target } from '../core/vault/reference.js'
import { isOffline, selectScope, type Selection } from '../core/vault/selection.js'
import type { VaultShell } from '../vault/shell.js'
import type { Listed } from './people/directory.js'
import { noScope, stillLoading } from './secrets/missing.js'
import { checkPin, pinProject } from './people/pins.js'
import { isAllowed, notAllowed } from './allowed.js'
import { findSelection, type FoundSelection as FileFound } from './selection-file.js'
import { checkLetIn, type Session } from './session.js'

// From what a caller typed to a vault and a name in it.

/** Where a reference points: the open vault, the name within, the canonical reference. */
export type Place = {
  readonly shell: VaultShell
  readonly vault: VaultRef
  readonly name: string
  readonly reference: string
}

/** The vault of a place. */
export type VaultPlace = Pick<Place, 'shell' | 'vault'>

export type FoundSelection = Selection & { readonly file: string | null }

/**
 * What the caller's flags, variables, folder and `select` choose, in this order.
 * @throws CofferError `usage`, `format` (a broken `.coffer.yaml`), `limit`
 */
export async function selectionOf(session: Session, context: Context): Promise<FoundSelection> {
  return (await bothSelections(session, context)).selected
}

/** The selection, what it would be without the `.coffer.yaml`, and that file as it was read. */
export type Selections = {
  readonly selected: FoundSelection
  readonly without: Selection
  readonly file: FileFound | undefined
}

/** The same as selectionOf, for callers that must know what the nearest `.coffer.yaml` adds. */
export async function bothSelections(session: Session, context: Context): Promise<Selections> {
  const file = await findSelection(context.cwd)
  if (file !== undefined) session.world.seen(file.path)
  const known = await remembered(session)
  const selected = selectScope(context, file?.selection ?? {}, known)
  return {
    selected: { ...selected, file: file?.path ?? null },
    without: selectScope(context, {}, known),
    file,
  }
}

/**
 * Shown names of what `select` remembered; one that is gone, or whose org is damaged, counts as not selected. An org
 * that is being opened is waited for: right after the daemon's start `NAME` means what it meant before.
 */
async function remembered({
  settings,
  vaults,
}: Session): Promise<{ org?: string; project?: string }> {
  const { org: orgId, project: projectId } = settings.current
  const org = vaults.orgs().find(({ vaultId }) => vaultId === orgId)
  if (org === undefined) return {}
  if (projectId === undefined) return { org: org.name }
  await vaults.get(org.vaultId).catch(() => undefined)
  const project = vaults.projects(org.vaultId).find(({ vaultId }) => vaultId === projectId)
  return { org: org.name, ...(project === undefined ? {} : { project: project.name }) }
}

/**
 * The org of this shown name; while the directory is loading, one that is missing is waited for.
 * @throws CofferError `not-found`, or `stale` when it is loading still
 */
export function findOrg(session: Session, context: Context, name: string): Promise<Listed> {
  // Without the user vault nothing is known of orgs: that is to be said, not 'not found'.
  const { user } = session.vaults
  return find(session, context, user, 'org', name)
}

/**
 * The project of this shown name, like findOrg: the one that it meant before.
 * @param accept whether it may mean another vault from now on
 * @throws CofferError `not-found`, `stale`, `tampering` (reason `directory-moved`)
 */
export async function findProject(
  session: Session,
  context: Context,
  org: VaultId,
  name: string,
  accept = false,
): Promise<Listed> {
  const found = await find(session, context, await session.vaults.get(org), 'project', name)
  if (accept) pinProject(session, org, found)
  else checkPin(session, org, found)
  return found
}

async function find(
  session: Session,
  context: Context,
  above: VaultShell,
  kind: 'org' | 'project',
  name: string,
): Promise<Listed> {
  checkLetIn(session)
  const { vaults, loading, ended } = session
  const all = (): readonly Listed[] =>
    kind === 'org' ? vaults.orgs() : vaults.projects(above.vaultId)
  const found = (): Listed | undefined => all().find((one) => one.name === name)
  if (!isOffline(context)) await loading.wait(above, () => found() !== undefined, ended)
  const there = found()
  if (there !== undefined) return there
  if (loading.has(above.vaultId)) throw stillLoading(`the list of ${kind}s`)
  throw noScope(kind, name, all())
}

/** Waits until a directory is here as a whole. @throws CofferError `stale` when it is loading still */
export async function wholeDirectory(
  session: Session,
  context: Context,
  above: VaultShell,
  kind: 'org' | 'project',
): Promise<void> {
  checkLetIn(session)
  const { loading, ended } = session
  if (!isOffline(context)) await loading.wait(above, () => false, ended)
  if (loading.has(above.vaultId)) throw stillLoading(`the list of ${kind}s`)
}

async function resolve(session: Session, context: Context, target: Target): Promise<Place> {
  checkLetIn(session)
  const { vaults } = session
  const { name } = target
  if (target.kind === 'user') {
    const vault = { vaultId: vaults.userVault, kind: 'user' as const }
    return { shell: vaults.user, vault, name, reference: formatReference(target) }
  }
  const org = await findOrg(session, context, target.org)
  const project = await findProject(session, context, org.vaultId, target.project)
  const shell = await vaults.get(project.vaultId)
  const vault = {
    vaultId: project.vaultId,
    kind: 'project' as const,
    org: org.name,
    project: project.name,
  }
  return { shell, vault, name, reference: formatReference(target) }
}

/** The secret that `typed` means under the caller's selection. @throws CofferError `usage`, `format`, `not-found` … */
export async function placeOf(session: Session, context: Context, typed: string): Promise<Place> {
  return resolve(session, context, parseReference(typed, await selectionOf(session, context)))
}

/** The same for many names, under a selection that is looked up once. */
export async function placesOf(
  session: Session,
  context: Context,
  typed: readonly string[],
): Promise<readonly Place[]> {
  const selection = await selectionOf(session, context)
  return Promise.all(typed.map((one) => resolve(session, context, parseReference(one, selection))))
}

/** The vault and path prefix that a listing means; `name` is '' for the whole vault. */
export async function prefixOf(
  session: Session,
  context: Context,
  typed: string | undefined,
): Promise<Place> {
  return resolve(session, context, parsePrefix(typed, await selectionOf(session, context)))
}

/**
 * The secret (or, without a name, the vault) that a caller wants as variables of a child. The nearest `.coffer.yaml` may
 * be a stranger's: it has no say in what a program in its folder is given until `allow` pinned its bytes.
 * @param selections what bothSelections said, where many places are looked up
 * @throws CofferError `refused` (reason `not-allowed`) when that file alone chooses it, else as placeOf and prefixOf
 */
export async function variablePlace(
  session: Session,
  context: Context,
  typed: string | undefined,
  selections?: Selections,
): Promise<Place> {
  const { selected, without, file } = selections ?? (await bothSelections(session, context))
  const meant = (scope: Selection): Target =>
    typed === undefined ? parsePrefix(undefined, scope) : parseReference(typed, scope)
  const target = meant(selected)
  const isFree = file === undefined || isAllowed(session, file)
  if (!isFree && !sameTarget(target, () => meant(without))) throw notAllowed(file.path)
  return resolve(session, context, target)
}

/** Whether the other way to the target leads there, too; a failing one leads nowhere. */
function sameTarget(target: Target, other: () => Target): boolean {
  try {
    return formatReference(target) === formatReference(other())
  } catch (error) {
    if (error instanceof CofferError) return false
    throw error
  }
}

/** The canonical reference of another name in the same vault. */
export function referenceIn(vault: VaultRef, name: string): string {
  if (vault.org === undefined || vault.project === undefined) {
    return formatReference({ kind: 'user', name })
  }
  return formatReference({ kind: 'project', org: vault.org, project: vault.project, name })
}

/** `acme/web`, `acme`, or `/user`: how a vault is called in messages; undefined where refOf is. */
export function vaultName(session: Session, vaultId: VaultId): string | undefined {
  const ref = refOf(session, vaultId)
  if (ref === undefined) return undefined
  const { kind, org = '', project } = ref
  if (kind === 'user') return '/user'
  return displayText(project === undefined ? org : `${org}/${project}`)
}

/** A vault as people know it; undefined for one that no directory names any more. */
export function refOf({ vaults }: Session, vaultId: VaultId): VaultRef | undefined {
  if (vaultId === vaults.userVault) return { vaultId, kind: 'user' }
  for (const org of vaults.orgs()) {
    if (org.vaultId === vaultId) return { vaultId, kind: 'org', org: org.name }
    const project = vaults.projects(org.vaultId).find((one) => one.vaultId === vaultId)
    if (project !== undefined) {
      return { vaultId, kind: 'project', org: org.name, project: project.name }
    }
  }
  return undefined
}
