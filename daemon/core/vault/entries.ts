import type { Bytes } from '../../../shared/bytes.js'
import { decode } from '../../../shared/codec.js'
import { CofferError } from '../../../shared/errors.js'
import { bytesOf, type ChangesetHash } from '../../../shared/ids.js'
import { LIMITS } from '../../../shared/limits.js'
import { changeIdOf, signedHeader } from '../../../shared/log/changeset.js'
import {
  decodeEntry,
  encodeEntry,
  itemCodec,
  itemSize,
  type Item,
} from '../../../shared/log/entry.js'
import { signedCodec, type Signed } from '../../../shared/log/signed.js'
import type { Reader } from './records.js'

/** The mailbox entries of a changeset: the header with as many items as fit, then the rest in order. */
export function changesetEntries(
  hash: ChangesetHash,
  signed: Signed,
  items: readonly Item[],
): Bytes[] {
  const chunks: Item[][] = [[]]
  let size = 0
  for (const item of items) {
    const bytes = itemSize(item) + 16
    if (size > 0 && size + bytes > LIMITS.chunk) {
      chunks.push([])
      size = 0
    }
    chunks.at(-1)?.push(item)
    size += bytes
  }
  const [inline = [], ...rest] = chunks
  const entries = [encodeEntry({ kind: 'changeset', body: { signed, items: inline } })]
  let first = inline.length
  for (const chunk of rest) {
    entries.push(encodeEntry({ kind: 'items', body: { changeset: hash, first, items: chunk } }))
    first += chunk.length
  }
  return entries
}

/** A changeset's signed header as the store keeps it. @throws CofferError `storage` (reason `corrupt`) */
export function storedHeader(reader: Reader, hash: ChangesetHash): Signed {
  const record = reader.get('header', bytesOf(hash)) ?? gone()
  return decode(signedCodec, record, 'a stored header', LIMITS.frame)
}

/** The mailbox entries of a changeset that the store holds. @throws CofferError `storage` (reason `corrupt`) */
export function storedEntries(reader: Reader, hash: ChangesetHash): Bytes[] {
  const signed = storedHeader(reader, hash)
  const items = signedHeader.read(signed).items.map((_, index) => {
    const item = reader.get('item', bytesOf(changeIdOf(hash, index))) ?? gone()
    return decode(itemCodec, item, 'a stored item', LIMITS.frame)
  })
  return changesetEntries(hash, signed, items)
}

/** The changeset that an entry of the outbox is of. */
export function changesetOf(body: Bytes): ChangesetHash {
  const entry = decodeEntry(body)
  if (entry.kind === 'link') throw new TypeError('links are not in the outbox')
  return entry.kind === 'items' ? entry.body.changeset : signedHeader.id(entry.body.signed)
}

/** A record that must be there isn't. @throws CofferError `storage` (reason `corrupt`) */
export function gone(): never {
  throw new CofferError('storage', 'a record of the vault is gone from this disk', {
    reason: 'corrupt',
    next: 'run coffer doctor --repair',
  })
}
