import { checkpointOf } from '../../shared/log/checkpoint.js'
import { epochAt } from '../../shared/log/membership.js'
import type { UserId } from '../../shared/ids.js'
import { RIGHTS } from '../../shared/log/roles.js'
import type { Params, Result } from '../../shared/protocol/local.js'
import type { Warning } from '../../shared/protocol/local-common.js'
import { CofferError } from '../../shared/errors.js'
import { readConfig } from '../home/config.js'
import type { Access } from '../keystore/access.js'
import { otherRelaysOf, relayStateOf } from './trust/announce.js'
import { secretConflicts } from './secrets/conflicts.js'
import { pairsOf, todosOf } from './people/grants.js'
import { forkWarning } from './trust/forks.js'
import { movedWarnings } from './people/pins.js'
import { memberWarnings } from './people/members.js'
import { personOf } from './people/people.js'
import { ageOf } from './trust/fresh.js'
import { refOf, selectionOf } from './place.js'
import { ownDevices } from './devices/own-devices.js'
import { queuedIn } from './queue.js'
import { emailIn } from './people/org-people.js'
import type { Replica } from '../core/vault/replica.js'
import { hasRecovery } from './devices/recovery.js'
import type { VaultShell } from '../vault/shell.js'
import { isRemoved, ownRole, type Session } from './session.js'
import type { Held } from './vaults.js'
import { LIMITS } from '../../shared/limits.js'

type Status = Result<'status'>
type VaultStatus = Status['vaults'][number]

export type DaemonFacts = {
  readonly version: string
  readonly startedAt: number
  readonly offline: boolean
}

const NOTHING_SELECTED: Status['selection'] = {
  org: null,
  project: null,
  orgFrom: 'nothing',
  projectFrom: 'nothing',
  file: null,
}

function codeOf(error: unknown): string {
  return error instanceof CofferError ? (error.reason ?? error.code) : 'internal'
}

/** A warning's code and text from whatever a part of the status failed with. */
function warningOf(what: string, error: unknown): Warning {
  const message = error instanceof CofferError ? error.message : 'it failed unexpectedly'
  return { code: codeOf(error), message: `${what}: ${message}`.slice(0, LIMITS.message) }
}

function alarmWarnings({ shell }: Held): Warning[] {
  const alarms = shell?.alarms ?? []
  return alarms.slice(-100).map(({ reason, detail }) => ({ code: reason, message: detail }))
}

/** Changesets that came while what they build on didn't, although the relay says that this is all. */
function missingWarnings({ replica }: VaultShell): Warning[] {
  // Items of a changeset that has just begun may be on their way.
  const count = replica.waiting().filter(({ waits }) => waits !== 'items').length
  if (count === 0) return []
  const message = `${count} transactions wait for others that the relay doesn't show`
  return [{ code: 'dependency-missing', message }]
}

function checkpointIn({ membership }: Replica): VaultStatus['checkpoint'] {
  const named = membership && checkpointOf(membership)
  return named === undefined ? null : { pos: named.pos, changes: named.count }
}

function vaultStatus(session: Session, held: Held): VaultStatus | undefined {
  const { vaultId, shell, failure } = held
  const vault = refOf(session, vaultId)
  if (vault === undefined) return undefined
  if (shell === undefined) {
    const damaged = failure !== undefined
    const warnings = damaged ? [warningOf('the vault', failure)] : []
    const nothing = { secrets: 0, queued: 0, conflicts: 0, epoch: 0 }
    const unknown = { pos: null, syncedAt: null, confirmedAt: null, age: null, checkpoint: null }
    const state = damaged ? 'damaged' : 'loading'
    return { vault, state, role: null, ...nothing, ...unknown, warnings }
  }
  const { replica } = shell
  const sync = session.sync.status().vaults.find((one) => one.vaultId === vaultId)
  const { membership, cursor } = replica
  const problem =
    sync?.problem === undefined
      ? []
      : [{ code: sync.problem.reason ?? sync.problem.code, message: sync.problem.message }]
  return {
    vault,
    state: stateOf(session, replica),
    role: ownRole(session, replica) ?? null,
    secrets: [...replica.live('secret')].length,
    queued: queuedIn(replica),
    conflicts: [...secretConflicts(replica)].length,
    pos: cursor.pos === 0 ? null : cursor.pos,
    epoch: membership === undefined ? 0 : epochAt(membership),
    syncedAt: sync?.syncedAt ?? null,
    confirmedAt: replica.confirmedAt ?? null,
    age: ageOf(session, shell) ?? null,
    checkpoint: checkpointIn(replica),
    warnings: [
      ...[forkWarning(replica) ?? []].flat(),
      ...alarmWarnings(held),
      ...memberWarnings(session, shell),
      ...(vaultId === session.vaults.userVault ? lastDeviceWarnings(session) : []),
      ...(sync?.phase === 'live' ? missingWarnings(shell) : []),
      ...problem,
    ].slice(-100),
  }
}

