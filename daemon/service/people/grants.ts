import type { Bytes } from '../../../shared/bytes.js'
import { decode, encode, oneOf, req, struct, uint, type TypeOf } from '../../../shared/codec.js'
import { CofferError, hasCode } from '../../../shared/errors.js'
import type { UserId, VaultId } from '../../../shared/ids.js'
import { LIMITS } from '../../../shared/limits.js'
import { LEVELS, projectRole, type Level } from '../../../shared/log/levels.js'
import { devicesOf, roleAt, type Membership } from '../../../shared/log/membership.js'
import { descendantsOf, mayRemove } from '../../../shared/log/removal.js'
import { mayGrant, type Role } from '../../../shared/log/roles.js'
import { planMember, planRemoval, planRole, type Plan } from '../../core/vault/removing.js'
import type { Replica } from '../../core/vault/replica.js'
import type { VaultShell } from '../../vault/shell.js'
import { addLink, isLocal } from '../links.js'
import { statementOf } from '../devices/own-devices.js'
import { caughtUp, removing } from '../removal/removal.js'
import { levelIn, personalDevices, roleOfUser, SETTING } from './org-people.js'
import { ownRole, type Session } from '../session.js'

// An org's members in its projects (SPEC section 13). What is to be done isn't written down anywhere: it follows from the
// org's chain, its admins' settings and the project's chain, so any admin's device sees it, and can finish it.

/** A value of `grant/<userId>` in a project: counts from its owners and admins only, and goes before the org's level. */
const grantCodec = struct({
  level: req(0, oneOf([...LEVELS, 'none', 'seal'] as const)),
  /** When, milliseconds since 1970. */
  at: req(1, uint()),
})
export type Grant = TypeOf<typeof grantCodec>

export const grantName = (userId: UserId): string => `grant/${userId}`

export function encodeGrant(grant: Grant): Bytes {
  return encode(grantCodec, grant)
}

/** What a project's admins decided for one person; undefined where the org's level holds. */
export function grantIn(project: Replica, userId: UserId): Grant | undefined {
  const found = project.get(SETTING, grantName(userId))
  if (found === undefined) return undefined
  try {
    return decode(grantCodec, project.value(found.winner), 'a grant', 64)
  } catch (error) {
    if (error instanceof CofferError && error.code === 'format') return undefined
    throw error
  }
}

/** One link that a project lacks. */
type Step = {
  readonly plan: () => Plan | undefined
  /** Whether this device may sign it: else somebody of a higher role must. */
  readonly may: boolean
}

type Here = {
  readonly session: Session
  readonly org: Replica
  readonly project: Replica
  readonly userId: UserId
  /** In the org; undefined for who isn't in. */
  readonly level: Level | undefined
}

/** What brings one person's part in a project in line with the org; undefined when nothing is left to do. */
function stepFor(here: Here): Step | undefined {
  const { session, org, project, userId, level } = here
  const { membership: m } = project
  const role = ownRole(session, project)
  if (m === undefined || role === undefined || org.membership === undefined) return undefined
  if (userId === session.identity.userId) return undefined
  // Before anything else, and whoever has come into the org under the same user since.
  const removal = removalStep(here, m, org.membership)
  if (removal !== undefined || level === undefined) return removal
  const own = grantIn(project, userId)?.level
  const wanted = own === 'none' ? 'viewer' : projectRole(own ?? level)
  const held = roleOfUser(m, userId)
  if (held === undefined) return memberStep(here, m, org.membership, wanted)
  // Whoever made a project keeps it while they manage the org.
  const founder = m.devices.founder?.userId
  if (held === wanted || (held === 'owner' && wanted === 'admin' && founder === userId)) {
    return undefined
  }
  return {
    plan: () => planRole(removing(session, project), session.identity.device, userId, wanted),
    may: mayGrant(role, held) && mayGrant(role, wanted),
  }
}

/**
 * Only devices that the org's chain shows as removed are removed, and what they brought in and the org doesn't keep: none of
 * them ever returns, so that a stale view of the org takes nobody out who has come back.
 */
function removalStep(here: Here, m: Membership, org: Membership): Step | undefined {
  const { session, project, userId } = here
  const gone = devicesOf(m, userId).filter(({ id }) => {
    return org.devices.has(id) && roleAt(org, id) === undefined
  })
  if (gone.length === 0) return undefined
  const named = new Set(gone.map(({ id }) => id))
  const brought = [...descendantsOf(m, userId, named)]
  const kept = new Set(brought.filter((id) => roleAt(org, id) !== undefined))
  const all = [...named, ...brought.filter((id) => !kept.has(id))]
  const author = m.devices.get(session.identity.device)
  const role = ownRole(session, project)
  const may = all.every((id) => {
    const target = m.devices.get(id)
    if (author === undefined || role === undefined || target === undefined) return false
    return mayRemove(m, author, role, target)
  })
  return { plan: () => planRemoval(removing(session, project), named, kept), may }
}

function memberStep(
  { session, org, project, userId }: Here,
  m: Membership,
  members: Membership,
  wanted: Role,
): Step | undefined {
  const role = ownRole(session, project)
  const statements = personalDevices(members, userId)
    // A recovery device is brought by its own user's, who can mark it as one.
    .filter(({ id, recovery }) => !recovery && !m.devices.has(id))
    .slice(0, LIMITS.memberDevices)
    .flatMap((record) => statementOf(org, record) ?? [])
  if (statements.length === 0) return undefined
  return {
    plan: () => planMember(removing(session, project), statements, wanted, () => ''),
    may: role !== undefined && mayGrant(role, wanted),
  }
}

