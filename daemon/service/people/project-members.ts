import { displayText } from '../../../shared/display.js'
import { CofferError } from '../../../shared/errors.js'
import { LIMITS } from '../../../shared/limits.js'
import { projectLevelOf, projectRole } from '../../../shared/log/levels.js'
import { RIGHTS } from '../../../shared/log/roles.js'
import type { Params, Result } from '../../../shared/protocol/local.js'
import type { Warning } from '../../../shared/protocol/local-common.js'
import { exposedTo } from '../removal/exposure.js'
import { encodeGrant, grantIn, grantName, pairsOf, settleFor, type Pair } from './grants.js'
import { stillLoading } from '../secrets/missing.js'
import { checkMayGrant, checkNotSelf, decide } from './org.js'
import { leftWarnings } from './org-joiners.js'
import { lookalikeWarnings, shownMember } from './org-members.js'
import { findOrg, findProject, prefixOf, selectionOf } from '../place.js'
import { findMember, membersOf, roleOfUser } from './org-people.js'
import { checkMayManage, type Session } from '../session.js'

// Who may do what in one project: what its admins decided there goes before the org's level.

type Where = Pick<Params<'projectMemberList'>, 'context' | 'path'>

type Place = Pair & { readonly warnings: Warning[] }

function userVault(): CofferError {
  return new CofferError(
    'refused',
    'what is under /user is yours alone: there are no permissions',
    {
      reason: 'user-vault',
      next: 'name a project: coffer://ORG/PROJECT',
    },
  )
}

function noProject(): CofferError {
  return new CofferError('usage', 'no project is selected', {
    reason: 'no-project',
    next: 'give --org ORG --project PROJECT, or choose them: coffer project select PROJECT',
  })
}

/** Names of the org and project that a path, else the selection, means. */
async function namesOf(
  session: Session,
  { context, path }: Where,
): Promise<{ readonly org: string; readonly project: string; readonly deeper: boolean }> {
  if (path === undefined) {
    const { org, project } = await selectionOf(session, context)
    if (org === undefined || project === undefined) throw noProject()
    return { org, project, deeper: false }
  }
  const { vault, name } = await prefixOf(session, context, path)
  if (vault.org === undefined || vault.project === undefined) throw userVault()
  return { org: vault.org, project: vault.project, deeper: name !== '' }
}

async function placeOf(session: Session, where: Where): Promise<Place> {
  const { context } = where
  const names = await namesOf(session, where)
  const { vaults, loading, ended } = session
  const org = await findOrg(session, context, names.org)
  const project = await findProject(session, context, org.vaultId, names.project)
  const [above, shell] = [await vaults.get(org.vaultId), await vaults.get(project.vaultId)]
  for (const one of [above, shell]) {
    await loading.wait(one, () => false, ended)
    if (loading.has(one.vaultId)) throw stillLoading('the project')
  }
  const warnings: Warning[] = []
  if (names.deeper) {
    const message = `there are no rights for single secrets: this is about all of ${displayText(`${org.name}/${project.name}`)}`
    warnings.push({ code: 'whole-project', message })
  }
  const found = { orgId: org.vaultId, orgName: org.name, projectName: project.name }
  return { ...found, org: above, project: shell, warnings }
}

export async function listProjectMembers(
  session: Session,
  params: Params<'projectMemberList'>,
): Promise<Result<'projectMemberList'>> {
  const place = await placeOf(session, params)
  const { replica } = place.project
  const { membership } = replica
  const members = membersOf(place.org.replica).flatMap((member) => {
    const role = membership && roleOfUser(membership, member.userId)
    const own = grantIn(replica, member.userId)?.level
    if (role === undefined || own === 'none') return []
    const shown = { ...shownMember(session, member), level: projectLevelOf(role) }
    return { member: shown, own: own !== undefined }
  })
  const warnings = [...place.warnings, ...lookalikeWarnings(members.map(({ member }) => member))]
  return { org: place.orgName, project: place.projectName, members, warnings }
}

/** Decides what a member of the org may do in one project. */
export async function setProjectMember(
  session: Session,
  { who, level, ...where }: Params<'projectMemberSet'>,
): Promise<Result<'projectMemberSet'>> {
  const place = await placeOf(session, where)
  const { project, org } = place
  const shown = displayText(`${place.orgName}/${place.projectName}`)
  const role = checkMayManage(session, project.replica, `the members of ${shown}`)
  const { userId, email } = findMember(org.replica, who)
  checkNotSelf(session, userId)
  const { membership } = project.replica
  const held = membership && roleOfUser(membership, userId)
  if (held !== undefined) checkMayGrant(role, held, projectLevelOf(held))
  if (level !== 'none') checkMayGrant(role, projectRole(level), level)
  const value = encodeGrant({ level, at: session.world.now() })
  await decide(session, project, { name: grantName(userId), value })
  const pair = pairsOf(session, place.orgId).filter(({ project: one }) => one === project)
  const left = await settleFor(session, pair, userId)
  const reads = level !== 'none' && RIGHTS[projectRole(level)].reads
  return {
    org: place.orgName,
    project: place.projectName,
    userId,
    email,
    exposed: reads ? [] : exposedTo(project.replica, userId).slice(0, LIMITS.listed),
    left: left.length,
    warnings: [...place.warnings, ...leftWarnings(left)],
  }
}
