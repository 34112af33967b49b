import { decode } from '../../../shared/codec.js'
import { CofferError } from '../../../shared/errors.js'
import type { ChangesetHash } from '../../../shared/ids.js'
import { changeIdOf, type Header } from '../../../shared/log/changeset.js'
import type { Item } from '../../../shared/log/entry.js'
import { openPart } from '../crypto/epoch.js'
import type { Chain } from './chain.js'
import { changeOf, type Change } from './change.js'
import type { Clock } from './clock.js'
import { metaCodec } from './records.js'

/** What opening a changeset takes. */
export type Openable = { readonly header: Header; readonly items: readonly (Item | undefined)[] }

/**
 * The changes of a changeset that counts, its metas opened (SPEC section 6). The epoch's key and all items are here.
 * @throws CofferError `tampering`, `format`: a meta that doesn't open or decode, or contradicts the header
 */
export function openChanges(
  chain: Chain,
  clock: Clock,
  changeset: ChangesetHash,
  { header, items }: Openable,
  now: number,
): Change[] {
  const key = chain.keys.get(header.epoch)
  if (key === undefined) throw new TypeError('opened without a key')
  return header.items.map((one, index) => {
    const box = items[index]?.meta
    if (box === undefined) throw new TypeError('opened without an item')
    const plain = openPart(key, header, index, 'meta', { box, commitment: one.metaCommitment })
    const meta = decode(metaCodec, plain, 'the meta of an item', plain.length)
    if ((meta.kind === 'put') !== (one.value !== undefined)) {
      throw new CofferError('tampering', 'a put without a value or a delete with one', {
        reason: 'bad-item',
      })
    }
    const { seq, epoch } = header
    const at = { changeset, seq, epoch, index }
    const place =
      one.valueCommitment === undefined ? at : { valueCommitment: one.valueCommitment, ...at }
    const ahead = clock.observe(meta, now)
    const id = changeIdOf(changeset, index)
    return changeOf(meta, { id, device: header.device, place, ahead })
  })
}