/** A project of an org, both open and known to be up to date. */
export type Pair = {
  readonly orgId: VaultId
  readonly orgName: string
  readonly org: VaultShell
  readonly projectName: string
  readonly project: VaultShell
}

/** Whether what is here is all that the relay has, as far as it says. */
function isCurrent({ sync, loading }: Session, { vaultId, replica }: VaultShell): boolean {
  if (replica.membership === undefined || loading.has(vaultId)) return false
  const phase = sync.status().vaults.find((one) => one.vaultId === vaultId)?.phase
  return isLocal(replica) || phase === 'live'
}

/** The projects of this person's orgs (or of one) that are open, with their orgs. */
export function pairsOf({ vaults }: Session, only?: VaultId): Pair[] {
  return vaults.orgs().flatMap((listed) => {
    const org = vaults.opened(listed.vaultId)
    if (org === undefined || (only !== undefined && listed.vaultId !== only)) return []
    return vaults.projects(listed.vaultId).flatMap(({ vaultId, name }) => {
      const project = vaults.opened(vaultId)
      if (project === undefined) return []
      return { orgId: listed.vaultId, orgName: listed.name, org, projectName: name, project }
    })
  })
}

/** Everybody whom an org's chain knows, or knew. */
function usersOf({ membership }: Replica): UserId[] {
  return [...new Set([...(membership?.devices.values() ?? [])].map(({ userId }) => userId))]
}

/** Something that is still to be done in a project. */
export type Todo = Pair & { readonly userId: UserId; readonly may: boolean }

/** What remains to be done in projects, for one user or for all. */
export function todosOf(session: Session, pairs: readonly Pair[], user?: UserId): Todo[] {
  const levels = new Map<VaultId, ReadonlyMap<UserId, Level | undefined>>()
  const levelsIn = (org: Replica): ReadonlyMap<UserId, Level | undefined> => {
    const users = user === undefined ? usersOf(org) : [user]
    const all = levels.get(org.vaultId) ?? new Map(users.map((id) => [id, levelIn(org, id)]))
    levels.set(org.vaultId, all)
    return all
  }
  return pairs.flatMap((pair) => {
    const [org, project] = [pair.org.replica, pair.project.replica]
    return [...levelsIn(org)].flatMap(([userId, level]) => {
      const step = stepFor({ session, org, project, userId, level })
      return step === undefined ? [] : { ...pair, userId, may: step.may }
    })
  })
}

/** Links that one person may need in one project: out with old devices, in with new ones, another role. */
const STEPS = 3

/** One person in one project, as far as this device may. */
async function settleOne(session: Session, { org, project, userId }: Todo): Promise<void> {
  for (let step = 0; step < STEPS; step++) {
    await caughtUp(session, project)
    const made = await addLink(session, project, (replica) => {
      const level = levelIn(org.replica, userId)
      const next = stepFor({ session, org: org.replica, project: replica, userId, level })
      return next?.may === true ? next.plan() : undefined
    })
    if (!made) return
  }
}

/**
 * Does what can be done, one link each, and gives what remains. What one project refuses doesn't hold up the others.
 * @throws CofferError `unreachable` and others that pass by themselves, after the rest was tried
 */
export async function settle(
  session: Session,
  pairs: readonly Pair[],
  user?: UserId,
): Promise<readonly Todo[]> {
  let passing: CofferError | undefined
  const current = pairs.filter(({ org, project }) => {
    return isCurrent(session, org) && isCurrent(session, project)
  })
  for (const todo of todosOf(session, current, user)) {
    if (!todo.may) continue
    try {
      await settleOne(session, todo)
    } catch (error) {
      if (hasCode(error, 'unreachable', 'conflict', 'stale', 'timed-out')) passing = error
      else session.world.onError(error)
    }
  }
  if (passing !== undefined) throw passing
  return todosOf(session, pairs, user)
}

/**
 * The projects of one org, each waited for until it is open, and caught up as far as the relay answers: somebody asked for
 * something that is to be true in all of them.
 */
export async function allPairs(session: Session, org: VaultId): Promise<Pair[]> {
  const { vaults, sync, ended } = session
  const opened = await Promise.allSettled(
    vaults.projects(org).map(({ vaultId }) => vaults.get(vaultId)),
  )
  const ids = opened.flatMap((one) => {
    if (one.status === 'rejected' || isLocal(one.value.replica)) return []
    return ownRole(session, one.value.replica) === undefined ? [] : [one.value.vaultId]
  })
  try {
    if (ids.length > 0) {
      await sync.barrier(ids, { timeout: LIMITS.linkTimeout, signal: ended })
    }
  } catch (error) {
    // What isn't reached now is left to the background.
    if (!(error instanceof CofferError)) throw error
  }
  return pairsOf(session, org)
}

/** Does what can be done for one person now, and names the projects in which something remains: for the background. */
export async function settleFor(
  session: Session,
  pairs: readonly Pair[],
  user: UserId,
): Promise<string[]> {
  try {
    await settle(session, pairs, user)
  } catch (error) {
    if (!(error instanceof CofferError)) throw error
  }
  return todosOf(session, pairs, user).map(({ projectName }) => projectName)
}
