import type { Bytes } from '../../shared/bytes.js'
import {
  decode,
  encode,
  id,
  list,
  opt,
  req,
  struct,
  uint,
  type TypeOf,
} from '../../shared/codec.js'
import { CofferError } from '../../shared/errors.js'
import type { ChangesetHash, DeviceId } from '../../shared/ids.js'
import { LIMITS } from '../../shared/limits.js'
import {
  checkHeader,
  itemHeaderCodec,
  signedHeader,
  tailAfter,
  type DeviceTail,
  type Header,
} from '../../shared/log/changeset.js'
import { checkItem, type Entry, type Item } from '../../shared/log/entry.js'
import { checkpointOf } from '../../shared/log/checkpoint.js'
import type { Membership } from '../../shared/log/membership.js'
import type { Signed } from '../../shared/log/signed.js'

/** Where a device stands as a writer, and what its last changeset still lacks. */
export const writerCodec = struct({
  seq: req(0, uint()),
  hash: req(1, id<ChangesetHash>()),
  memberN: req(2, uint(LIMITS.links)),
  /** The headers of the items still to come, from index `next` on; absent when the changeset is whole. */
  open: opt(
    3,
    struct({
      next: req(0, uint(LIMITS.items)),
      items: req(1, list(itemHeaderCodec, LIMITS.items, 1)),
    }),
  ),
})
export type Writer = TypeOf<typeof writerCodec>

export const encodeWriter = (writer: Writer): Bytes => encode(writerCodec, writer)

/** @throws CofferError `format` when the register isn't a writer's. */
export function decodeWriter(body: Bytes): Writer {
  return decode(writerCodec, body, 'a writer register', LIMITS.entry)
}

function refuse(code: 'tampering' | 'relay-refused', reason: string, what: string): never {
  throw new CofferError(code, what, { reason })
}

/** The writer once these items, which must be its next ones, have arrived. */
function takeItems(writer: Writer, items: readonly Item[]): Writer {
  const { open, ...whole } = writer
  if (open === undefined || items.length > open.items.length) {
    return refuse('tampering', 'bad-item', 'an entry has more items than its changeset')
  }
  items.forEach((item, i) => {
    const header = open.items[i]
    if (header !== undefined) checkItem(header, item)
  })
  const rest = open.items.slice(items.length)
  if (rest.length === 0) return whole
  return { ...whole, open: { next: open.next + items.length, items: rest } }
}

/** The writer of a changeset entry, checked against the chain and against where its author stood. */
export function takeChangeset(
  membership: Membership,
  writers: ReadonlyMap<DeviceId, Writer>,
  signed: Signed,
  items: readonly Item[],
): readonly [DeviceId, Writer] {
  const claimed = signedHeader.read(signed)
  const tail = writers.get(claimed.device)
  const hash = signedHeader.id(signed)
  if (tail !== undefined && claimed.seq === tail.seq) {
    if (hash === tail.hash) refuse('relay-refused', 'duplicate', 'the changeset is in the log')
    // A device signs one seq once: the relay keeps the first, clients judge (SPEC section 6).
    checkAuthor(membership, signed, claimed.device)
    refuse('tampering', 'two-hashes', 'the device has signed another changeset of this seq')
  }
  if (tail?.open !== undefined) {
    refuse('relay-refused', 'incomplete', "the device's last changeset lacks items")
  }
  const header = checkHeader(membership, signed, tailFor(membership, claimed, tail))
  const after: Writer = {
    ...tailAfter(header, hash),
    open: { next: 0, items: header.items },
  }
  return [header.device, items.length === 0 ? after : takeItems(after, items)]
}

function checkAuthor(membership: Membership, signed: Signed, device: DeviceId): void {
  const keys = membership.devices.get(device)?.keys
  if (keys !== undefined) signedHeader.check(signed, keys.sign)
}

/**
 * What a changeset must follow. Where this log lacks what a checkpoint covers (it was lost, and members send again what
 * they have), the numbers that were pruned are passed over.
 */
function tailFor(
  m: Membership,
  claimed: Header,
  writer: Writer | undefined,
): DeviceTail | undefined {
  const seq = writer?.seq ?? 0
  const before = { seq: claimed.seq - 1, hash: claimed.prev }
  const covered = checkpointOf(m)?.heads.find(
    (head) => head.device === claimed.device && head.seq >= before.seq && head.seq > seq,
  )
  const { hash } = before
  if (covered === undefined || hash === undefined || claimed.seq <= seq) return tailOf(writer)
  if (covered.seq === before.seq && covered.hash !== hash) return tailOf(writer)
  return { seq: before.seq, hash, memberN: writer?.memberN ?? 0 }
}

function tailOf(writer: Writer | undefined): DeviceTail | undefined {
  return writer && { seq: writer.seq, hash: writer.hash, memberN: writer.memberN }
}

/** The writer of an items entry: the items must be the next ones of a changeset that lacks them. */
export function takeMoreItems(
  writers: ReadonlyMap<DeviceId, Writer>,
  entry: Extract<Entry, { kind: 'items' }>['body'],
): readonly [DeviceId, Writer] {
  for (const [device, writer] of writers) {
    if (writer.hash !== entry.changeset) continue
    if (writer.open === undefined || writer.open.next !== entry.first) {
      return refuse('tampering', 'bad-item', 'the items are not the next ones of their changeset')
    }
    return [device, takeItems(writer, entry.items)]
  }
  return refuse('relay-refused', 'no-changeset', 'no changeset waits for these items')
}
