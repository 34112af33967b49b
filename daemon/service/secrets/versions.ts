import { CofferError } from '../../../shared/errors.js'
import type { DeviceId, UserId } from '../../../shared/ids.js'
import type { Infer } from '../../../shared/protocol/schema.js'
import type { author, VersionRef, Warning } from '../../../shared/protocol/local-common.js'
import { displayText } from '../../../shared/display.js'
import type { Change } from '../../core/vault/change.js'
import type { Current } from '../../core/vault/names.js'
import type { Replica } from '../../core/vault/replica.js'
import { calledIn } from '../people/org-people.js'
import { deviceLabel, personOf } from '../people/people.js'
import type { Session } from '../session.js'

// Versions of one secret, as callers see them.

/** Everything ever written under a secret's name, newest first. */
export function historyOf(replica: Replica, name: string): Change[] {
  return replica.history('secret', name)
}

/** A version's id and number; `history` is the name's, newest first. */
export function versionRef(history: readonly Change[], change: Change): VersionRef {
  const at = history.findIndex(({ id }) => id === change.id)
  return { id: change.id, number: history.length - Math.max(at, 0) }
}

/**
 * The version that a person typed: its number, or at least six digits of its id.
 * @throws CofferError `not-found` (reason `no-version`), `usage` (reason `ambiguous-version`)
 */
export function findVersion(history: readonly Change[], typed: string): Change {
  const isNumber = /^[0-9]{1,5}$/.test(typed)
  const found = isNumber
    ? history.filter((_, i) => history.length - i === Number(typed))
    : history.filter(({ id }) => id.startsWith(typed))
  const [change, ...more] = found
  if (more.length > 0) {
    throw new CofferError('usage', 'several versions begin with these digits', {
      reason: 'ambiguous-version',
      next: 'give more digits, or the number that coffer history shows',
    })
  }
  if (change !== undefined) return change
  throw new CofferError('not-found', 'there is no such version', {
    reason: 'no-version',
    next: 'see coffer history NAME',
  })
}

type Author = Infer<typeof author>

/** Who wrote changes of a vault, with the labels that this home knows, each looked up once. */
export function authors(
  session: Session,
  replica: Replica,
): (by: Pick<Change, 'device'>) => Author {
  const { identity, vaults } = session
  const user = vaults.opened(vaults.userVault)?.replica
  const person = user === undefined ? '' : personOf(user).name
  const known = new Map<DeviceId, Author>()
  const nameOf = (userId: UserId | undefined): string => {
    if (userId === undefined) return ''
    if (userId === identity.userId) return person
    const org = vaults.opened(vaults.orgOf(replica.vaultId)?.vaultId)?.replica
    return org === undefined ? '' : calledIn(org, userId)
  }
  const look = (deviceId: DeviceId): Author => {
    const name = nameOf(replica.membership?.devices.get(deviceId)?.userId)
    const device = user === undefined ? undefined : deviceLabel(user, deviceId)
    return {
      deviceId,
      self: deviceId === identity.device,
      ...(device === undefined ? {} : { device }),
      ...(name === '' ? {} : { user: name }),
    }
  }
  return ({ device }) => {
    const found = known.get(device) ?? look(device)
    known.set(device, found)
    return found
  }
}

/** What the reader of a value should know about it. */
export function warningsOf(name: string, current: Current): Warning[] {
  const warnings: Warning[] = []
  const shown = displayText(name)
  if (current.conflict) {
    const message = `${shown} has ${current.siblings.length} values written apart: see coffer conflicts`
    warnings.push({ code: 'conflict', message })
  }
  if (current.siblings.some(({ ahead }) => ahead)) {
    const message = `a device whose clock is far ahead wrote ${shown}`
    warnings.push({ code: 'future-clock', message })
  }
  return warnings
}
