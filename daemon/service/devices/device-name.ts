import { fromUtf8 } from '../../../shared/bytes.js'
import { displayText } from '../../../shared/display.js'
import { bytesOf, type DeviceId } from '../../../shared/ids.js'
import { LIMITS } from '../../../shared/limits.js'
import { epochAt } from '../../../shared/log/membership.js'
import { openLabel } from '../../core/crypto/epoch.js'
import type { Replica } from '../../core/vault/replica.js'
import { deviceLabel } from '../people/people.js'
import type { Session } from '../session.js'
import { truncated } from '../text.js'

/** The label that the link which let a device in gave to it, where this device has that epoch's key. */
function linkLabel({ chain, membership }: Replica, id: DeviceId): string | undefined {
  const device = membership?.devices.get(id)
  const from = device?.roles[0]?.from
  if (membership === undefined || device === undefined || from === undefined) return undefined
  const key = chain.keys.get(epochAt(membership, from))
  const label = key && openLabel(key, bytesOf(id), device.label)
  const said = label && fromUtf8(label)
  return said === undefined || said === '' ? undefined : truncated(said, LIMITS.label)
}

/** What a member's device is called: by itself, where it is this person's, else by who let it in. Hostile text. */
export function deviceName(
  { vaults }: Session,
  replica: Replica,
  id: DeviceId,
): string | undefined {
  const user = vaults.opened(vaults.userVault)?.replica
  return (user && deviceLabel(user, id)) ?? linkLabel(replica, id)
}

/** `laptop (74771dbc88cd)`, or the digits alone. */
export function shownDevice(session: Session, replica: Replica, id: DeviceId): string {
  const name = deviceName(session, replica, id)
  const digits = id.slice(0, 12)
  return name === undefined ? `device ${digits}` : `${displayText(name)} (${digits})`
}
