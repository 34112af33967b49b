import type { UserId } from '../../../shared/ids.js'
import { epochAt, type Membership } from '../../../shared/log/membership.js'
import { RIGHTS } from '../../../shared/log/roles.js'
import type { Replica } from '../../core/vault/replica.js'
import { byCodePoint } from '../text.js'

// What somebody could read: to be changed where it came from, once they may no longer.

/** The newest epoch whose key a user's devices ever had; 0 when they had none. Keys open all epochs before. */
function lastEpochOf(m: Membership, userId: UserId): number {
  let last = 0
  const end = m.hashes.length - 1
  for (const { roles } of m.devices.of(userId)) {
    roles.forEach(({ role }, i) => {
      if (role === undefined || !RIGHTS[role].reads) return
      const until = (roles[i + 1]?.from ?? end + 1) - 1
      last = Math.max(last, epochAt(m, until))
    })
  }
  return last
}

/** Names of the secrets whose present value a user could read, sorted. A value that was set under a newer key isn't among them. */
export function exposedTo(replica: Replica, userId: UserId): string[] {
  const { membership } = replica
  const last = membership === undefined ? 0 : lastEpochOf(membership, userId)
  const names: string[] = []
  for (const { siblings } of replica.live('secret')) {
    // No person opens what is sealed.
    const known = siblings.find(({ kind, place, sealed }) => {
      return kind === 'put' && sealed === undefined && place !== undefined && place.epoch <= last
    })
    if (known !== undefined) names.push(known.name)
  }
  return names.toSorted(byCodePoint)
}