function stateOf(session: Session, replica: Replica): 'ready' | 'loading' | 'removed' {
  if (isRemoved(session, replica)) return 'removed'
  return session.loading.has(replica.vaultId) ? 'loading' : 'ready'
}

/** Nobody can bring back what only one device opens. */
function lastDeviceWarnings(session: Session): Warning[] {
  const [only, ...others] = ownDevices(session)
  if (only?.id !== session.identity.device || others.length > 0) return []
  const way = session.settings.current.relay === undefined ? 'relay set, then ' : ''
  const message = `this is your only device, and there is no way back when it is lost; run coffer ${way}recovery create`
  return [{ code: 'last-device', message }]
}

/** What projects that this device manages lack of what the org's admins decided. */
function todoOf(session: Session): Status['todo'] {
  const managed = pairsOf(session).filter(({ project }) => {
    const role = ownRole(session, project.replica)
    return role !== undefined && RIGHTS[role].manages
  })
  const emails = new Map<UserId, string>()
  return todosOf(session, managed).map(({ orgName, projectName, userId, org, may }) => {
    const email = emails.get(userId) ?? emailIn(org.replica, userId)
    emails.set(userId, email)
    return { org: orgName, project: projectName, userId, email, own: may }
  })
}

async function openPart(
  session: Session,
  { context }: Params<'status'>,
): Promise<
  Pick<
    Status,
    | 'device'
    | 'user'
    | 'selection'
    | 'relay'
    | 'otherRelays'
    | 'joining'
    | 'recovery'
    | 'vaults'
    | 'todo'
    | 'warnings'
  >
> {
  const { device, vaults, settings } = session
  const warnings: Warning[] = []
  const selection = await selectionOf(session, context).catch((error: unknown) => {
    warnings.push(warningOf('the selection', error))
    return undefined
  })
  const user = vaults.opened(vaults.userVault)?.replica
  const { name, email } = user === undefined ? device : personOf(user)
  return {
    device: { deviceId: device.deviceId, name: device.device },
    user: { userId: device.userId, name, email },
    selection:
      selection === undefined
        ? NOTHING_SELECTED
        : {
            org: selection.org ?? null,
            project: selection.project ?? null,
            orgFrom: selection.orgFrom,
            projectFrom: selection.projectFrom,
            file: selection.file,
          },
    relay: relayStateOf(session),
    otherRelays: otherRelaysOf(session),
    joining: settings.current.join !== undefined,
    recovery: user === undefined ? null : hasRecovery(session),
    vaults: vaults.all().flatMap((held) => vaultStatus(session, held) ?? []),
    todo: todoOf(session),
    warnings: [...warnings, ...movedWarnings(session)].slice(-100),
  }
}

/** Everything about the daemon; names only while the home is open. */
export async function statusOf(
  facts: DaemonFacts,
  access: Access,
  session: Session | undefined,
  params: Params<'status'>,
): Promise<Status> {
  const warnings: Warning[] = []
  const attempt = <T>(what: string, read: () => T, otherwise: T): T => {
    try {
      return read()
    } catch (error) {
      warnings.push(warningOf(what, error))
      return otherwise
    }
  }
  const minutes =
    access.state === 'none'
      ? undefined
      : attempt('the configuration', () => readConfig(access.home).autoLock, undefined)
  const opener = attempt('the keystore', () => access.openerKind, null)
  const closed = {
    device: null,
    user: null,
    selection: NOTHING_SELECTED,
    relay: null,
    otherRelays: [],
    joining: false,
    recovery: null,
    vaults: [],
    todo: [],
    warnings: [],
  }
  const open = session === undefined ? closed : await openPart(session, params)
  return {
    version: facts.version,
    pid: process.pid,
    startedAt: facts.startedAt,
    home: access.path,
    state: access.state,
    opener,
    autoLock: minutes === undefined ? null : minutes * 60_000,
    offline: facts.offline,
    ...open,
    warnings: [...warnings, ...open.warnings],
  }
}
