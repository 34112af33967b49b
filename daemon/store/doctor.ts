import * as fs from 'node:fs/promises'
import { mkdir, readFile, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { toHex, type Bytes } from '../../shared/bytes.js'
import { CofferError } from '../../shared/errors.js'
import { LIMITS } from '../../shared/limits.js'
import { reasonOf } from './disk.js'
import {
  checkFiles,
  logName,
  tableName,
  type Damage,
  type Files,
} from '../../shared/leveldb/check.js'
import { folderOf } from '../../shared/leveldb/folder.js'
import { readBatch, readLog, type Write } from '../../shared/leveldb/log.js'
import { readTable } from '../../shared/leveldb/table.js'
import { systemCode } from '../../shared/system-error.js'
import { LevelStore } from './level.js'
import { syncDir } from './level-db.js'
import { finishReplacement } from './open.js'
import { storageError, type Op } from './store.js'

// What `doctor` does for a damaged database. LevelDB's own repair is not used: it reads logs and tables
// without their checksums, and puts all tables on one level, where an older value can hide a newer one.

export type Repair =
  | { readonly outcome: 'sound' }
  | {
      readonly outcome: 'rebuilt'
      readonly damage: readonly Damage[]
      /** Records that went over into the new database. */
      readonly kept: number
      /** Where the damaged files are now; nothing is deleted. */
      readonly aside: string
    }

/**
 * Checks the closed database in `dir` and replaces a damaged one by a new one, its files moved to
 * `<dir>.corrupt-<n>`. Into the new one go the records that can be read whole and whose database key
 * `keep` accepts: what no relay has (drafts, outbox); all of them for a vault that has no relay. The
 * caller fetches the rest. `unopened`: database keys from SealedStore.damaged, which count as damage
 * and don't go over. Throws `storage`, the old folder then still in its place.
 */
export async function repairOrQuarantine(
  dir: string,
  keep: (key: Bytes) => boolean,
  unopened: readonly Bytes[] = [],
): Promise<Repair> {
  try {
    await finishReplacement(dir)
    const files = await checkFiles(folderOf(fs, dir))
    if (files.damage.length === 0 && unopened.length === 0) return { outcome: 'sound' }
    const records = await rescueRecords(dir, files)
    for (const key of unopened) records.delete(toHex(key))
    const kept = await build(
      `${dir}.new`,
      [...records.values()].filter(({ key }) => keep(key)),
    )
    return { outcome: 'rebuilt', damage: files.damage, kept, aside: await replace(dir) }
  } catch (cause) {
    if (cause instanceof CofferError) throw cause
    throw storageError(reasonOf(cause), `${dir} can't be repaired`, cause)
  }
}

/** The newest write of each key that can be read, by key in hex. */
async function rescueRecords(dir: string, { manifest, tables, logs }: Files) {
  const records = new Map<string, Write>()
  const take = (write: Write): void => {
    const hex = toHex(write.key)
    const before = records.get(hex)
    if (before === undefined || write.sequence >= before.sequence) records.set(hex, write)
  }
  // Without a manifest every table counts: superseded ones hold older sequences of the same keys.
  for (const table of manifest === undefined ? tables : manifest.tables.keys()) {
    for (const write of readTable(await readOrNothing(join(dir, tableName(table))))) take(write)
  }
  for (const log of logs.filter((number) => number >= (manifest?.log ?? 0))) {
    const { records: batches } = readLog(await readOrNothing(join(dir, logName(log))))
    for (const batch of batches) readBatch(batch)?.forEach(take)
  }
  return records
}

async function build(dir: string, records: readonly Write[]): Promise<number> {
  await rm(dir, { recursive: true, force: true })
  await mkdir(dir, { mode: 0o700 })
  const store = await LevelStore.open(dir)
  try {
    let kept = 0
    let ops: Op[] = []
    let bytes = 0
    for (const { key, value } of records) {
      if (value === undefined) continue
      ops.push({ type: 'put', key, value })
      bytes += key.length + value.length
      kept++
      if (bytes < LIMITS.storePage) continue
      await store.batch(ops)
      ops = []
      bytes = 0
    }
    await store.batch(ops)
    return kept
  } finally {
    await store.close()
  }
}

/** Moves `dir` to the first free `<dir>.corrupt-<n>` and `<dir>.new` to `dir`. */
async function replace(dir: string): Promise<string> {
  for (let n = 1; ; n++) {
    const aside = `${dir}.corrupt-${n}`
    try {
      // A folder made first is what rename may replace: no other doctor can take the same name.
      await mkdir(aside, { mode: 0o700 })
    } catch (error) {
      if (systemCode(error) === 'EEXIST') continue
      throw error
    }
    await rename(dir, aside)
    await rename(`${dir}.new`, dir)
    await syncDir(dirname(dir))
    return aside
  }
}

async function readOrNothing(path: string): Promise<Bytes> {
  try {
    return await readFile(path)
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return new Uint8Array(0)
    throw error
  }
}
