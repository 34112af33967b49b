import type { Bytes } from '../../../shared/bytes.js'
import { decode } from '../../../shared/codec.js'
import { CofferError } from '../../../shared/errors.js'
import { bytesOf } from '../../../shared/ids.js'
import { LIMITS } from '../../../shared/limits.js'
import { signedHeader } from '../../../shared/log/changeset.js'
import { itemCodec, type Item } from '../../../shared/log/entry.js'
import { openPart } from '../crypto/epoch.js'
import type { Chain } from './chain.js'
import type { Change } from './change.js'
import type { Cuts } from './cuts.js'
import { gone, storedHeader } from './entries.js'
import type { Opening } from './opening.js'
import type { Place, Reader } from './records.js'

/** The values of a vault's changes, as far as this device may open them. */
export class Values {
  readonly #reader: Reader
  readonly #chain: Chain
  readonly #opening: Opening
  readonly #cuts: Cuts

  constructor(reader: Reader, chain: Chain, opening: Opening, cuts: Cuts) {
    this.#cuts = cuts
    this.#reader = reader
    this.#chain = chain
    this.#opening = opening
  }

  /**
   * A put's value.
   * @throws CofferError `refused` (reason `sealed`) when it is sealed to others, `not-found` (reason `not-granted`) for a
   * runner that was told of it only, `tampering` when it isn't what was signed, `storage` (reason `corrupt`) when it is gone
   */
  of(change: Change): Bytes {
    const { place, id, size, sealed } = change
    if (place === undefined || this.#cuts.stray.has(place.changeset)) {
      // Before it is sent its author has it, and shows it to nobody; of a branch that was left nobody has more.
      if (sealed !== undefined) throw sealedAway()
      return this.#reader.get('draftValue', bytesOf(id)) ?? gone()
    }
    const item = this.#item(change)
    const key = this.#chain.keys.get(place.epoch)
    const value =
      sealed === undefined && key !== undefined
        ? this.#derived(key, change, place, item)
        : this.#boxed(change, place, item)
    if (value.length === size) return value
    throw new CofferError('tampering', 'a value has another size than was signed', {
      reason: 'bad-size',
    })
  }

  #item({ id }: Change): Item {
    const record = this.#reader.get('item', bytesOf(id)) ?? gone()
    return decode(itemCodec, record, 'an item', LIMITS.frame)
  }

  #derived(key: Bytes, { device }: Change, place: Place, { value: box }: Item): Bytes {
    const { seq, epoch, index, valueCommitment } = place
    if (box === undefined || valueCommitment === undefined) return gone()
    const commitment = bytesOf(valueCommitment)
    const at = { vaultId: this.#chain.vaultId, device, seq, epoch }
    return openPart(key, at, index, 'value', { box, commitment })
  }

  #boxed({ sealed, readers }: Change, { changeset, index }: Place, item: Item): Bytes {
    const header = signedHeader.read(storedHeader(this.#reader, changeset))
    const one = header.items[index]
    const value = one && this.#opening.value({ header, index, one, item })
    if (value !== undefined) return value
    if (sealed !== undefined && !this.#opening.isAmong(readers)) throw sealedAway()
    if (this.#chain.role === 'runner') throw notGranted()
    return gone()
  }
}

function sealedAway(): CofferError {
  return new CofferError(
    'refused',
    'it is sealed: only the runners that it was sealed to open it',
    {
      reason: 'sealed',
      next: 'write it anew: coffer set --sealed NAME',
    },
  )
}

function notGranted(): CofferError {
  return new CofferError('not-found', 'this runner is no longer given its value', {
    reason: 'not-granted',
    next: 'have an admin grant it: coffer runner grant RUNNER NAME',
  })
}
