import { mkdirSync } from 'node:fs'
import * as fs from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { Level } from 'level'
import type { Bytes } from '../../shared/bytes.js'
import { CofferError } from '../../shared/errors.js'
import { lastingDamage } from '../../shared/leveldb/check.js'
import { folderOf } from '../../shared/leveldb/folder.js'
import { makeFolder } from '../../shared/make-folder.js'
import type { Backend } from './level-commit.js'
import { seal, unseal } from './level-rows.js'
import { mailboxError } from './mailbox.js'

/** Free bytes that must be there before a store that failed to write is opened again. */
const PROBE = 1024 * 1024
/** Bytes of tables that are read and checked at each start; all sizes, logs and the manifest always are. */
const CHECKED_AT_OPEN = 256 * 1024 * 1024
const DAMAGED =
  'free space or mend permissions; put a backup in the place of a damaged folder and start once with --restored'

export type KeyRange = { gt?: string; gte?: string; lt?: string; lte?: string; limit?: number }

function openError(error: unknown): CofferError {
  const cause = error instanceof Error ? error.cause : undefined
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined
  if (code === 'LEVEL_LOCKED') {
    return new CofferError('storage', 'another relay runs on this data folder', {
      reason: 'in-use',
      next: 'stop it first, or choose another --data folder',
      cause: error,
    })
  }
  const what = cause instanceof Error ? cause.message : String(error)
  return new CofferError('storage', `the store does not open: ${what}`, {
    reason: code === 'LEVEL_CORRUPTION' ? 'damaged' : 'unavailable',
    next: DAMAGED,
    cause: error,
  })
}

/** LevelDB drops bad log records without a word and dies of SIGBUS on a cut table: its files are read first. */
async function checkDamage(folder: string): Promise<void> {
  const make = (path: string): void => mkdirSync(path, { mode: 0o700 })
  makeFolder(resolve(folder), { make, parentOf: dirname })
  const damage = await lastingDamage(folderOf(fs, folder), CHECKED_AT_OPEN)
  if (damage === undefined) return
  throw new CofferError('storage', `the store's file ${damage.file} is damaged (${damage.what})`, {
    reason: 'damaged',
    next: DAMAGED,
  })
}

/** A LevelDB whose rows carry their sums; keys are ASCII text. */
export class LevelStore implements Backend {
  readonly #db: Level<string, Uint8Array>
  readonly #folder: string

  private constructor(folder: string) {
    this.#folder = folder
    this.#db = new Level<string, Uint8Array>(folder, {
      keyEncoding: 'utf8',
      valueEncoding: 'view',
      compression: false, // ciphertext doesn't shrink
    })
  }

  /** @throws CofferError `storage` (reasons `in-use`, `damaged`, `unavailable`) */
  static async open(folder: string): Promise<LevelStore> {
    await checkDamage(folder)
    const store = new LevelStore(folder)
    try {
      await store.#db.open()
    } catch (error) {
      throw openError(error)
    }
    return store
  }

  /** @throws CofferError `storage` when the row is damaged or the store isn't open. */
  getSync(key: string): Bytes | undefined {
    let row: Bytes | undefined
    try {
      row = this.#db.getSync(key)
    } catch (error) {
      throw mailboxError('unavailable', 'the store does not read', error)
    }
    return row && unseal(row)
  }

  /** Rows of a range in key order. */
  async *rows(range: KeyRange): AsyncGenerator<[key: string, body: Bytes]> {
    for await (const [key, row] of this.#db.iterator(range)) yield [key, unseal(row)]
  }

  keys(range: KeyRange): Promise<string[]> {
    return this.#db.keys(range).all()
  }

  async write(changes: ReadonlyMap<string, Bytes | undefined>): Promise<void> {
    const batch = this.#db.batch()
    for (const [key, body] of changes) {
      if (body === undefined) batch.del(key)
      else batch.put(key, seal(body))
    }
    await batch.write({ sync: true })
  }

  /** Opens the store anew, once the disk takes bytes again. Until then reads go on as they are. */
  async recover(): Promise<void> {
    const probe = join(this.#folder, 'probe.tmp')
    try {
      const file = await fs.open(probe, 'w', 0o600)
      try {
        await file.writeFile(new Uint8Array(PROBE))
        await file.sync()
      } finally {
        await file.close()
      }
    } finally {
      await fs.rm(probe, { force: true })
    }
    await this.#db.close()
    await this.#db.open()
  }

  close(): Promise<void> {
    return this.#db.close()
  }
}
