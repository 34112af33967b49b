import { displayText } from '../../../shared/display.js'
import { CofferError } from '../../../shared/errors.js'
import { LIMITS } from '../../../shared/limits.js'
import { deviceIdOf } from '../../../shared/log/device.js'
import { activeDevices } from '../../../shared/log/membership.js'
import { RIGHTS } from '../../../shared/log/roles.js'
import type { UserId } from '../../../shared/ids.js'
import type { Params, Result } from '../../../shared/protocol/local.js'
import type { Warning } from '../../../shared/protocol/local-common.js'
import { allPairs, settleFor } from './grants.js'
import { addLink, letIn } from '../links.js'
import { checkMayGrantIn, decide, membersOfOrg, type Org } from './org.js'
import { recordOf } from './org-invites.js'
import { admittedBy } from '../devices/own-devices.js'
import { encodeMember, memberName, memberRecord, type MemberRecord } from './org-people.js'
import {
  checkMeant,
  waitingAt,
  wholeFingerprint,
  type Meant,
  type Waiting,
} from '../devices/requests.js'
import { checkMayManage, ownRole, type Session } from '../session.js'

// People who answered an invite to an org: shown with what the inviter wrote of them, let in by a fingerprint typed in full.

const AGAIN = 'make another: coffer org invite EMAIL --permission LEVEL'

type Joiner = Org & { readonly waiting: Waiting; readonly record: MemberRecord | undefined }

/** The orgs that this device manages. */
export function managedOrgs(session: Session): Org[] {
  const { vaults } = session
  return vaults.orgs().flatMap((listed) => {
    const shell = vaults.opened(listed.vaultId)
    const role = shell && ownRole(session, shell.replica)
    return shell !== undefined && role !== undefined && RIGHTS[role].manages
      ? [{ listed, shell }]
      : []
  })
}

async function joiners(session: Session): Promise<{ all: Joiner[]; problem?: CofferError }> {
  const all: Joiner[] = []
  let problem: CofferError | undefined
  for (const org of managedOrgs(session)) {
    const found = await waitingAt(session, org.shell)
    problem ??= found.problem
    for (const waiting of found.all) {
      if (waiting.invite.userId !== undefined) continue
      all.push({ ...org, waiting, record: recordOf(org.shell.replica, waiting.invite) })
    }
  }
  return problem === undefined ? { all } : { all, problem }
}

export async function joinerRequests(session: Session): Promise<Result<'orgInviteRequests'>> {
  const { all, problem } = await joiners(session)
  const now = session.world.now()
  const requests = all.flatMap(({ listed, record, waiting: { fingerprint, at, invite } }) => {
    if (record === undefined) return []
    const { level, email, name } = record
    const { expires } = invite
    const expired = now > expires
    return { fingerprint, org: listed.name, email, name, level, at, expiresAt: expires, expired }
  })
  const warnings: Warning[] = []
  if (problem !== undefined) {
    warnings.push({ code: 'stale', message: 'a relay was not asked: it does not answer' })
  }
  return { requests, warnings }
}

/**
 * Lets the person in whose device has this fingerprint: into the org, then, at their level, into its projects. Nothing secret
 * leaves before. `meant`: the device, and the invite that it answers, must be these.
 * @throws CofferError `format`, `not-found`, `expired`, `refused`, `unreachable`, `stale`, `tampering` (`pgp-other-device`)
 */
export async function confirmJoiner(
  session: Session,
  { fingerprint: typed }: Params<'orgInviteConfirm'>,
  meant?: Meant,
): Promise<Result<'orgInviteConfirm'>> {
  const fingerprint = wholeFingerprint(typed)
  const { all, problem } = await joiners(session)
  const found = all.find(({ waiting }) => waiting.fingerprint === fingerprint)
  if (found !== undefined) {
    checkMeant(found.waiting.statement, meant, AGAIN)
    return welcome(session, found)
  }
  for (const org of managedOrgs(session)) {
    const { replica } = org.shell
    const members = replica.membership === undefined ? [] : activeDevices(replica.membership)
    const statement = admittedBy(replica, members, fingerprint)
    // Another device was faster, or the word of this one's own success was lost: again, it completes what is left.
    if (statement === undefined) continue
    checkMeant(statement, meant, AGAIN)
    return finish(session, org, statement.userId)
  }
  throw problem ?? noRequest()
}

async function welcome(
  session: Session,
  { listed, shell, waiting, record }: Joiner,
): Promise<Result<'orgInviteConfirm'>> {
  const { request, statement, invite } = waiting
  const { world } = session
  if (record === undefined) throw unknownLevel()
  if (world.now() > invite.expires) throw lateRequest()
  const role = checkMayManage(session, shell.replica, membersOfOrg(listed.name))
  checkMayGrantIn(role, record.level)
  const name = memberName(statement.userId)
  await decide(session, shell, { name, value: encodeMember(record) })
  const deviceId = deviceIdOf(statement.keys)
  await addLink(session, shell, (replica) => {
    if (replica.membership?.devices.has(deviceId) === true) return undefined
    const parts = letIn(session, replica, statement, record.name, invite.role)
    const { wraps, wrapsHash, label } = parts
    return { action: { kind: 'admit', body: { request, wraps: wrapsHash, label } }, wraps }
  })
  return finish(session, { listed, shell }, statement.userId)
}

/** The rest, once somebody is in the org: its projects. */
async function finish(
  session: Session,
  { listed, shell }: Org,
  userId: UserId,
): Promise<Result<'orgInviteConfirm'>> {
  const record = memberRecord(shell.replica, memberName(userId))
  const left = await settleFor(session, await allPairs(session, listed.vaultId), userId)
  const { email = '', name = '', level = 'read' } = record ?? {}
  return { org: listed.name, userId, email, name, level, left, warnings: leftWarnings(left) }
}

/** What is said of projects in which something is left to be done. */
export function leftWarnings(left: readonly string[]): Warning[] {
  if (left.length === 0) return []
  const names = displayText(left.slice(0, 20).join(', '))
  const message = `not done yet in ${left.length} projects (${names}): it goes on in the background, see coffer status`
  return [{ code: 'todo', message: message.slice(0, LIMITS.message) }]
}

function unknownLevel(): CofferError {
  return new CofferError('stale', 'what this invite allows has not come to this device yet', {
    reason: 'loading',
    next: 'run coffer sync, then confirm again',
  })
}

function lateRequest(): CofferError {
  return new CofferError('expired', 'the invite that this person answers has expired', {
    reason: 'invite-expired',
    next: AGAIN,
  })
}

function noRequest(): CofferError {
  return new CofferError('not-found', 'nobody who waits has this fingerprint', {
    reason: 'no-request',
    next: 'compare it with what the person reads to you; coffer org invite requests lists who waits',
  })
}
