import { utf8, type Bytes } from '../../../shared/bytes.js'
import { decode, encode, id, list, req, struct, uint, type TypeOf } from '../../../shared/codec.js'
import type { ChangeId } from '../../../shared/ids.js'
import { LIMITS } from '../../../shared/limits.js'
import type { Op } from './records.js'
import type { Replica } from './replica.js'

const KEY = utf8('told')

const grants = list(id<ChangeId>(), LIMITS.grantsTold)
const toldCodec = struct({
  told: req(0, uint(LIMITS.links)),
  read: req(1, uint(LIMITS.links)),
  /** Changes of grants, likewise. */
  toldGrants: req(2, grants),
  readGrants: req(3, grants),
})
type Record = TypeOf<typeof toldCodec>

/**
 * Up to which link a person was told who came and went in a vault, and up to which they said that they had read it; and
 * which grants of runners.
 */
export class Told {
  #record: Record | undefined
  #unsaved: Op | undefined

  /** Restores the store's record. @throws CofferError `format` */
  restore(value: Bytes): void {
    this.#record = decode(toldCodec, value, 'what was told', LIMITS.storeValue)
  }

  /** Whether a row of table `witness` is this record. */
  static isKey(key: Bytes): boolean {
    return key.length === KEY.length
  }

  /** The link that let this device in: what was before it is nothing that happened to it. */
  start({ membership: m, own }: Replica): number {
    return m?.devices.get(own)?.roles[0]?.from ?? m?.hashes.length ?? 0
  }

  of(replica: Replica): Record {
    if (this.#record !== undefined) return this.#record
    const start = this.start(replica)
    return { told: start, read: start, toldGrants: [], readGrants: [] }
  }

  /** Everything up to link `n` was told, and these grants; with `read` it was said to be read. */
  advance(replica: Replica, n: number, given: readonly ChangeId[], read: boolean): void {
    const before = this.of(replica)
    // Of grants that are no longer in force nothing needs to be known.
    const kept = before.readGrants.filter((one) => given.includes(one))
    const all = given.slice(-LIMITS.grantsTold)
    this.#record = {
      told: Math.max(before.told, n),
      read: read ? Math.max(before.read, n) : before.read,
      toldGrants: all,
      readGrants: read ? all : kept,
    }
    this.#unsaved = { table: 'witness', key: KEY, value: encode(toldCodec, this.#record) }
  }

  get unsaved(): readonly Op[] {
    return this.#unsaved === undefined ? [] : [this.#unsaved]
  }

  saved(ops: readonly Op[]): void {
    if (this.#unsaved !== undefined && ops.includes(this.#unsaved)) this.#unsaved = undefined
  }
}
