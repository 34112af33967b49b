import { fromUtf8, utf8 } from '../../../shared/bytes.js'
import type { DeviceId } from '../../../shared/ids.js'
import { LIMITS } from '../../../shared/limits.js'
import type { NewChange } from '../../core/vault/change.js'
import type { Replica } from '../../core/vault/replica.js'
import { truncated } from '../text.js'

// Labels of this person and their devices, kept in the user vault's space `setting`: each device writes its own name.

const SPACE = 'setting'
const NAME = 'user/name'
const EMAIL = 'user/email'
const deviceName = (device: DeviceId): string => `device/${device}`

export type Labels = { readonly name: string; readonly email: string; readonly device: string }

function read(replica: Replica, name: string): string | undefined {
  const found = replica.get(SPACE, name)
  if (found === undefined) return undefined
  const label = fromUtf8(replica.value(found.winner))
  return label === undefined ? undefined : truncated(label, LIMITS.label)
}

/** What is to be written so that the user vault says these labels; labels that are empty or there already are left. */
export function labelChanges(replica: Replica, device: DeviceId, labels: Labels): NewChange[] {
  const wanted: readonly (readonly [string, string])[] = [
    [NAME, labels.name],
    [EMAIL, labels.email],
    [deviceName(device), labels.device],
  ]
  return wanted
    .filter(([name, label]) => label !== '' && read(replica, name) !== label)
    .map(([name, label]) => ({ space: SPACE, name, value: utf8(label) }))
}

/** The person's name and e-mail address, '' where unknown. */
export function personOf(user: Replica): { readonly name: string; readonly email: string } {
  return { name: read(user, NAME) ?? '', email: read(user, EMAIL) ?? '' }
}

/** The name that a device of this person gave itself. */
export function deviceLabel(user: Replica, device: DeviceId): string | undefined {
  return read(user, deviceName(device))
}
