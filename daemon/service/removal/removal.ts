import { displayText } from '../../../shared/display.js'
import { CofferError } from '../../../shared/errors.js'
import type { DeviceId } from '../../../shared/ids.js'
import { LIMITS } from '../../../shared/limits.js'
import {
  activeDevices,
  devicesOf,
  epochAt,
  roleAt,
  type DeviceRecord,
  rotationOwed,
} from '../../../shared/log/membership.js'
import { descendantsOf, mayRemove } from '../../../shared/log/removal.js'
import { RIGHTS } from '../../../shared/log/roles.js'
import type { Params, Result } from '../../../shared/protocol/local.js'
import type { Warning } from '../../../shared/protocol/local-common.js'
import { planRemoval, planRotation } from '../../core/vault/removing.js'
import type { Replica } from '../../core/vault/replica.js'
import type { VaultShell } from '../../vault/shell.js'
import { addLink, isLocal } from '../links.js'
import { ownDevices } from '../devices/own-devices.js'
import { deviceLabel } from '../people/people.js'
import { prefixOf, referenceIn, refOf } from '../place.js'
import { checkMayWrite, type Session } from '../session.js'
import { byCodePoint } from '../text.js'

// Taking devices out of use: one link in each vault, with the cut and the new key (SPEC section 5).

/** What plans of removals work on. */
export function removing(
  { world }: Session,
  { chain, graph }: Replica,
): Parameters<typeof planRemoval>[0] {
  return { chain, graph, random: world.random }
}

/** A cut is taken from what this device has read: first all that the relay has. @throws CofferError `unreachable` … */
export async function caughtUp({ sync, ended }: Session, shell: VaultShell): Promise<void> {
  if (isLocal(shell.replica)) return
  await sync.barrier([shell.vaultId], { timeout: LIMITS.linkTimeout, signal: ended })
}

/**
 * Removes those of these devices of this person that are active in a vault. What they brought in there stays, for the user
 * vault has said which go. Tells whether a link was made.
 * @throws CofferError `unreachable`, `conflict`, `tampering` where their role is above this device's
 */
export async function shutOut(
  session: Session,
  shell: VaultShell,
  gone: ReadonlySet<DeviceId>,
): Promise<boolean> {
  const { userId, device } = session.identity
  const theirs = (replica: Replica): DeviceRecord[] => {
    const m = replica.membership
    return m === undefined ? [] : devicesOf(m, userId)
  }
  // Of recovery devices only those that this one may remove.
  const goes = (replica: Replica, one: DeviceRecord): boolean =>
    gone.has(one.id) && (!one.recovery || mayRemoveOwn(replica, device, one))
  const isThere = (replica: Replica): boolean => theirs(replica).some((one) => goes(replica, one))
  if (!isThere(shell.replica)) return false
  await caughtUp(session, shell)
  return addLink(session, shell, (replica) => {
    if (!isThere(replica)) return undefined
    const all = theirs(replica)
    const named = new Set(all.filter((one) => goes(replica, one)).map(({ id }) => id))
    const kept = new Set(all.map(({ id }) => id).filter((id) => !named.has(id)))
    return planRemoval(removing(session, replica), named, kept)
  })
}

/** Whether this device may remove another one of its person from a vault. */
function mayRemoveOwn({ membership: m }: Replica, device: DeviceId, target: DeviceRecord): boolean {
  const [by, role] = [m?.devices.get(device), m && roleAt(m, device)]
  return m !== undefined && by !== undefined && role !== undefined && mayRemove(m, by, role, target)
}

/** Devices of this person that the user vault has removed. */
export function removedDevices({ vaults, identity }: Session): Set<DeviceId> {
  const m = vaults.user.replica.membership
  const own = [...(m?.devices.values() ?? [])].filter(({ userId }) => userId === identity.userId)
  return new Set(own.map(({ id }) => id).filter((id) => m && roleAt(m, id) === undefined))
}

