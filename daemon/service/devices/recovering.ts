import { CofferError } from '../../../shared/errors.js'
import type { DeviceId } from '../../../shared/ids.js'
import { LIMITS } from '../../../shared/limits.js'
import { roleAt } from '../../../shared/log/membership.js'
import type { Result } from '../../../shared/protocol/local.js'
import type { Warning } from '../../../shared/protocol/local-common.js'
import { planRemoval } from '../../core/vault/removing.js'
import type { Replica } from '../../core/vault/replica.js'
import type { BarrierOptions } from '../../sync/api.js'
import type { VaultShell } from '../../vault/shell.js'
import { addressOf } from '../binding.js'
import { isIn } from './join.js'
import { addLink } from '../links.js'
import { bringInto, otherVaults, ownDevices } from './own-devices.js'
import { labelChanges, personOf } from '../people/people.js'
import { removedDevices, removing, rotateList, shutOut } from '../removal/removal.js'
import { ownRole, type Session } from '../session.js'
import { syncAll } from '../sync.js'

// A recovery device at work: it visits beside the home, lets the home's device in, and takes itself out.
// Two devices, two sessions: no store ever changes its owner, and the recovery device's keys never come onto this disk.
// Each step is passed over where it is done, so that the same command goes on where it was cut short.

function gone(): CofferError {
  return new CofferError('expired', 'the recovery device is in the vault no more', {
    reason: 'recovery-used',
    next: 'it was used; take a newer message, or another device: coffer device add',
  })
}

function tampered(reason: string, what: string): CofferError {
  return new CofferError('tampering', `the relay answered with a chain that ${what}`, {
    reason,
    next: 'tell whoever runs the relay',
  })
}

/**
 * Reads the user vault's chain, whole, before its log: the link that lets a device in may stand at the end of a long one.
 * @throws CofferError `not-found` to whoever never was in, `unreachable`, `tampering`
 */
async function readChain(session: Session, { signal }: BarrierOptions): Promise<void> {
  const { sync, vaults, settings } = session
  const { user } = vaults
  const { relay } = settings.current
  const known = user.replica.membership?.hashes.length ?? 0
  const { entries } = await sync.fetchChain(user.vaultId, known, {
    timeout: LIMITS.linkTimeout,
    ...(signal === undefined ? {} : { signal }),
    ...(relay === undefined ? {} : { relay: addressOf(relay) }),
  })
  if (entries.length > 0) await user.ingestChain(entries)
  const [alarm] = user.alarms
  if (user.replica.membership === undefined)
    throw tampered(alarm?.reason ?? 'fake-genesis', "isn't the vault's")
}

/**
 * Meets the user vault as the recovery device, which must still be one of the person's.
 * @throws CofferError `expired` (`recovery-used`), `tampering` (`fake-genesis`, `device-missing`, …), `unreachable`,
 * `format` (`recovery-message`)
 */
export async function knock(visitor: Session, options: BarrierOptions): Promise<void> {
  const { vaults, identity } = visitor
  try {
    await readChain(visitor, options)
  } catch (error) {
    if (error instanceof CofferError && error.code === 'not-found') throw gone()
    throw error
  }
  const { membership } = vaults.user.replica
  const record = membership?.devices.get(identity.device)
  if (membership === undefined || record === undefined)
    throw tampered('device-missing', "doesn't hold the recovery device")
  if (record.userId !== identity.userId) {
    throw new CofferError('format', 'the recovery message names another user', {
      reason: 'recovery-message',
    })
  }
  if (roleAt(membership, identity.device) === undefined) throw gone()
}

type Options = BarrierOptions & { readonly revokeOthers: boolean }

/**
 * Lets the home's device in wherever the visitor is, removes the person's other devices if asked to, and the visitor last.
 * @param again a visitor that has read nothing yet and has knocked: a command that was cut short may have one link under
 * way, and when that takes the visitor out of a vault that it has read, only a fresh one sees the vault as left already
 * @throws CofferError `unreachable`, `timed-out`, `conflict`, … : the same again goes on; `expired` (`recovery-used`) when
 * the visitor's last link, sent by a command that was cut short, was taken in only after this one had knocked
 */
export async function recover(
  session: Session,
  visitor: Session,
  again: () => Promise<Session>,
  options: Options,
): Promise<Result<'recoveryUse'>> {
  try {
    return await letInAndLeave(session, visitor, options)
  } catch (error) {
    if (!(error instanceof CofferError) || error.code !== 'not-found') throw error
    await knock(visitor, options)
  }
  return letInAndLeave(session, await again(), options)
}

