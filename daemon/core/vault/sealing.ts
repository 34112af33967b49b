import type { Bytes } from '../../../shared/bytes.js'
import type { Random } from '../../../shared/crypto/random.js'
import { CofferError } from '../../../shared/errors.js'
import { bytesOf, type DeviceId } from '../../../shared/ids.js'
import type { Header, ItemHeader } from '../../../shared/log/changeset.js'
import { boxesHash, partHash, type Boxes, type Item } from '../../../shared/log/entry.js'
import { RIGHTS } from '../../../shared/log/roles.js'
import { boxForEpoch, boxKeys, type ItemKeys } from '../crypto/boxes.js'
import { itemKey, sealUnder } from '../crypto/epoch.js'
import type { Chain } from './chain.js'
import { encodeMeta, type Change } from './change.js'
import type { Recipient, Recipients } from './recipients.js'
import type { Reader } from './records.js'

type Base = Omit<Header, 'items' | 'readers'>
type Parts = { readonly chain: Chain; readonly random: Random; readonly reader: Reader }

/** A changeset's header and its items, once its place is known: sealed, and boxed to whom they go (SPEC section 6). */
export type SealedChanges = { readonly header: Header; readonly items: readonly Item[] }

/** Whether this device writes without reading: then whatever it writes is sealed as a whole. */
export function isBlind({ role }: Chain): boolean {
  return role !== undefined && !RIGHTS[role].reads
}

/** @throws CofferError `cannot-decrypt` without the epoch's key, `storage` when a draft's value is gone */
export function sealChanges(
  parts: Parts,
  base: Base,
  changes: readonly Change[],
  recipients: Recipients,
): SealedChanges {
  const to = changes.map((change) => recipients.of(change))
  const readers = [...new Set(to.flat().map(({ runner }) => runner.id))].toSorted()
  const sealed = changes.map((change, index) => {
    return new ItemSealer(parts, base, index, readers).seal(change, to[index] ?? [])
  })
  const header = { ...base, items: sealed.map((one) => one.header) }
  const items = sealed.map((one) => one.item)
  return { header: readers.length === 0 ? header : { ...header, readers }, items }
}

/** Seals one item. */
class ItemSealer {
  readonly #parts: Parts
  readonly #at: Base
  readonly #index: number
  readonly #readers: readonly DeviceId[]

  constructor(parts: Parts, at: Base, index: number, readers: readonly DeviceId[]) {
    this.#parts = parts
    this.#at = at
    this.#index = index
    this.#readers = readers
  }

  seal(
    change: Change,
    to: readonly Recipient[],
  ): { readonly header: ItemHeader; readonly item: Item } {
    const { random } = this.#parts
    const [at, index] = [this.#at, this.#index]
    const keys = this.#keys(change)
    const meta = sealUnder(keys.meta, at, index, 'meta', encodeMeta(change), random)
    const header = { meta: partHash(meta.box), metaCommitment: meta.commitment }
    const rest = this.#boxes(change, keys, to)
    if (keys.value === undefined)
      return { header: { ...header, ...rest.header }, item: { meta: meta.box, ...rest.item } }
    const value = sealUnder(keys.value, at, index, 'value', this.#plain(change), random)
    const hashes = { value: partHash(value.box), valueCommitment: value.commitment }
    return {
      header: { ...header, ...hashes, ...rest.header },
      item: { meta: meta.box, value: value.box, ...rest.item },
    }
  }

  /** Keys that the epoch's gives, or random ones, which are forgotten when they are boxed. */
  #keys({ kind, sealed }: Change): ItemKeys {
    const { chain, random } = this.#parts
    const blind = isBlind(chain)
    const derived = (part: 'meta' | 'value'): Bytes =>
      itemKey(chain.current().key, this.#at, this.#index, part)
    const meta = blind ? random(32) : derived('meta')
    if (kind === 'delete') return { meta }
    return { meta, value: sealed === undefined ? derived('value') : random(32) }
  }

  #plain({ id }: Change): Bytes {
    const plain = this.#parts.reader.get('draftValue', bytesOf(id))
    if (plain !== undefined) return plain
    throw new CofferError('storage', 'the value of an unsent write is gone from this disk', {
      reason: 'corrupt',
      next: 'run coffer doctor --repair',
    })
  }

  #boxes(
    { sealed }: Change,
    keys: ItemKeys,
    to: readonly Recipient[],
  ): { readonly header: Partial<ItemHeader>; readonly item: { readonly boxes?: Boxes } } {
    const { chain } = this.#parts
    const [at, index] = [this.#at, this.#index]
    const how = sealed === undefined ? {} : ({ sealed: isBlind(chain) ? 'item' : sealed } as const)
    const epoch = how.sealed === 'item' ? chain.known().epochs[at.epoch - 1]?.start.box : undefined
    if (to.length === 0 && epoch === undefined) return { header: how, item: {} }
    const boxes: Boxes = {
      readers: to.map(({ runner, value }) =>
        boxKeys(runner.keys, value ? keys : { meta: keys.meta }, at, index),
      ),
      ...(epoch === undefined ? {} : { epoch: boxForEpoch(epoch, keys.meta, at, index) }),
    }
    const readers = to.map(({ runner }) => this.#readers.indexOf(runner.id))
    const header = { boxes: boxesHash(boxes), ...how, ...(to.length === 0 ? {} : { readers }) }
    return { header, item: { boxes } }
  }
}
