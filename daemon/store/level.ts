import * as fs from 'node:fs/promises'
import type { Bytes } from '../../shared/bytes.js'
import type { CofferError } from '../../shared/errors.js'
import { LIMITS } from '../../shared/limits.js'
import { disk as realDisk, type Disk } from './disk.js'
import { checkFiles } from '../../shared/leveldb/check.js'
import { folderOf } from '../../shared/leveldb/folder.js'
import { codesOf, corrupt, openDb, plain, removeGarbage, writeError, type Db } from './level-db.js'
import { checkKey, checkOps, storageError } from './store.js'
import type { Entry, Op, Range, Store } from './store.js'

const MiB = 1024 * 1024
/** Space kept for LevelDB's own work (a new log, a flushed table): a disk is full before it is. */
const RESERVE = 3 * MiB
/** Bytes of tables that are read and checked at each open; `doctor` checks all. */
const CHECKED_AT_OPEN = 128 * MiB
/** Waiting batches are written together up to this size: one fsync for all of them. */
const GROUP = 1 * MiB

type Waiting = {
  readonly ops: readonly Op[]
  readonly bytes: number
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

/**
 * A Store in a LevelDB folder. One write is under way at a time: LevelDB appends to its log after a
 * failed append, where recovery can't find it, so nothing may be queued behind a write that fails.
 */
export class LevelStore implements Store {
  readonly #dir: string
  readonly #disk: Disk
  /** Undefined while it is being reopened after a failed write, and when that failed. */
  #db: Db | undefined
  /** Set by a failed write: what its keys held, which a reopened log may have overwritten. */
  #undo: Op[] | undefined
  #waiting: Waiting[] = []
  #writing: Promise<void> | undefined
  #closing: Promise<void> | undefined

  private constructor(dir: string, disk: Disk, db: Db) {
    this.#dir = dir
    this.#disk = disk
    this.#db = db
  }

  /**
   * Opens or creates the store in `dir`, whose parent exists. Throws `storage`: corrupt (some file
   * doesn't match its checksums), busy (another process has it), full, read-only, io.
   */
  static async open(dir: string, disk: Disk = realDisk): Promise<LevelStore> {
    return new LevelStore(dir, disk, await openDb(dir, disk, CHECKED_AT_OPEN))
  }

  getSync(key: Bytes): Bytes | undefined {
    const db = this.#reading()
    checkKey(key)
    try {
      const value = db.getSync(key)
      return value && plain(value)
    } catch (cause) {
      throw this.#readError(cause)
    }
  }

  has(key: Bytes): boolean {
    return this.getSync(key) !== undefined
  }

  async page({ gte, lt, reverse = false, limit = Infinity }: Range): Promise<readonly Entry[]> {
    const entries = Math.min(limit, LIMITS.storePageEntries)
    if (entries <= 0) return []
    if (this.#db === undefined && this.#closing === undefined) {
      await (this.#writing ??= this.#writeAll())
    }
    const iterator = this.#reading().iterator({
      ...(gte && { gte }),
      ...(lt && { lt }),
      reverse,
      limit: entries,
      highWaterMarkBytes: LIMITS.storePage,
    })
    try {
      const page = await iterator.nextv(entries)
      return page.map(([key, value]) => ({ key: plain(key), value: plain(value) }))
    } catch (cause) {
      throw this.#readError(cause)
    } finally {
      await iterator.close()
    }
  }

  /** The bytes of `ops` must not change before the promise settles. */
  batch(ops: readonly Op[]): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#closing !== undefined) throw closed()
      checkOps(ops)
      this.#waiting.push({ ops, bytes: sizeOf(ops), resolve, reject })
      this.#writing ??= this.#writeAll()
    })
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    await this.#writing
    const db = this.#db
    this.#db = undefined
    await db?.close()
  }

  #reading(): Db {
    if (this.#closing !== undefined) throw closed()
    if (this.#db !== undefined) return this.#db
    this.#writing ??= this.#writeAll()
    throw storageError('busy', `${this.#dir} is being reopened after a failed write`)
  }

  async #writeAll(): Promise<void> {
    // The first turn waits, so that batches given in the same tick share one fsync.
    await Promise.resolve()
    // A reopening that failed is tried again for readers too; writers hear of it below.
    if (this.#db === undefined) await this.#heal().catch(() => undefined)
    while (this.#waiting.length > 0) {
      const group = this.#nextGroup()
      try {
        await this.#write(group.flatMap(({ ops }) => ops))
        for (const { resolve } of group) resolve()
      } catch (error) {
        for (const { reject } of group) reject(error)
      }
    }
    this.#writing = undefined
  }

  #nextGroup(): Waiting[] {
    let bytes = 0
    const end = this.#waiting.findIndex((waiting, i) => (bytes += waiting.bytes) > GROUP && i > 0)
    return this.#waiting.splice(0, end < 0 ? this.#waiting.length : end)
  }

  async #write(ops: readonly Op[]): Promise<void> {
    const bytes = sizeOf(ops)
    if (this.#undo !== undefined) await this.#heal()
    if (!this.#fits(bytes)) await this.#reclaim(bytes)
    const db = this.#db
    if (db === undefined) throw closed()
    try {
      await db.batch([...ops], { sync: true })
    } catch (cause) {
      const undo: Op[] = (this.#undo = [])
      const error = await this.#writeError(cause, bytes)
      try {
        for (const { key } of ops) undo.push(held(db, key))
      } catch (unreadable) {
        throw this.#readError(unreadable)
      }
      throw error
    }
  }

  #fits(bytes: number): boolean {
    const free = this.#disk.free(this.#dir)
    return free === undefined || free >= RESERVE + bytes
  }

  /**
   * Tables that were read from while they were compacted stay on the disk until LevelDB compacts again, which it does
   * for writes only: on a disk that has no room for one they'd stay for ever. Reopening frees them.
   */
  async #reclaim(bytes: number): Promise<void> {
    const { garbage } = await checkFiles(folderOf(fs, this.#dir), 0)
    if (garbage > 0) await this.#heal()
    if (!this.#fits(bytes)) throw writeError('full', this.#dir)
  }

  /**
   * After a failed write LevelDB's log has a broken end, or LevelDB refuses every further write: only
   * reopening helps, and that needs space of its own. Until there is some, the open database reads.
   */
  async #heal(): Promise<void> {
    if (this.#db !== undefined) {
      await this.#requireRoom()
      const db = this.#db
      this.#db = undefined
      await db.close()
    }
    await removeGarbage(this.#dir)
    this.#db = await openDb(this.#dir, this.#disk, 0)
    const undo = this.#undo ?? []
    try {
      await this.#db.batch(undo, { sync: true })
    } catch (cause) {
      throw await this.#writeError(cause, sizeOf(undo))
    }
    this.#undo = undefined
  }

  async #requireRoom(): Promise<void> {
    const { garbage } = await checkFiles(folderOf(fs, this.#dir), 0)
    const free = this.#disk.free(this.#dir)
    if (free !== undefined && free + garbage < RESERVE) throw writeError('full', this.#dir)
    // What an interrupted compaction left comes free by reopening, and only so. Where the free space isn't known it must
    // be enough by itself: a database that was closed and can't be opened again can't be read either.
    if (garbage >= (free === undefined ? RESERVE : 1)) return
    const reason = await this.#disk.probe(this.#dir, RESERVE)
    if (reason !== undefined) throw writeError(reason, this.#dir)
  }

  async #writeError(cause: unknown, bytes: number): Promise<CofferError> {
    if (codesOf(cause).includes('LEVEL_CORRUPTION')) return corrupt(this.#dir, cause)
    const reason = (await this.#disk.probe(this.#dir, RESERVE + bytes)) ?? 'io'
    return writeError(reason, this.#dir, cause)
  }

  #readError(cause: unknown): CofferError {
    if (this.#closing !== undefined) return closed()
    if (codesOf(cause).includes('LEVEL_CORRUPTION')) return corrupt(this.#dir, cause)
    const reopening = codesOf(cause).includes('LEVEL_DATABASE_NOT_OPEN')
    return storageError(reopening ? 'busy' : 'io', `${this.#dir} can't be read`, cause)
  }
}

/** What makes `key` be again what it is now. */
function held(db: Db, key: Bytes): Op {
  const value = db.getSync(key)
  return value === undefined ? { type: 'del', key } : { type: 'put', key, value }
}

function sizeOf(ops: readonly Op[]): number {
  let bytes = 0
  for (const op of ops) bytes += op.key.length + (op.type === 'put' ? op.value.length : 0)
  return bytes
}

function closed(): CofferError {
  return storageError('closed', 'the store is closed')
}
