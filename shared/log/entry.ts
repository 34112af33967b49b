import type { Bytes } from '../bytes.js'
import { equal } from '../bytes.js'
import {
  bytes,
  decode,
  encode,
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

/** Ciphertexts of one change: nonce ‖ box each. A delete has no value. */
export const itemCodec = struct({
  meta: req(0, bytes(LIMITS.metaBox, 40)),
  value: opt(1, bytes(LIMITS.valueBox, 40)),
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

/**
 * Checks that an item's ciphertexts are the ones that the signed header names.
 * @throws CofferError `tampering` (reason `bad-item`)
 */
export function checkItem(header: ItemHeader, item: Item): void {
  const holds =
    equal(partHash(item.meta), header.meta) &&
    (header.value === undefined
      ? item.value === undefined
      : item.value !== undefined && equal(partHash(item.value), header.value))
  if (!holds) {
    throw new CofferError('tampering', "an item isn't the one that its changeset was signed over", {
      reason: 'bad-item',
    })
  }
}
