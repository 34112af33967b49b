import { concat, toHex, type Bytes } from '../../shared/bytes.js'
import { domain } from '../../shared/crypto/hash.js'
import { CofferError } from '../../shared/errors.js'
import { bytesOf, type VaultId } from '../../shared/ids.js'
import { storageError, walk, type Entry, type Op, type Range, type Store } from './store.js'

// One vault's records, each sealed under the cache key. SPEC section 11 gives the bytes.

/** The cryptography that a sealed store is given (daemon/core/crypto/seal.ts, its nonces random). */
export type Sealing = {
  /** A box of `plain` under a fresh random nonce, bound to `aad`. */
  seal(key: Bytes, aad: Bytes, plain: Bytes): Bytes
  /** The plaintext, or undefined when key, aad or box don't fit. */
  open(key: Bytes, aad: Bytes, box: Bytes): Bytes | undefined
  /** 32 bytes: BLAKE2b-256 keyed with `key` over the domain tag of `type` and `parts`. */
  keyedHash(key: Bytes, type: string, ...parts: readonly Bytes[]): Bytes
}

/** 32 bytes each, of one home. */
export type SealedKeys = { readonly cache: Bytes; readonly index: Bytes }

/**
 * What kinds of records there are. `byte`: one character, U+0001 to U+007F. `ordered`: keys stay as
 * they are and ranges follow them (positions and sequence numbers, no secrets); else they are hashed.
 */
export type Tables<Name extends string> = {
  readonly [name in Name]: { readonly byte: string; readonly ordered: boolean }
}

/** One record to write, or (value undefined) to delete. */
export type SealedOp<Name extends string> = {
  readonly table: Name
  readonly key: Bytes
  readonly value: Bytes | undefined
}

export type Row<Name extends string> = {
  readonly table: Name
  readonly key: Bytes
  readonly value: Bytes
}

export type SealedOptions<Name extends string> = {
  readonly vaultId: VaultId
  readonly tables: Tables<Name>
  readonly keys: SealedKeys
  readonly sealing: Sealing
}

/** The layout of records; a store of a higher one is refused, never misread. */
const FORMAT = 1
/** Table 0 holds one record, whose key names the layout. */
const FORMAT_KEY = Uint8Array.of(0, FORMAT)

/**
 * The records of one vault over a Store. Errors are the Store's, and `storage`/`corrupt` naming the
 * database key for a record that doesn't open: altered, or moved from another key, table or vault.
 */
export class SealedStore<Name extends string> {
  readonly #store: Store
  readonly #options: SealedOptions<Name>
  readonly #aad: Bytes
  readonly #vault: Bytes

  private constructor(store: Store, options: SealedOptions<Name>) {
    this.#store = store
    this.#options = options
    this.#vault = bytesOf(options.vaultId)
    this.#aad = concat(domain('store'), this.#vault)
  }

  /**
   * The sealed store in `store`, which it owns from then on. Throws `cannot-decrypt` when the keys are
   * another home's, `storage`/`newer` for a later layout, `storage`/`corrupt`.
   */
  static async open<Name extends string>(
    store: Store,
    options: SealedOptions<Name>,
  ): Promise<SealedStore<Name>> {
    const sealed = new SealedStore(store, options)
    await sealed.#checkFormat()
    return sealed
  }

  /** One record's value, or undefined. */
  get(table: Name, key: Bytes): Bytes | undefined {
    const at = this.#dbKey(table, key)
    const value = this.#store.getSync(at)
    return value === undefined ? undefined : this.#openRow(table, { key: at, value }).value
  }

  has(table: Name, key: Bytes): boolean {
    return this.#store.has(this.#dbKey(table, key))
  }

  /** All of `ops` or none; resolved: on disk. Store.batch tells what a failure means. */
  batch(ops: readonly SealedOp<Name>[]): Promise<void> {
    return this.#store.batch(ops.map((op) => this.#seal(op)))
  }

  /** The rows of some tables, one table after the other; ordered ones by key. */
  async *rows(tables: readonly Name[]): AsyncGenerator<Row<Name>> {
    for (const table of tables) yield* this.range(table)
  }

