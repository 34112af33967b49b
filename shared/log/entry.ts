import type { Bytes } from '../bytes.js'
import { equal } from '../bytes.js'
import {
  bytes,
  decode,
  encode,
  fixed,
  id,
  list,
  opt,
  req,
  struct,
  uint,
  variant,
  type TypeOf,
} from '../codec.js'
import { hash } from '../crypto/hash.js'
import { CofferError } from '../errors.js'
import {
  bytesOf,
  idOf,
  type ChangesetHash,
  type EntryId,
  type LogHash,
  type VaultId,
} from '../ids.js'
import { LIMITS } from '../limits.js'
import type { ItemHeader } from './changeset.js'
import { signedCodec } from './signed.js'

/** An item's keys, boxed to those who can't derive them (SPEC section 6). */
export const boxesCodec = struct({
  /** Meta key, value key and where they belong: one for each reader, in the header's order. */
  readers: req(0, list(fixed(144), LIMITS.runners)),
  /** Meta key and where it belongs, to the epoch's box key: where the author can't read the vault. */
  epoch: opt(1, fixed(112)),
})
export type Boxes = TypeOf<typeof boxesCodec>

/** Ciphertexts of one change: nonce ‖ box each. A delete has no value. */
export const itemCodec = struct({
  meta: req(0, bytes(LIMITS.metaBox, 40)),
  value: opt(1, bytes(LIMITS.valueBox, 40)),
  boxes: opt(2, boxesCodec),
})
export type Item = TypeOf<typeof itemCodec>

/** One entry of a mailbox (SPEC section 7). */
export const entryCodec = variant({
  link: [0, struct({ signed: req(0, signedCodec), wraps: opt(1, bytes(LIMITS.wraps)) })],
  /** A changeset with its first items; the rest follow in `items` entries. */
  changeset: [
    1,
    struct({ signed: req(0, signedCodec), items: req(1, list(itemCodec, LIMITS.items)) }),
  ],
  items: [
    2,
    struct({
      changeset: req(0, id<ChangesetHash>()),
      /** Index of the first item here. */
      first: req(1, uint(LIMITS.items)),
      items: req(2, list(itemCodec, LIMITS.items, 1)),
    }),
  ],
})
export type Entry = TypeOf<typeof entryCodec>

/** Canonical bytes of an entry. */
export function encodeEntry(entry: Entry): Bytes {
  return encode(entryCodec, entry)
}

/** @throws CofferError `format` or `limit` */
export function decodeEntry(body: Bytes): Entry {
  return decode(entryCodec, body, 'a mailbox entry', LIMITS.entry)
}

export function entryIdOf(body: Bytes): EntryId {
  return idOf(hash('entry', body))
}

/** logHash(0) of a vault's mailbox. */
export function logStart(vaultId: VaultId): LogHash {
  return idOf(hash('log-start', bytesOf(vaultId)))
}

/** logHash(p) from logHash(p - 1) and the id of entry p (SPEC section 9). */
export function logNext(before: LogHash, entry: EntryId): LogHash {
  return idOf(hash('log', bytesOf(before), bytesOf(entry)))
}

/** Hash of one ciphertext, as an item header names it. */
export function partHash(ciphertext: Bytes): Bytes {
  return hash('part', ciphertext)
}

/** Hash of an item's boxes, as its header names it. */
export function boxesHash(boxes: Boxes): Bytes {
  return hash('item-boxes', encode(boxesCodec, boxes))
}

/** Bytes of an item, as they count where a writer or a store must stop. */
export function itemSize({ meta, value, boxes }: Item): number {
  const boxed =
    boxes === undefined ? 0 : 148 * boxes.readers.length + (boxes.epoch === undefined ? 0 : 116)
  return meta.length + (value?.length ?? 0) + boxed
}

function boxesHold(header: ItemHeader, boxes: Boxes | undefined): boolean {
  if (header.boxes === undefined || boxes === undefined) return header.boxes === boxes
  return (
    equal(boxesHash(boxes), header.boxes) &&
    boxes.readers.length === (header.readers?.length ?? 0) &&
    (boxes.epoch !== undefined) === (header.sealed === 'item')
  )
}

/**
 * Checks that an item's ciphertexts and boxes are the ones that the signed header names.
 * @throws CofferError `tampering` (reason `bad-item`)
 */
export function checkItem(header: ItemHeader, item: Item): void {
  const holds =
    equal(partHash(item.meta), header.meta) &&
    (header.value === undefined
      ? item.value === undefined
      : item.value !== undefined && equal(partHash(item.value), header.value)) &&
    boxesHold(header, item.boxes)
  if (!holds) {
    throw new CofferError('tampering', "an item isn't the one that its changeset was signed over", {
      reason: 'bad-item',
    })
  }
}
