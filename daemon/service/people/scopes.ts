import { displayText } from '../../../shared/display.js'
import { CofferError } from '../../../shared/errors.js'
import type { Params, Result } from '../../../shared/protocol/local.js'
import type { Context } from '../../../shared/protocol/local-common.js'
import type { RelayKey } from '../../../shared/ids.js'
import type { VaultKind } from '../../../shared/log/link.js'
import { relayOf } from '../../../shared/log/membership.js'
import { checkScopeName } from '../../core/vault/reference.js'
import type { NewVault } from '../../core/vault/create.js'
import type { Replica } from '../../core/vault/replica.js'
import { DIRECTORY_SPACE, type DirectoryRecord, type Listed } from './directory.js'
import { queuedIn } from '../queue.js'
import { findOrg, findProject, selectionOf, wholeDirectory } from '../place.js'
import { unpinProject } from './pins.js'
import { checkMayManage, checkMayWrite, ownRole, type Session } from '../session.js'

// Orgs and projects: vaults of their own, named by the directory above them.

type Scope = Result<'orgList'>['orgs'][number]

function scopeOf(session: Session, { vaultId, name }: Listed, selected: boolean): Scope {
  const shell = session.vaults.opened(vaultId)
  const role = shell === undefined ? undefined : ownRole(session, shell.replica)
  const queued = shell === undefined ? 0 : queuedIn(shell.replica)
  return { vaultId, name, selected, role: role ?? 'viewer', queued }
}

/** What a new vault is made of, and its entry in the directory: with a relay, if there is one. */
function freshVault(
  { device }: Session,
  kind: Exclude<VaultKind, 'user'>,
  title: string,
  relay: { readonly url: string; readonly key: RelayKey } | undefined,
): { readonly what: NewVault; readonly record: DirectoryRecord } {
  const label = device.device
  if (relay === undefined) return { what: { kind, label }, record: { kind, title } }
  const { url, key } = relay
  return { what: { kind, label, relay: key }, record: { kind, title, url, relay: key } }
}

/** A project's relay is its org's, where its members are; that of the home where the org has none yet. */
function relayOfOrg(
  { settings }: Session,
  { url, relay }: Listed,
  { membership }: Replica,
): { readonly url: string; readonly key: RelayKey } | undefined {
  const home = settings.current.relay
  const key = membership && relayOf(membership)
  if (key === undefined || key === home?.key || url === undefined || relay !== key) return home
  return { url, key }
}

function taken(kind: string, all: readonly Listed[], title: string): void {
  if (!all.some((one) => one.title === title || one.name === title)) return
  throw new CofferError(
    'exists',
    `there is ${kind === 'org' ? 'an org' : 'a project'} '${displayText(title)}' already`,
    {
      reason: `${kind}-exists`,
      next: 'choose another name',
    },
  )
}

export async function createOrg(
  session: Session,
  { name }: Params<'orgCreate'>,
): Promise<Result<'orgCreate'>> {
  const { vaults } = session
  const title = checkScopeName('org', name)
  const { user } = vaults
  checkMayWrite(session, user.replica)
  const { what, record } = freshVault(session, 'org', title, session.settings.current.relay)
  const shell = await vaults.create(user, what, record, () => taken('org', vaults.orgs(), title))
  return { vaultId: shell.vaultId, name: title, warnings: [] }
}

export async function listOrgs(
  session: Session,
  { context }: Params<'orgList'>,
): Promise<Result<'orgList'>> {
  await wholeDirectory(session, context, session.vaults.user, 'org')
  const { org: selected } = await selectionOf(session, context)
  const orgs = session.vaults.orgs().map((org) => scopeOf(session, org, org.name === selected))
  return { orgs }
}

export async function selectOrg(
  session: Session,
  { context, name }: Params<'orgSelect'>,
): Promise<object> {
  const org = name === null ? undefined : await findOrg(session, context, name.normalize('NFC'))
  session.settings.update({ org: org?.vaultId, project: undefined })
  return {}
}

/** The org that the caller selects. @throws CofferError `usage` (reason `no-org`), `not-found` */
export async function selectedOrg(session: Session, context: Context): Promise<Listed> {
  const { org } = await selectionOf(session, context)
  if (org !== undefined) return findOrg(session, context, org)
  throw new CofferError('usage', 'no org is selected', {
    reason: 'no-org',
    next: 'give --org ORG, or choose one: coffer org select ORG',
  })
}

export async function createProject(
  session: Session,
  { context, name }: Params<'projectCreate'>,
): Promise<Result<'projectCreate'>> {
  const { vaults } = session
  const title = checkScopeName('project', name)
  const org = await selectedOrg(session, context)
  const above = await vaults.get(org.vaultId)
  checkMayManage(session, above.replica, `the projects of ${displayText(org.name)}`)
  const relay = relayOfOrg(session, org, above.replica)
  const { what, record } = freshVault(session, 'project', title, relay)
  const check = (): void => taken('project', vaults.projects(org.vaultId), title)
  const shell = await vaults.create(above, what, record, check)
  return { vaultId: shell.vaultId, name: title, warnings: [] }
}

export async function listProjects(
  session: Session,
  { context }: Params<'projectList'>,
): Promise<Result<'projectList'>> {
  const org = await selectedOrg(session, context)
  await wholeDirectory(session, context, await session.vaults.get(org.vaultId), 'project')
  const { project: selected } = await selectionOf(session, context)
  const projects = session.vaults
    .projects(org.vaultId)
    .map((project) => scopeOf(session, project, project.name === selected))
  return { org: org.name, projects }
}

export async function selectProject(
  session: Session,
  { context, name, moved }: Params<'projectSelect'>,
): Promise<object> {
  if (name === null) {
    session.settings.update({ project: undefined })
    return {}
  }
  const org = await selectedOrg(session, context)
  const typed = name.normalize('NFC')
  const project = await findProject(session, context, org.vaultId, typed, moved)
  session.settings.update({ org: org.vaultId, project: project.vaultId })
  return {}
}

export async function removeProject(
  session: Session,
  { context, name }: Params<'projectRemove'>,
): Promise<object> {
  const { vaults, settings } = session
  const org = await selectedOrg(session, context)
  const project = await findProject(session, context, org.vaultId, name.normalize('NFC'))
  const above = await vaults.get(org.vaultId)
  await above.write((replica) => {
    checkMayManage(session, replica, `the projects of ${displayText(org.name)}`)
    return [{ space: DIRECTORY_SPACE, name: project.vaultId, value: undefined }]
  })
  unpinProject(session, project.vaultId)
  if (settings.current.project === project.vaultId) settings.update({ project: undefined })
  await vaults.discover()
  return {}
}