async function letInAndLeave(
  session: Session,
  visitor: Session,
  options: Options,
): Promise<Result<'recoveryUse'>> {
  const { identity, vaults } = session
  const visited = await syncAll(visitor, options)
  const warnings: Warning[] = [...visited.warnings]
  // As in a joining: the user vault last, so that who is in finds everything open.
  for (const shell of [...otherVaults(visitor), visitor.vaults.user]) {
    await bringInto(visitor, shell, identity.device, identity.statement)
  }
  await readChain(session, options)
  if (!isIn(session)) throw notShown()
  await syncAll(session, options)
  const shells = [...otherVaults(session), vaults.user]
  await vaults.user.write((replica) => labelChanges(replica, identity.device, session.device))
  const nobody = { revoked: 0, rotate: [], warnings: [] }
  const {
    revoked,
    rotate,
    warnings: open,
  } = options.revokeOthers ? await removeOthers(session) : nobody
  warnings.push(...open)
  for (const shell of fromLeaves(visitor)) await retire(session, visitor, shell, options)
  await session.sync.barrier('all', options)
  let secrets = 0
  for (const { replica } of shells) secrets += [...replica.live('secret')].length
  const { name } = personOf(vaults.user.replica)
  const counts = { vaults: shells.length, secrets, revoked }
  return { deviceId: identity.device, name, ...counts, rotate, warnings }
}

/** Projects, then orgs, then the user vault: whoever is cut short still finds by the directories what is left. */
function fromLeaves(visitor: Session): VaultShell[] {
  const others = otherVaults(visitor)
  const isOrg = ({ replica }: VaultShell): boolean => replica.membership?.kind === 'org'
  const projects = others.filter((shell) => !isOrg(shell))
  return [...projects, ...others.filter(isOrg), visitor.vaults.user]
}

function notShown(): CofferError {
  return new CofferError('unreachable', "the relay doesn't show this device its vault yet", {
    reason: 'relay',
    next: 'run the same command again',
  })
}

/** Removes all of the person's devices but this one and recovery devices: first where it is said whose devices there are. */
async function removeOthers(session: Session): Promise<{
  readonly revoked: number
  readonly rotate: readonly string[]
  readonly warnings: readonly Warning[]
}> {
  const { identity, vaults } = session
  const others = ownDevices(session).filter(
    ({ id, recovery }) => id !== identity.device && !recovery,
  )
  const shells = [vaults.user, ...otherVaults(session)]
  const rotate = rotateList(session, shells)
  await shutOut(session, vaults.user, new Set(others.map(({ id }) => id)))
  // Those, too, that an earlier try has removed there and nowhere else.
  const gone = removedDevices(session)
  let open = 0
  for (const shell of otherVaults(session)) {
    try {
      await shutOut(session, shell, gone)
    } catch (error) {
      if (!(error instanceof CofferError)) throw error
      open++
    }
  }
  const message = `your other devices are still in ${open} vaults: it goes on in the background`
  const warnings = open === 0 ? [] : [{ code: 'removal-open', message }]
  return { revoked: others.length, rotate, warnings }
}

/** Every device of a vault but these: what they brought in stays. */
function keptBut(named: ReadonlySet<DeviceId>, replica: Replica): Set<DeviceId> {
  const all = replica.membership?.devices.keys() ?? []
  return new Set([...all].filter((id) => !named.has(id)))
}

/**
 * Takes the visitor out of a vault, by its own hand. The relay may shut it out before it has met its own link: this
 * home's device meets it, too.
 */
async function retire(
  session: Session,
  visitor: Session,
  shell: VaultShell,
  options: BarrierOptions,
): Promise<void> {
  const { device } = visitor.identity
  const removal = addLink(visitor, shell, (replica) => {
    if (ownRole(visitor, replica) === undefined) return undefined
    const named = new Set([device])
    return planRemoval(removing(visitor, replica), named, keptBut(named, replica))
  })
  const own = session.vaults.opened(shell.vaultId)
  if (own === undefined) {
    await removal
    return
  }
  const seen = untilOut(own, device)
  try {
    await Promise.race([removal, seen.promise])
  } catch (error) {
    if (!(error instanceof CofferError)) throw error
    await session.sync.barrier([shell.vaultId], options)
    if (!isOut(own, device)) throw error
  } finally {
    seen.stop()
    // Whoever was shut out hears no answer: what became of the link is known.
    removal.catch(() => undefined)
  }
}

function isOut({ replica: { membership } }: VaultShell, device: DeviceId): boolean {
  return membership !== undefined && roleAt(membership, device) === undefined
}

/** Resolves when a vault's chain says that a device is out; `stop` ends the watching. */
function untilOut(
  shell: VaultShell,
  device: DeviceId,
): { readonly promise: Promise<void>; readonly stop: () => void } {
  let stop = (): void => undefined
  const promise = new Promise<void>((resolve) => {
    stop = shell.watch(({ kind }) => {
      if (kind === 'links' && isOut(shell, device)) resolve()
    })
  })
  return { promise, stop }
}
