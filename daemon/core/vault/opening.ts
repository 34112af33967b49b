import type { Bytes } from '../../../shared/bytes.js'
import { decode } from '../../../shared/codec.js'
import { CofferError } from '../../../shared/errors.js'
import {
  bytesOf,
  idOf,
  type ChangesetHash,
  type Commitment,
  type DeviceId,
} from '../../../shared/ids.js'
import { changeIdOf, type Header, type ItemHeader } from '../../../shared/log/changeset.js'
import type { Item } from '../../../shared/log/entry.js'
import { openForEpoch, openKeys, type ItemKeys } from '../crypto/boxes.js'
import { itemKey, openUnder } from '../crypto/epoch.js'
import type { Chain, Identity } from './chain.js'
import { changeOf, sealingOf, type Change } from './change.js'
import type { Clock } from './clock.js'
import { metaCodec, placeOf, type Meta } from './records.js'

/** What opening a changeset takes. */
export type Openable = { readonly header: Header; readonly items: readonly (Item | undefined)[] }

/** One item of a changeset, where it stands. */
type At = {
  readonly header: Header
  readonly index: number
  readonly one: ItemHeader
  readonly item: Item
}

/** What of a changeset's items this device can open: by the epoch's key, or by what was boxed to it (SPEC section 6). */
export class Opening {
  readonly #identity: Identity
  readonly #chain: Chain

  constructor(identity: Identity, chain: Chain) {
    this.#identity = identity
    this.#chain = chain
  }

  /** The id as the chain has it: the text that comes with each changeset needn't be kept. */
  #known(device: DeviceId): DeviceId {
    return this.#chain.membership?.devices.get(device)?.id ?? device
  }

  /** Whether keys of a changeset are boxed to this device. */
  isReader({ readers }: Header): boolean {
    return this.isAmong(readers)
  }

  isAmong(readers: Header['readers']): boolean {
    return readers?.includes(this.#identity.device) === true
  }

  /** The keys that were boxed to this device. @throws CofferError `tampering` (reason `bad-box`) */
  #boxed({ header, index, one, item }: At): ItemKeys | undefined {
    const { device, box: pair } = this.#identity
    const at = header.readers?.indexOf(device) ?? -1
    const box = item.boxes?.readers[one.readers?.indexOf(at) ?? -1]
    return box && openKeys(pair, bytesOf(device), box, header, index)
  }

  #metaKey(at: At): Bytes | undefined {
    const { header, index, one, item } = at
    const epochKey = this.#chain.keys.get(header.epoch)
    if (epochKey === undefined) return this.#boxed(at)?.meta
    if (one.sealed !== 'item') return itemKey(epochKey, header, index, 'meta')
    return item.boxes?.epoch && openForEpoch(epochKey, item.boxes.epoch, header, index)
  }

  #valueKey(at: At): Bytes | undefined {
    const { header, index, one } = at
    const epochKey = this.#chain.keys.get(header.epoch)
    if (one.sealed === undefined && epochKey !== undefined)
      return itemKey(epochKey, header, index, 'value')
    return this.#boxed(at)?.value
  }

  /**
   * An item's meta; undefined for one that isn't this device's to open.
   * @throws CofferError `tampering`, `format`
   */
  meta(at: At): Meta | undefined {
    const { header, index, one, item } = at
    const key = this.#metaKey(at)
    if (key === undefined) return undefined
    const sealed = { box: item.meta, commitment: one.metaCommitment }
    const plain = openUnder(key, header, index, 'meta', sealed)
    const meta = decode(metaCodec, plain, 'the meta of an item', plain.length)
    if ((meta.kind === 'put') !== (one.value !== undefined))
      throw badItem('a put without a value or a delete with one')
    if (one.sealed !== undefined && meta.space !== 'secret')
      throw badItem('something else than a secret is sealed')
    return meta
  }

  /** An item's value; undefined for one that isn't this device's to open. @throws CofferError `tampering` */
  value(at: At): Bytes | undefined {
    const { header, index, one, item } = at
    if (one.valueCommitment === undefined || item.value === undefined) return undefined
    const key = this.#valueKey(at)
    const sealed = { box: item.value, commitment: one.valueCommitment }
    return key && openUnder(key, header, index, 'value', sealed)
  }

  /**
   * The changes of a changeset that counts and whose items are all here: for who reads the vault all of them, for a
   * runner those that are boxed to it.
   * @throws CofferError `tampering`, `format`: a meta that doesn't open or decode, or contradicts the header
   */
  changes(
    changeset: ChangesetHash,
    { header, items }: Openable,
    clock: Clock,
    now: number,
  ): Change[] {
    return header.items.flatMap((one, index) => {
      const item = items[index]
      if (item === undefined) throw new TypeError('opened without an item')
      const meta = this.meta({ header, index, one, item })
      if (meta === undefined) return []
      const device = this.#known(header.device)
      const place = placeOf(changeset, header, index, commitmentOf(one))
      const ahead = clock.observe(meta, now)
      const how = sealingOf(one.sealed, readersOf(header, one))
      return changeOf(meta, { id: changeIdOf(changeset, index), device, place, ahead, ...how })
    })
  }
}

function badItem(what: string): CofferError {
  return new CofferError('tampering', what, { reason: 'bad-item' })
}

/** What ties an item's value to its key; undefined for a delete. */
export function commitmentOf({ valueCommitment }: ItemHeader): Commitment | undefined {
  return valueCommitment && idOf<Commitment>(valueCommitment)
}

/** Who opens an item, as its changeset's header says. */
export function readersOf(header: Header, one: ItemHeader): Header['readers'] {
  return one.readers?.flatMap((at) => header.readers?.[at] ?? [])
}
