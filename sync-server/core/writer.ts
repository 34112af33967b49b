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

const tipCodec = struct({
  seq: req(0, uint()),
  hash: req(1, id<ChangesetHash>()),
  memberN: req(2, uint(LIMITS.links)),
})

/** Where a device stands as a writer, and what its last changeset still lacks. */
export const writerCodec = struct({
  /** The changeset that came last. */
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
  /** Ends of the other branches of a device that signed a number twice; of too many those of the greatest seq. */
  others: opt(4, list(tipCodec, LIMITS.branches, 1)),
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

/**
 * The writer of a changeset entry, checked against the chain and against where its author stood. Of a device that signed
 * a number twice the log takes every branch (SPEC section 9): what one member has met, all must be able to meet.
 */
export function takeChangeset(
  membership: Membership,
  writers: ReadonlyMap<DeviceId, Writer>,
  signed: Signed,
  items: readonly Item[],
): readonly [DeviceId, Writer] {
  const claimed = signedHeader.read(signed)
  const writer = writers.get(claimed.device)
  const tips = tipsOf(writer)
  const hash = signedHeader.id(signed)
  if (tips.some((tip) => tip.hash === hash))
    refuse('relay-refused', 'duplicate', 'the changeset is in the log')
  if (writer?.open !== undefined)
    refuse('relay-refused', 'incomplete', "the device's last changeset lacks items")
  const header = checkHeader(membership, signed, tailFor(membership, claimed, tips))
  // Left open, it would bar its author's own line: anybody can bring an old changeset again, cut into other entries.
  if (header.seq <= (tips[0]?.seq ?? 0) && items.length < header.items.length)
    refuse('tampering', 'two-hashes', 'a second changeset of a number must come in one entry')
  const others = tips.filter((tip) => tip.hash !== header.prev).slice(0, LIMITS.branches)
  const after: Writer = {
    ...tailAfter(header, hash),
    open: { next: 0, items: header.items },
    ...(others.length === 0 ? {} : { others }),
  }
  return [header.device, items.length === 0 ? after : takeItems(after, items)]
}

/** The ends of a device's branches, the greatest seq first. */
function tipsOf(writer: Writer | undefined): DeviceTail[] {
  if (writer === undefined) return []
  const { seq, hash, memberN, others = [] } = writer
  return [{ seq, hash, memberN }, ...others].toSorted((a, b) => b.seq - a.seq)
}

/**
 * What a changeset must follow: the end of one of its author's branches. One whose number was there already begins a branch
 * anywhere behind the newest checkpoint: where it forks off, clients check. Where this log lacks what a checkpoint covers
 * (it was lost, and members send again what they have), the numbers that were pruned are passed over.
 */
function tailFor(
  m: Membership,
  { device, seq, prev }: Header,
  tips: readonly DeviceTail[],
): DeviceTail | undefined {
  const followed = tips.find((tip) => tip.hash === prev)
  const [newest] = tips
  if (followed !== undefined) return followed
  const heads = checkpointOf(m)?.heads.filter((head) => head.device === device) ?? []
  const isFirst = seq === 1 && prev === undefined
  const begins = isFirst ? undefined : prev && { seq: seq - 1, hash: prev, memberN: 0 }
  if (newest !== undefined && seq > 0 && seq <= newest.seq)
    return heads.some((head) => head.seq >= seq) || (begins === undefined && !isFirst)
      ? newest
      : begins
  const covered = heads.find((head) => head.seq >= seq - 1 && head.seq > (newest?.seq ?? 0))
  if (covered === undefined || prev === undefined) return newest
  if (covered.seq === seq - 1 && covered.hash !== prev) return newest
  return { seq: seq - 1, hash: prev, memberN: newest?.memberN ?? 0 }
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
