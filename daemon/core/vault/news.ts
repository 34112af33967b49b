import type { ChangeId, DeviceId } from '../../../shared/ids.js'
import { deviceIdOf } from '../../../shared/log/device.js'
import { decode } from '../../../shared/codec.js'
import { LIMITS } from '../../../shared/limits.js'
import { joinRequestBodyCodec, type Action, type Link } from '../../../shared/log/link.js'
import { roleAt, type Membership } from '../../../shared/log/membership.js'
import type { Role } from '../../../shared/log/roles.js'
import { grantedTo } from './grants.js'
import type { Replica } from './replica.js'

/** Whom a link let in, removed, or gave another role. */
export type Deed = {
  readonly kind: 'joined' | 'removed' | 'role'
  readonly devices: readonly DeviceId[]
  /** What they are from then on; undefined for those that were removed. */
  readonly role: Role | undefined
}

/** A deed and whose it was. */
export type News = Deed & { readonly n: number; readonly author: DeviceId; readonly at: number }

/** What another device gave to a runner last. */
export type Given = {
  readonly kind: 'granted'
  readonly id: ChangeId
  readonly runner: DeviceId
  /** Hostile text. */
  readonly names: readonly string[]
  readonly author: DeviceId
}

/** Grants in force that another device gave, under link `from` or a later one; those without a name give nothing. */
export function givenIn(replica: Replica, from: number): Given[] {
  const out: Given[] = []
  for (const { winner } of replica.live('setting')) {
    const runner = grantedTo(winner.name)
    const { id, device: author, place } = winner
    const under = place && replica.graph.nodes.get(place.changeset)?.memberN
    if (runner === undefined || under === undefined || under < from) continue
    const names = author === replica.own ? [] : (replica.grant(runner)?.names ?? [])
    if (names.length > 0) out.push({ kind: 'granted', id, runner, names, author })
  }
  return out.toSorted((a, b) => (a.id < b.id ? -1 : 1))
}

/** What a link that holds in `m` did to whom; undefined for links that change nobody's rights. */
export function deedOf(m: Membership, { n, action }: Pick<Link, 'n' | 'action'>): Deed | undefined {
  const joined = (devices: readonly DeviceId[]): Deed => {
    const [first] = devices
    return { kind: 'joined', devices, role: first && roleAt(m, first, n) }
  }
  switch (action.kind) {
    case 'admit':
      return joined([joinerOf(action)])
    case 'add-device':
      return joined([deviceIdOf(action.body.statement.keys)])
    case 'add-member':
      return joined(action.body.statements.map(({ keys }) => deviceIdOf(keys)))
    case 'remove':
      return { kind: 'removed', devices: removedBy(m, n), role: undefined }
    case 'change-role': {
      const { userId, role } = action.body
      const devices = [...m.devices.values()].filter((one) => one.userId === userId)
      const active = devices.filter(({ id }) => roleAt(m, id, n) !== undefined)
      return { kind: 'role', devices: active.map(({ id }) => id), role }
    }
    default:
      return undefined
  }
}

function joinerOf({ body }: Extract<Action, { kind: 'admit' }>): DeviceId {
  const request = decode(joinRequestBodyCodec, body.request.body, 'a request', LIMITS.entry)
  return deviceIdOf(request.statement.keys)
}

/** All that lost their place by link `n`: those it names, and those that they had brought in. */
function removedBy(m: Membership, n: number): DeviceId[] {
  const out = [...m.devices.values()].filter(({ roles }) =>
    roles.some(({ from, role }) => from === n && role === undefined),
  )
  return out.map(({ id }) => id)
}

/** What other devices than this one did to members, from link `from` on. */
export function newsOf(replica: Replica, from: number): News[] {
  const m = replica.membership
  if (m === undefined) return []
  const out: News[] = []
  for (let n = from; n < m.hashes.length; n++) {
    const link = replica.linkAt(n)
    const deed = link.author === replica.own ? undefined : deedOf(m, link)
    if (deed !== undefined) out.push({ ...deed, n, author: link.author, at: link.time })
  }
  return out
}