/** Vaults besides the user vault in which one of these devices is still active. */
function vaultsWith({ vaults }: Session, devices: ReadonlySet<DeviceId>): VaultShell[] {
  return vaults.all().flatMap(({ vaultId, shell }) => {
    const m = shell?.replica.membership
    if (shell === undefined || m === undefined || vaultId === vaults.userVault) return []
    return activeDevices(m).some(({ id }) => devices.has(id)) ? [shell] : []
  })
}

/** Finishes what a removal in the user vault has left to be done elsewhere. @throws CofferError `unreachable` … */
export async function shutOutEverywhere(session: Session): Promise<void> {
  const gone = removedDevices(session)
  if (gone.size === 0 || gone.has(session.identity.device)) return
  for (const shell of vaultsWith(session, gone)) await shutOut(session, shell, gone)
}

/** What whoever reads these vaults could read: every name that holds a value now, in order. */
export function rotateList(session: Session, shells: readonly VaultShell[]): string[] {
  const names = shells.flatMap((shell) => {
    const vault = refOf(session, shell.vaultId)
    if (vault === undefined || vault.kind === 'org') return []
    const live = [...shell.replica.live('secret')].filter(
      ({ winner }) => winner.sealed === undefined,
    )
    return live.map(({ winner }) => referenceIn(vault, winner.name))
  })
  return names.toSorted(byCodePoint).slice(0, LIMITS.listed)
}

/** Whether a device holds, or held, the vault's key. */
function couldRead(shell: VaultShell, devices: ReadonlySet<DeviceId>): boolean {
  const m = shell.replica.membership
  return [...devices].some((id) =>
    m?.devices.get(id)?.roles.some(({ role }) => role !== undefined && RIGHTS[role].reads),
  )
}

/** The device of this person that was typed. @throws CofferError `not-found`, `usage` (reason `ambiguous-device`) */
function typedDevice(session: Session, typed: string): DeviceId {
  const user = session.vaults.user.replica
  const all = ownDevices(session)
  const named = all.filter(({ id }) => deviceLabel(user, id) === typed)
  const isPrefix = /^[0-9a-f]{6,64}$/.test(typed)
  const found = named.length > 0 ? named : all.filter(({ id }) => isPrefix && id.startsWith(typed))
  const [device, ...more] = found
  if (more.length > 0) {
    throw new CofferError('usage', `several devices are called ${displayText(typed)}`, {
      reason: 'ambiguous-device',
      next: 'give the id that coffer device ls shows',
    })
  }
  if (device !== undefined) return device.id
  throw new CofferError('not-found', `no device of yours is called ${displayText(typed)}`, {
    reason: 'no-device',
    next: 'see coffer device ls',
  })
}

export async function revokeDevice(
  session: Session,
  { device: typed, keep }: Params<'deviceRevoke'>,
): Promise<Result<'deviceRevoke'>> {
  const { vaults } = session
  const { user } = vaults
  checkMayWrite(session, user.replica)
  const device = typedDevice(session, typed)
  const kept = new Set(keep.map((one) => typedDevice(session, one)))
  checkRevocable(session, device)
  await caughtUp(session, user)
  const gone = goneWith(session, device, kept)
  const readable = vaults
    .all()
    .flatMap(({ shell }) => (shell !== undefined && couldRead(shell, gone) ? [shell] : []))
  const rotate = rotateList(session, readable)
  const warnings: Warning[] = keptRecovery(session, device)
  const names = [...gone].map((id) => ({ deviceId: id, name: deviceLabel(user.replica, id) ?? '' }))
  await addLink(session, user, (replica) => {
    const m = replica.membership
    if (m === undefined || roleAt(m, device) === undefined) return undefined
    return planRemoval(removing(session, replica), new Set([device]), keepers(session, kept))
  })
  const others = vaultsWith(session, gone)
  let vaultsDone = 1
  for (const shell of gone.has(session.identity.device) ? [] : others) {
    try {
      await shutOut(session, shell, gone)
      vaultsDone++
    } catch (error) {
      if (!(error instanceof CofferError)) throw error
    }
  }
  const remaining = vaultsWith(session, gone).length
  if (remaining > 0) {
    const message = `${remaining} vaults are still to be done: any device of yours goes on with them by itself`
    warnings.push({ code: 'removal-open', message })
  }
  return { devices: names, vaults: vaultsDone, remaining, rotate, warnings }
}

