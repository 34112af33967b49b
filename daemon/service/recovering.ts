import { CofferError } from '../../shared/errors.js'
import type { DeviceId } from '../../shared/ids.js'
import { devicesOf, roleAt } from '../../shared/log/membership.js'
import { mayRemove } from '../../shared/log/removal.js'
import type { Result } from '../../shared/protocol/local.js'
import type { Warning } from '../../shared/protocol/local-common.js'
import { planRemoval } from '../core/vault/removing.js'
import type { Replica } from '../core/vault/replica.js'
import type { BarrierOptions } from '../sync/api.js'
import type { VaultShell } from '../vault/shell.js'
import { isIn } from './join.js'
import { addLink } from './links.js'
import { bringInto, otherVaults } from './own-devices.js'
import { labelChanges, personOf } from './people.js'
import { ownRole, type Session } from './session.js'
import { syncAll } from './sync.js'

// A recovery device at work: it visits beside the home, lets the home's device in, and takes itself out.
// Two devices, two sessions: no store ever changes its owner, and the recovery device's keys never come onto this disk.
// Each step is passed over where it is done, so that the same command goes on where it was cut short.

function gone(): CofferError {
  return new CofferError('expired', 'the recovery device is in the vault no more', {
    reason: 'recovery-used',
    next: 'it was used; take a newer message, or another device: coffer device add',
  })
}

/**
 * Reads the user vault as the recovery device, which must still be one of the person's.
 * @throws CofferError `expired` (`recovery-used`), `tampering`, `unreachable`, `timed-out`, `format` (`recovery-message`)
 */
export async function knock(visitor: Session, options: BarrierOptions): Promise<void> {
  const { sync, vaults, identity } = visitor
  sync.retryNow()
  try {
    await sync.barrier([vaults.userVault], options)
  } catch (error) {
    if (error instanceof CofferError && error.code === 'not-found') throw gone()
    throw error
  }
  const { membership } = vaults.user.replica
  const [alarm] = vaults.user.alarms
  if (membership === undefined && alarm !== undefined) {
    throw new CofferError('tampering', "the relay answered with a chain that isn't the vault's", {
      reason: alarm.reason,
      next: 'tell whoever runs the relay',
    })
  }
  const record = membership?.devices.get(identity.device)
  if (membership === undefined || record === undefined) throw gone()
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
 * @throws CofferError `unreachable`, `timed-out`, `conflict`, … : the same again goes on
 */
export async function recover(
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
  await syncAll(session, options)
  if (!isIn(session)) throw notShown()
  const shells = [...otherVaults(session), vaults.user]
  await vaults.user.write((replica) => labelChanges(replica, identity.device, session.device))
  let revoked = 0
  for (const shell of options.revokeOthers ? shells : []) {
    const { removed, stay } = await removeOthers(session, shell)
    revoked = Math.max(revoked, removed)
    if (stay > 0) {
      const message = `${stay} of your devices have more rights in a vault and stay there`
      warnings.push({ code: 'not-removed', message })
    }
  }
  for (const shell of [...otherVaults(visitor), visitor.vaults.user]) {
    await retire(session, visitor, shell, options)
  }
  await session.sync.barrier('all', options)
  let secrets = 0
  for (const { replica } of shells) secrets += [...replica.live('secret')].length
  const { name } = personOf(vaults.user.replica)
  return { deviceId: identity.device, name, vaults: shells.length, secrets, revoked, warnings }
}

function notShown(): CofferError {
  return new CofferError('unreachable', "the relay doesn't show this device its vault yet", {
    reason: 'relay',
    next: 'run the same command again',
  })
}

/** All of the person's devices in a vault but this one and recovery devices, which nobody else may remove. */
async function removeOthers(
  session: Session,
  shell: VaultShell,
): Promise<{ readonly removed: number; readonly stay: number }> {
  const { identity, world } = session
  let [removed, stay] = [0, 0]
  await addLink(session, shell, ({ chain, graph }) => {
    const m = chain.known()
    const [own, role] = [m.devices.get(identity.device), roleAt(m, identity.device)]
    if (own === undefined || role === undefined) return undefined
    const all = devicesOf(m, identity.userId).filter(({ id }) => id !== identity.device)
    const may = all.filter((one) => mayRemove(m, own, role, one))
    stay = all.filter((one) => !one.recovery && !may.includes(one)).length
    if (may.length === 0) return undefined
    removed = may.length
    const named = new Set(may.map(({ id }) => id))
    return planRemoval({ chain, graph, random: world.random }, named, keptBut(named, shell.replica))
  })
  return { removed, stay }
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
  const { random } = visitor.world
  const removal = addLink(visitor, shell, (replica) => {
    if (ownRole(visitor, replica) === undefined) return undefined
    const { chain, graph } = replica
    const named = new Set([device])
    return planRemoval({ chain, graph, random }, named, keptBut(named, replica))
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
