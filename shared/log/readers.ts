import type { Bytes } from '../bytes.js'
import { CofferError } from '../errors.js'
import type { DeviceId } from '../ids.js'
import { roleAt, type Membership } from './membership.js'
import { RIGHTS, type Role } from './roles.js'

// To whom a changeset gives keys of its items beside those who read the vault (SPEC section 6).

/** What an item's header says of it, as far as its readers go. */
type Item = {
  readonly value?: Bytes
  readonly readers?: readonly number[]
  readonly boxes?: Bytes
  readonly sealed?: 'value' | 'item'
}
type Listing = {
  readonly items: readonly Item[]
  readonly readers?: readonly DeviceId[]
  readonly memberHead: { readonly n: number }
}

/** The refusal of a changeset. `reason` is the rule's name. */
export function invalid(reason: string, what: string): CofferError {
  return new CofferError('tampering', `a changeset is invalid: ${what}`, { reason })
}

const isAscending = <T extends string | number>(all: readonly T[]): boolean =>
  all.every((one, i) => i === 0 || one > (all[i - 1] ?? one))

/**
 * Checks the form of a header's readers: in order, each of use, boxes where there are any.
 * @throws CofferError `tampering` (reason `bad-readers`)
 */
export function checkReaderForm({ items, readers = [] }: Listing): void {
  const used = new Set<number>()
  for (const item of items) {
    const own = item.readers ?? []
    if (!isAscending(own) || own.some((at) => at >= readers.length))
      throw invalid('bad-readers', "an item's readers are unordered, doubled or not of its list")
    if ((own.length > 0 || item.sealed === 'item') !== (item.boxes !== undefined))
      throw invalid('bad-readers', 'an item lacks boxes, or has some for nobody')
    if (item.sealed !== undefined && item.value === undefined)
      throw invalid('bad-readers', 'a delete is sealed')
    for (const at of own) used.add(at)
  }
  if (!isAscending(readers) || used.size !== readers.length)
    throw invalid('bad-readers', 'its readers are unordered, doubled or of no use')
}

/**
 * Checks that readers were runners where the changeset stood, and that its author, of `role` then, sealed exactly if it
 * can't read the vault.
 * @throws CofferError `tampering` (reason `not-authorised`, `bad-readers`)
 */
export function checkReaders(m: Membership, header: Listing, role: Role): void {
  const reads = RIGHTS[role].reads
  for (const { sealed } of header.items) {
    if (!reads && sealed !== 'item')
      throw invalid('not-authorised', 'its author may write nothing but sealed secrets')
    if (reads && sealed === 'item')
      throw invalid('bad-readers', 'it hides a name from those who read the vault')
  }
  const { readers = [], memberHead } = header
  if (readers.some((device) => roleAt(m, device, memberHead.n) !== 'runner'))
    throw invalid('bad-readers', 'one of its readers is no runner')
}