  /** Rows of one table; the bounds are keys, which hashed tables don't order. */
  async *range(table: Name, bounds: Range = {}): AsyncGenerator<Row<Name>> {
    for await (const entry of walk(this.#store, this.#rangeOf(table, bounds))) {
      yield this.#openRow(table, entry)
    }
  }

  /** Database keys of the records that don't open, over all tables: what `doctor` asks. */
  async damaged(): Promise<readonly Bytes[]> {
    const out: Bytes[] = []
    for await (const { key, value } of walk(this.#store)) {
      if (this.#open(key, value) === undefined) out.push(key)
    }
    return out
  }

  close(): Promise<void> {
    return this.#store.close()
  }

  #dbKey(table: Name, key: Bytes): Bytes {
    const { byte, ordered } = this.#options.tables[table]
    const first = tableByte(byte)
    if (ordered) return concat(first, key)
    const { keys, sealing } = this.#options
    return concat(first, sealing.keyedHash(keys.index, 'index', this.#vault, first, key))
  }

  #seal({ table, key, value }: SealedOp<Name>): Op {
    const at = this.#dbKey(table, key)
    if (value === undefined) return { type: 'del', key: at }
    const { ordered } = this.#options.tables[table]
    const plain = ordered ? value : concat(u16be(key.length), key, value)
    return { type: 'put', key: at, value: this.#box(at, plain) }
  }

  #box(at: Bytes, plain: Bytes): Bytes {
    const { keys, sealing } = this.#options
    return sealing.seal(keys.cache, concat(this.#aad, at), plain)
  }

  #open(at: Bytes, box: Bytes): Bytes | undefined {
    const { keys, sealing } = this.#options
    return sealing.open(keys.cache, concat(this.#aad, at), box)
  }

  #openRow(table: Name, { key: at, value: box }: Entry): Row<Name> {
    const plain = this.#open(at, box)
    if (plain === undefined) throw unopened(at)
    if (this.#options.tables[table].ordered) return { table, key: at.slice(1), value: plain }
    const end = 2 + ((plain[0] ?? 0) << 8) + (plain[1] ?? 0)
    return { table, key: plain.subarray(2, end), value: plain.subarray(end) }
  }

  #rangeOf(table: Name, { gte, lt, ...rest }: Range): Range {
    const { byte, ordered } = this.#options.tables[table]
    const first = tableByte(byte)
    const next = Uint8Array.of((first[0] ?? 0) + 1)
    return {
      ...rest,
      gte: ordered && gte ? concat(first, gte) : first,
      lt: ordered && lt ? concat(first, lt) : next,
    }
  }

  async #checkFormat(): Promise<void> {
    const sample = await this.#store.page({ limit: 10 })
    const first = sample[0]
    const layout = first?.key[0] === 0 ? (first.key[1] ?? 0) : undefined
    if (layout !== undefined && layout > FORMAT) {
      throw storageError('newer', 'the local database was written by a newer coffer')
    }
    const opened = sample.map(({ key, value }) => this.#open(key, value) !== undefined)
    if (first !== undefined && !opened.includes(true)) {
      throw new CofferError('cannot-decrypt', `the keys don't open the local database`, {
        reason: 'wrong-key',
        next: 'look whether COFFER_HOME and its key file belong together, then run coffer doctor',
      })
    }
    if (layout === undefined) {
      // A new store, or one that was rebuilt without this record.
      const value = this.#box(FORMAT_KEY, new Uint8Array(0))
      await this.#store.batch([{ type: 'put', key: FORMAT_KEY, value }])
    } else if (opened[0] !== true) throw unopened(FORMAT_KEY)
  }
}

function unopened(at: Bytes): CofferError {
  return storageError('corrupt', `the record ${toHex(at)} of the local database doesn't open`)
}

function tableByte(byte: string): Bytes {
  const code = byte.length === 1 ? byte.charCodeAt(0) : 0
  if (code < 1 || code > 127) throw new TypeError('a table has one ASCII character')
  return Uint8Array.of(code)
}

function u16be(value: number): Bytes {
  return Uint8Array.of(value >> 8, value & 255)
}
