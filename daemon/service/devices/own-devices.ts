import { decode } from '../../../shared/codec.js'
import type { DeviceId } from '../../../shared/ids.js'
import { fingerprintOf } from '../../../shared/log/code.js'
import { decodeEntry } from '../../../shared/log/entry.js'
import { deviceIdOf, type DeviceStatement } from '../../../shared/log/device.js'
import {
  joinRequestBodyCodec,
  signedLink,
  type JoinRequestBody,
  type Link,
} from '../../../shared/log/link.js'
import { activeDevices, type DeviceRecord } from '../../../shared/log/membership.js'
import type { Replica } from '../../core/vault/replica.js'
import type { VaultShell } from '../../vault/shell.js'
import { addLink, letIn } from '../links.js'
import { deviceLabel } from '../people/people.js'
import { ownRole, type Session } from '../session.js'
import { LIMITS } from '../../../shared/limits.js'

// A person's devices: the user vault says which they are; every other vault of the person lets them in, too.

/** The link that brought a device. */
export function linkOf(replica: Replica, record: DeviceRecord): Link | undefined {
  const n = record.roles[0]?.from
  const body = n === undefined ? undefined : replica.chainEntries(n)[0]
  const entry = body === undefined ? undefined : decodeEntry(body)
  return entry?.kind === 'link' ? signedLink.read(entry.body.signed) : undefined
}

/** A device's own signed word on its keys, as the link that brought it carries it. */
export function statementOf(replica: Replica, record: DeviceRecord): DeviceStatement | undefined {
  const action = linkOf(replica, record)?.action
  switch (action?.kind) {
    case 'genesis':
    case 'add-device':
      return action.body.statement
    case 'admit':
      return decode(
        joinRequestBodyCodec,
        action.body.request.body,
        'a join request',
        LIMITS.joinRequestBody,
      ).statement
    case 'add-member':
      return action.body.statements.find(({ keys }) => deviceIdOf(keys) === record.id)
    default:
      return undefined
  }
}

/** What a joiner asked for, as the link that let it in has it; undefined where no invite did. */
function askedBy(replica: Replica, record: DeviceRecord): JoinRequestBody | undefined {
  const action = linkOf(replica, record)?.action
  if (action?.kind !== 'admit') return undefined
  const { body } = action.body.request
  return decode(joinRequestBodyCodec, body, 'a join request', LIMITS.joinRequestBody)
}

/** The fingerprint under which a device was let in; undefined where no invite did. */
export function admitFingerprint(replica: Replica, record: DeviceRecord): string | undefined {
  const asked = askedBy(replica, record)
  return asked && fingerprintOf(asked.vaultId, asked.inviteLink, asked.statement)
}

/** The statement of that one of the devices which an invite let in under this fingerprint. */
export function admittedBy(
  replica: Replica,
  devices: readonly DeviceRecord[],
  fingerprint: string,
): DeviceStatement | undefined {
  const found = devices.find((one) => admitFingerprint(replica, one) === fingerprint)
  return found && askedBy(replica, found)?.statement
}

/** This person's active devices, in the order of joining. */
export function ownDevices(session: Session): DeviceRecord[] {
  const { membership } = session.vaults.user.replica
  return membership === undefined ? [] : activeDevices(membership)
}

/**
 * Lets a device of this person into a vault, in this device's own role. Tells whether a link was made: none is when the
 * device is in already, was once, or this device isn't in itself. A recovery device is one in every vault.
 * @throws CofferError `unreachable`, `conflict`
 */
export function bringInto(
  session: Session,
  shell: VaultShell,
  device: DeviceId,
  statement: DeviceStatement,
  recovery = false,
): Promise<boolean> {
  return addLink(session, shell, (replica) => {
    const role = ownRole(session, replica)
    if (role === undefined || replica.membership?.devices.has(device) === true) return undefined
    const label = deviceLabel(session.vaults.user.replica, device) ?? ''
    const { wraps, wrapsHash, label: box } = letIn(session, replica, statement, label, role)
    const body = { statement, role, wraps: wrapsHash, label: box }
    const marked = recovery ? { ...body, recovery: 1 } : body
    return { action: { kind: 'add-device', body: marked }, wraps }
  })
}

/** The vaults besides the user vault that are open and that this device is in. */
export function otherVaults(session: Session): VaultShell[] {
  return session.vaults.all().flatMap(({ vaultId, shell }) => {
    if (shell === undefined || vaultId === session.vaults.userVault) return []
    return ownRole(session, shell.replica) === undefined ? [] : [shell]
  })
}

/** Lets every active device of this person into every other vault that lacks it. @throws CofferError `unreachable` … */
export async function reconcile(session: Session): Promise<void> {
  const user = session.vaults.user.replica
  for (const record of ownDevices(session)) {
    const missing = otherVaults(session).filter(
      ({ replica }) => replica.membership?.devices.has(record.id) === false,
    )
    const statement = missing.length === 0 ? undefined : statementOf(user, record)
    if (statement === undefined) continue
    for (const shell of missing) {
      await bringInto(session, shell, record.id, statement, record.recovery)
    }
  }
}
