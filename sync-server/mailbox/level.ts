import { setImmediate } from 'node:timers/promises'
import type { Bytes } from '../../shared/bytes.js'
import type { EntryId, VaultId } from '../../shared/ids.js'
import type { Cursor } from '../../shared/protocol/relay.js'
import { Committer, type Transaction } from './level-commit.js'
import {
  checkCursor,
  cursorOf,
  findEntry,
  findRow,
  getRow,
  planAppend,
  weightOf,
  writeRegisters,
} from './level-plan.js'
import { pruneLog } from './level-prune.js'
import {
  AFTER,
  decodeEntryRow,
  decodeMeta,
  encodeMeta,
  encodeVaultRow,
  entryKey,
  FORMAT,
  MARK_KEY,
  META_KEY,
  posOfKey,
  registerKey,
  snapshotKey,
  vaultKey,
} from './level-rows.js'
import { LevelStore } from './level-store.js'
import { verifyRows } from './level-verify.js'
import {
  DEFAULT_CAPS,
  mailboxError,
  type AppendOptions,
  type Appended,
  type LogEntry,
  type Mailbox,
  type MailboxCaps,
  type PlacedEntry,
  type ReadLimits,
  type ReadResult,
  type Register,
  type RegisterPage,
  type RegisterWrite,
  type Snapshot,
  type VaultInfo,
  type VaultInit,
} from './mailbox.js'
import {
  charged,
  checkAboveFloor,
  checkPrunable,
  checkSize,
  checkSnapshotPlace,
  costOf,
  OVERHEAD,
} from './rules.js'

/** Vault rows that are read without a pause. */
const HEADS_AT_ONCE = 256

/** The embedded mailbox: one LevelDB, owned by one process, every write fsynced before it is acknowledged. */
export class LevelMailbox implements Mailbox {
  readonly #store: LevelStore
  readonly #caps: MailboxCaps
  readonly #committer: Committer
  readonly #tx = { get: (key: string): Bytes | undefined => this.#store.getSync(key) }
  #generation = 1

  private constructor(store: LevelStore, caps: MailboxCaps) {
    this.#store = store
    this.#caps = caps
    this.#committer = new Committer(store, caps.queue)
  }

  /**
   * Opens, or makes, the store in `folder`.
   * @throws CofferError `storage` (reasons `in-use`, `damaged`, `unavailable`)
   */
  static async open(folder: string, caps: MailboxCaps = DEFAULT_CAPS): Promise<LevelMailbox> {
    const mailbox = new LevelMailbox(await LevelStore.open(folder), caps)
    const meta = mailbox.#tx.get(META_KEY)
    if (meta === undefined) await mailbox.#putMeta(1)
    else mailbox.#generation = decodeMeta(meta).generation
    return mailbox
  }

  /** Reads the whole store. @throws CofferError `storage` (reason `damaged`) when a row or entry is lost. */
  verify(): Promise<void> {
    return verifyRows(this.#store.rows({}))
  }

  #putMeta(generation: number): Promise<void> {
    const body = encodeMeta({ format: FORMAT, generation })
    return this.#committer.submit(body.length, (tx) => tx.put(META_KEY, body))
  }

