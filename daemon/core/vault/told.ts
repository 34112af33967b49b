import { utf8, type Bytes } from '../../../shared/bytes.js'
import { decode, encode, req, struct, uint } from '../../../shared/codec.js'
import { LIMITS } from '../../../shared/limits.js'
import type { Op } from './records.js'
import type { Replica } from './replica.js'

const KEY = utf8('told')

const toldCodec = struct({ told: req(0, uint(LIMITS.links)), read: req(1, uint(LIMITS.links)) })

/** Up to which link a person was told who came and went in a vault, and up to which they said that they had read it. */
export class Told {
  #record: { readonly told: number; readonly read: number } | undefined
  #unsaved: Op | undefined

  /** Restores the store's record. @throws CofferError `format` */
  restore(value: Bytes): void {
    this.#record = decode(toldCodec, value, 'what was told', LIMITS.storeValue)
  }

  /** Whether a row of table `witness` is this record. */
  static isKey(key: Bytes): boolean {
    return key.length === KEY.length
  }

  /** The newest links of either kind. What was before this device came in is nothing that happened to it. */
  of({ membership: m, own }: Replica): { readonly told: number; readonly read: number } {
    if (this.#record !== undefined) return this.#record
    const start = m?.devices.get(own)?.roles[0]?.from ?? m?.hashes.length ?? 0
    return { told: start, read: start }
  }

  /** Everything up to link `n` was told, and with `read` said to be read. */
  advance(replica: Replica, n: number, read: boolean): void {
    const before = this.of(replica)
    const told = Math.max(before.told, n)
    this.#record = { told, read: read ? Math.max(before.read, n) : before.read }
    this.#unsaved = { table: 'witness', key: KEY, value: encode(toldCodec, this.#record) }
  }

  get unsaved(): readonly Op[] {
    return this.#unsaved === undefined ? [] : [this.#unsaved]
  }

  saved(ops: readonly Op[]): void {
    if (this.#unsaved !== undefined && ops.includes(this.#unsaved)) this.#unsaved = undefined
  }
}
