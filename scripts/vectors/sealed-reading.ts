import type { Bytes } from '../../shared/bytes.js'
import type { ChangesetHash } from '../../shared/ids.js'
import { signedHeader } from '../../shared/log/changeset.js'
import { decodeEntry } from '../../shared/log/entry.js'
import { Opening } from '../../daemon/core/vault/opening.js'
import type { Meta } from '../../daemon/core/vault/records.js'
import type { TestDevice } from '../../daemon/core/vault/testing/devices.js'

/** One item as a device opens it: without a value where that isn't given to it. */
export type Opened = {
  readonly changeset: ChangesetHash
  readonly index: number
  readonly meta: Meta
  readonly value: Bytes | undefined
}

/** All that a device opens of a log whose changesets stand in one entry each. */
export function openedBy({ identity, replica }: TestDevice, log: readonly Bytes[]): Opened[] {
  const opening = new Opening(identity, replica.chain)
  return log.flatMap((body) => {
    const entry = decodeEntry(body)
    if (entry.kind !== 'changeset') return []
    const { signed, items } = entry.body
    const header = signedHeader.read(signed)
    return header.items.flatMap((one, index) => {
      const item = items[index]
      const meta = item && opening.meta({ header, index, one, item })
      if (item === undefined || meta === undefined) return []
      const value = opening.value({ header, index, one, item })
      return [{ changeset: signedHeader.id(signed), index, meta, value }]
    })
  })
}