  createVault(id: VaultId, init: VaultInit): Promise<Appended & { readonly existed: boolean }> {
    return this.#committer.submit(weightOf(init.entries), (tx) => {
      const there = findRow(tx, id)
      if (there !== undefined) {
        const positions = init.entries.map((entry) => findEntry(tx, id, entry.id) ?? 0)
        const head = cursorOf(there.head, there.headId)
        return { positions, head, added: 0, existed: true }
      }
      const row = { head: 0, floor: 0, bytes: 0, quota: init.quota }
      tx.put(vaultKey(id), encodeVaultRow(row))
      const { registers } = init
      const options = { registers, reserve: true, caps: this.#caps }
      return { ...planAppend(tx, id, row, init.entries, options), existed: false }
    })
  }

  async info(id: VaultId): Promise<VaultInfo | undefined> {
    const row = findRow(this.#tx, id)
    if (row === undefined) return undefined
    const head = cursorOf(row.head, row.headId)
    const floor = cursorOf(row.floor, row.floorId)
    return { head, floor, generation: this.#generation, bytes: row.bytes, quota: row.quota }
  }

  append(
    id: VaultId,
    base: Cursor,
    entries: readonly LogEntry[],
    options: AppendOptions = {},
  ): Promise<Appended> {
    return this.#committer.submit(weightOf(entries), (tx) => {
      const row = getRow(tx, id)
      checkCursor(tx, id, row, base)
      return planAppend(tx, id, row, entries, { ...options, caps: this.#caps })
    })
  }

  async find(id: VaultId, ids: readonly EntryId[]): Promise<(number | undefined)[]> {
    getRow(this.#tx, id)
    return ids.map((entry) => findEntry(this.#tx, id, entry))
  }

  async read(id: VaultId, after: Cursor, limits: ReadLimits): Promise<ReadResult> {
    const row = getRow(this.#tx, id)
    checkCursor(this.#tx, id, row, after)
    const entries: PlacedEntry[] = []
    const range = {
      gt: entryKey(id, after.pos),
      lte: entryKey(id, row.head),
      limit: limits.entries,
    }
    let size = 0
    for await (const [key, value] of this.#store.rows(range)) {
      const entry = { ...decodeEntryRow(value), pos: posOfKey(key) }
      size += entry.body.length
      if (entries.length > 0 && size > limits.bytes) break
      if (entry.pos !== after.pos + entries.length + 1) return this.#gap(id, after)
      entries.push(entry)
    }
    return { entries, head: row.head, floor: row.floor, generation: this.#generation }
  }

  /** A gap under the reader: a prune went on meanwhile, or the store lost rows. */
  #gap(id: VaultId, after: Cursor): never {
    checkAboveFloor(after, getRow(this.#tx, id).floor)
    throw mailboxError('damaged', 'an entry of the log is missing')
  }

  async heads(ids: readonly VaultId[]): Promise<Map<VaultId, number>> {
    const heads = new Map<VaultId, number>()
    for (const [i, id] of ids.entries()) {
      // Asked for everything that is followed: others get their turn in between.
      if (i % HEADS_AT_ONCE === HEADS_AT_ONCE - 1) await setImmediate()
      const row = findRow(this.#tx, id)
      if (row !== undefined) heads.set(id, row.head)
    }
    return heads
  }

  putRegister(id: VaultId, key: string, body: Bytes): Promise<void> {
    return this.#writeRegister(id, { key, body })
  }

  removeRegister(id: VaultId, key: string): Promise<void> {
    return this.#writeRegister(id, { key, body: undefined })
  }

  #writeRegister(id: VaultId, write: RegisterWrite): Promise<void> {
    return this.#committer.submit(OVERHEAD + (write.body?.length ?? 0), (tx) => {
      const row = getRow(tx, id)
      const cost = writeRegisters(tx, id, [write], this.#caps)
      this.#putBytes(tx, id, charged(row, cost, this.#caps.reserve))
    })
  }

  #putBytes(tx: Transaction, id: VaultId, bytes: number): void {
    tx.put(vaultKey(id), encodeVaultRow({ ...getRow(tx, id), bytes }))
  }

  async registers(id: VaultId, prefix: string, page?: RegisterPage): Promise<Register[]> {
    getRow(this.#tx, id)
    const start = registerKey(id, prefix)
    const from = page?.after === undefined ? { gte: start } : { gt: registerKey(id, page.after) }
    const found: Register[] = []
    let size = 0
    const range = { ...from, lt: start + AFTER, limit: page?.entries ?? -1 }
    for await (const [key, value] of this.#store.rows(range)) {
      const body = value
      size += body.length
      if (page && found.length > 0 && size > page.bytes) break
      found.push({ key: key.slice(registerKey(id, '').length), body })
    }
    return found
  }

  async putSnapshot(id: VaultId, upto: number, body: Bytes): Promise<void> {
    const { snapshot, wrap } = this.#caps
    checkSize(body, snapshot, wrap, 'a snapshot')
    const kept = await this.#snapshots(id)
    await this.#committer.submit(body.length, (tx) => {
      const row = getRow(tx, id)
      checkSnapshotPlace(upto, kept.at(-1) ?? row.floor, row.head)
      if (tx.get(snapshotKey(id, upto)) !== undefined) {
        throw mailboxError('bad-snapshot', 'there is such a snapshot already')
      }
      let cost = costOf(body, wrap)
      for (const old of kept.slice(0, -1)) {
        cost -= costOf(tx.get(snapshotKey(id, old)), wrap)
        tx.del(snapshotKey(id, old))
      }
      tx.put(snapshotKey(id, upto), body)
      this.#putBytes(tx, id, charged(row, cost, this.#caps.reserve))
    })
  }

  /** Where the kept snapshots reach, ascending. */
  async #snapshots(id: VaultId): Promise<number[]> {
    getRow(this.#tx, id)
    const range = { gte: snapshotKey(id, 0), lt: `${snapshotKey(id, 0).slice(0, -14)}${AFTER}` }
    return (await this.#store.keys(range)).map(posOfKey)
  }

  async getSnapshot(id: VaultId, wanted?: number): Promise<Snapshot | undefined> {
    const upto = wanted ?? (await this.#snapshots(id)).at(-1)
    getRow(this.#tx, id)
    const body = upto === undefined ? undefined : this.#tx.get(snapshotKey(id, upto))
    return upto === undefined || body === undefined ? undefined : { upto, body }
  }

  async prune(id: VaultId, floor: number, kept: ReadonlySet<number> = new Set()): Promise<void> {
    const [older] = await this.#snapshots(id)
    const from = getRow(this.#tx, id).floor
    if (floor <= from) return
    checkPrunable(floor, older)
    const parts = { store: this.#store, committer: this.#committer, caps: this.#caps }
    await pruneLog(parts, id, { from, floor, kept })
  }

  async readAt(id: VaultId, positions: readonly number[]): Promise<PlacedEntry[]> {
    getRow(this.#tx, id)
    return positions.flatMap((pos) => {
      const row = this.#tx.get(entryKey(id, pos))
      return row === undefined ? [] : [{ ...decodeEntryRow(row), pos }]
    })
  }

  async mark(): Promise<Bytes | undefined> {
    return this.#tx.get(MARK_KEY)
  }

  async setMark(body: Bytes): Promise<void> {
    const [vault] = await this.#store.keys({ gte: 'v!', lt: `v!${AFTER}`, limit: 1 })
    if (vault !== undefined) throw mailboxError('not-empty', 'the store has vaults')
    await this.#committer.submit(body.length, (tx) => tx.put(MARK_KEY, body))
  }

  async raiseGeneration(): Promise<number> {
    await this.#putMeta(this.#generation + 1)
    return ++this.#generation
  }

  async health(): Promise<void> {
    this.#tx.get(META_KEY)
    if (this.#committer.failed) throw mailboxError('unavailable', 'the last write failed')
  }

  async close(): Promise<void> {
    await this.#committer.close()
    await this.#store.close()
  }
}
