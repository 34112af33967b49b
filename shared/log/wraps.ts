import { equal, type Bytes } from '../bytes.js'
import { hash } from '../crypto/hash.js'
import type { DeviceId } from '../ids.js'
import { decodeWraps, epochOf, wrapsHashOf, type Link } from './link.js'
import { readersOf, roleAt, type DeviceRecord, type Membership } from './membership.js'
import { RIGHTS } from './roles.js'
import { refuse } from './rules.js'

// The keys that travel beside a link (SPEC section 5). Boxes are opened elsewhere: nothing here can.

/**
 * Checks that a link's table of wraps is the one that it names: what comes with a link is as good as its signature.
 * @throws CofferError `tampering` (reason `bad-wraps`)
 */
export function checkTable(link: Link, table: Bytes | undefined): void {
  const expected = wrapsHashOf(link.action)
  if ((expected === undefined) !== (table === undefined))
    refuse('bad-wraps', 'its table of wraps is missing or unasked for')
  if (expected !== undefined && table !== undefined && !equal(hash('wraps', table), expected))
    refuse('bad-wraps', 'its table of wraps is another')
}

/**
 * Checks a link's table of wraps: its hash is the link's, its recipients are exactly whom the link makes a
 * reader. Boxes are opened elsewhere. `m` is the membership once the link holds.
 * @throws CofferError `tampering` (reason `bad-wraps`) or `format`
 */
export function checkWraps(m: Membership, link: Link, table: Bytes | undefined): void {
  checkTable(link, table)
  if (table === undefined) return
  const recipients = decodeWraps(table).map((wrap) => wrap.device)
  if (recipients.join() !== recipientsOf(m, link).join())
    refuse('bad-wraps', 'its table of wraps has other recipients')
}

/** To whom a link that carries wraps gives the key: of a new epoch all readers, else those that begin to read by it. */
function recipientsOf(m: Membership, { n, action }: Link): DeviceId[] {
  if (action.kind === 'rewrap') return [action.body.device]
  const readers = readersOf(m)
  const begins = ({ id }: DeviceRecord): boolean => {
    const before = roleAt(m, id, n - 1)
    return before === undefined || !RIGHTS[before].reads
  }
  const all = epochOf(action) === undefined ? readers.filter(begins) : readers
  return all.map(({ id }) => id)
}
