import type { Bytes } from '../../../shared/bytes.js'
import { decode, encode, list, opt, req, struct, text, uint } from '../../../shared/codec.js'
import type { TypeOf } from '../../../shared/codec.js'
import { CofferError } from '../../../shared/errors.js'
import type { DeviceId } from '../../../shared/ids.js'
import { LIMITS } from '../../../shared/limits.js'
import type { Current } from './names.js'

// What runners are given (SPEC section 6): a setting for each, which counts from owners and admins only.

export const grantCodec = struct({
  /** Secrets, by name. */
  names: req(0, list(text(LIMITS.name), LIMITS.items)),
  /** Milliseconds since 1970: from then on nothing more is boxed to it. */
  expires: req(1, uint()),
  /** What people call the runner. */
  label: req(2, text(LIMITS.label)),
  /** Shown names of its project, as far as the granting device knew them. */
  org: opt(3, text(LIMITS.name)),
  project: opt(4, text(LIMITS.name)),
})
export type Grant = TypeOf<typeof grantCodec>

const PREFIX = 'grant/'

/** The setting that holds a runner's grant. */
export const grantName = (runner: DeviceId): string => `${PREFIX}${runner}`

export const encodeGrant = (grant: Grant): Bytes => encode(grantCodec, grant)

/** The runner whose grant a setting is, if it is one. */
export function grantedTo(name: string): DeviceId | undefined {
  const id = name.startsWith(PREFIX) ? name.slice(PREFIX.length) : undefined
  return id !== undefined && isDeviceId(id) ? id : undefined
}

function isDeviceId(text: string): text is DeviceId {
  return /^[0-9a-f]{64}$/.test(text)
}

/** What of a vault grants are read from. */
export type Source = {
  readonly current: (space: 'setting', name: string) => Current | undefined
  /** @throws CofferError `tampering`, `storage` */
  readonly value: (change: Current['winner']) => Bytes
}

/**
 * A runner's grant: of several that were written apart the names add up and the earliest end counts. One that can't be
 * read gives nothing.
 */
export function grantOf({ current, value }: Source, runner: DeviceId): Grant | undefined {
  const siblings = current('setting', grantName(runner))?.siblings ?? []
  const grants = siblings.flatMap((change): Grant[] => {
    if (change.kind !== 'put') return []
    try {
      return [decode(grantCodec, value(change), 'a grant', LIMITS.value)]
    } catch (error) {
      if (error instanceof CofferError && error.code !== 'storage') return []
      throw error
    }
  })
  const [first] = grants
  if (first === undefined) return undefined
  const names = [...new Set(grants.flatMap((grant) => grant.names))].toSorted()
  return { ...first, names, expires: Math.min(...grants.map((grant) => grant.expires)) }
}