/** A recovery device that this one may not remove goes with nobody: it is there for this very hour. */
function keepers(session: Session, kept: ReadonlySet<DeviceId>): Set<DeviceId> {
  const user = session.vaults.user.replica
  const cold = ownDevices(session).filter(
    (one) => one.recovery && !mayRemoveOwn(user, session.identity.device, one),
  )
  return new Set([...kept, ...cold.map(({ id }) => id)])
}

/** Recovery devices that a revoked one made and that stay: whoever has their files can come back by them. */
function keptRecovery(session: Session, device: DeviceId): Warning[] {
  const m = session.vaults.user.replica.chain.known()
  const stays = keepers(session, new Set())
  const rest = descendantsOf(m, session.identity.userId, new Set([device]))
  const count = [...rest].filter((id) => stays.has(id)).length
  if (count === 0) return []
  const message = `${count} recovery devices that it made stay, since only an older one or themselves may remove them: if you didn't make them, whoever did can come back`
  return [{ code: 'recovery-kept', message }]
}

/** The devices that go with `device`. */
function goneWith(session: Session, device: DeviceId, kept: ReadonlySet<DeviceId>): Set<DeviceId> {
  const m = session.vaults.user.replica.chain.known()
  const stays = keepers(session, kept)
  const rest = descendantsOf(m, session.identity.userId, new Set([device]))
  return new Set([device, ...[...rest].filter((id) => !stays.has(id))])
}

function checkRevocable(session: Session, device: DeviceId): void {
  const all = ownDevices(session)
  const record = all.find(({ id }) => id === device)
  const user = session.vaults.user.replica
  if (record?.recovery === true && !mayRemoveOwn(user, session.identity.device, record)) {
    throw new CofferError(
      'refused',
      'this recovery device is removed only by itself or an older one',
      {
        reason: 'recovery-device',
        next: 'use it: coffer recovery use FILE',
      },
    )
  }
  if (all.some(({ id }) => id !== device)) return
  throw new CofferError('refused', 'it is your last device: nothing could read your secrets', {
    reason: 'last-device',
    next: 'let another one in first: coffer device add',
  })
}

/** Changes the key wherever who made it has left since: until then they know it. @throws CofferError `unreachable` … */
export async function rotateOwed(session: Session): Promise<void> {
  for (const { shell } of session.vaults.all()) {
    const owed = ({ membership: m, chain }: Replica): boolean =>
      m !== undefined && rotationOwed(m) && chain.mayRotate
    if (shell === undefined || !owed(shell.replica)) continue
    await addLink(session, shell, (replica) =>
      owed(replica) ? planRotation(removing(session, replica)) : undefined,
    )
  }
}

/** A new key for the selected project. @throws CofferError `usage`, `refused`, `unreachable` */
export async function rotateProject(
  session: Session,
  { context }: Params<'projectRotate'>,
): Promise<Result<'projectRotate'>> {
  const { shell, vault } = await prefixOf(session, context, undefined)
  if (vault.kind !== 'project') {
    throw new CofferError('usage', 'no project is selected', {
      reason: 'no-project',
      next: 'give --org ORG --project PROJECT, or choose one: coffer project select PROJECT',
    })
  }
  checkMayWrite(session, shell.replica)
  const before = epochAt(shell.replica.chain.known())
  await addLink(session, shell, (replica) =>
    epochAt(replica.chain.known()) > before ? undefined : planRotation(removing(session, replica)),
  )
  return { vault, epoch: epochAt(shell.replica.chain.known()), warnings: [] }
}
