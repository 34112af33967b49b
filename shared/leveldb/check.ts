import { fromUtf8 } from '../bytes.js'
import type { Folder } from './folder.js'
import { readLog } from './log.js'
import { readManifest, type Manifest } from './manifest.js'
import { tableHolds } from './table.js'

/** One file that isn't what was written. */
export type Damage = {
  readonly file: string
  readonly what: 'missing' | 'size' | 'content'
}

export type Files = {
  /** Undefined in a new store, and when it can't be read (then `damage` says so). */
  readonly manifest: Manifest | undefined
  /** All tables and logs present, by number, ascending. */
  readonly tables: readonly number[]
  readonly logs: readonly number[]
  readonly damage: readonly Damage[]
  /** Bytes of tables that no manifest names: left by an interrupted compaction. */
  readonly garbage: number
}

/**
 * Compares a closed LevelDB folder with its checksums, before LevelDB maps it: LevelDB drops bad log
 * records without a word, reads tables without checking them, and dies of SIGBUS on a cut one.
 * `budget`: bytes of tables to read, newest first; logs, manifest and all sizes are always checked.
 */
export async function checkFiles(dir: Folder, budget = Infinity): Promise<Files> {
  const { tables, logs } = await listFiles(dir)
  const damage: Damage[] = []
  const manifest = await currentManifest(dir, tables.length + logs.length > 0, damage)
  const from = manifest?.log ?? 0
  if (from !== 0 && !logs.includes(from)) damage.push({ file: logName(from), what: 'missing' })
  for (const log of logs.filter((number) => number >= from)) {
    const bytes = await dir.read(logName(log))
    if (bytes === undefined || readLog(bytes).state === 'damaged')
      damage.push({ file: logName(log), what: 'content' })
  }
  damage.push(...(await checkTables(dir, manifest, budget)))
  let garbage = 0
  for (const table of tables) {
    if (manifest !== undefined && !manifest.tables.has(table)) {
      garbage += (await dir.size(tableName(table))) ?? 0
    }
  }
  return { manifest, tables, logs, damage, garbage }
}

async function checkTables(
  dir: Folder,
  manifest: Manifest | undefined,
  budget: number,
): Promise<readonly Damage[]> {
  const damage: Damage[] = []
  let left = budget
  for (const [number, size] of [...(manifest?.tables ?? [])].toSorted(([a], [b]) => b - a)) {
    const file = tableName(number)
    const found = await dir.size(file)
    left -= size
    if (found === undefined) damage.push({ file, what: 'missing' })
    else if (found !== size) damage.push({ file, what: 'size' })
    else if (left >= 0 && !(await holds(dir, file))) damage.push({ file, what: 'content' })
  }
  return damage
}

async function holds(dir: Folder, file: string): Promise<boolean> {
  const bytes = await dir.read(file)
  return bytes !== undefined && tableHolds(bytes)
}

async function currentManifest(
  dir: Folder,
  inUse: boolean,
  damage: Damage[],
): Promise<Manifest | undefined> {
  const current = await dir.read('CURRENT')
  if (current === undefined) {
    // Without logs or tables it is a store whose creation was interrupted: LevelDB begins anew.
    if (inUse) damage.push({ file: 'CURRENT', what: 'missing' })
    return undefined
  }
  const name = /^(MANIFEST-\d{6,16})\n$/.exec(fromUtf8(current) ?? '')?.[1]
  if (name === undefined) {
    damage.push({ file: 'CURRENT', what: 'content' })
    return undefined
  }
  const bytes = await dir.read(name)
  const manifest = bytes && readManifest(bytes)
  if (manifest === undefined) {
    damage.push({ file: name, what: bytes === undefined ? 'missing' : 'content' })
    return undefined
  }
  if (manifest.state === 'damaged') {
    damage.push({ file: name, what: 'content' })
    return undefined
  }
  return manifest
}

async function listFiles(dir: Folder): Promise<{ tables: number[]; logs: number[] }> {
  const names = await dir.names()
  const numbers = (pattern: RegExp): number[] =>
    names
      .flatMap((name) => pattern.exec(name)?.[1] ?? [])
      .map(Number)
      .toSorted((a, b) => a - b)
  return { tables: numbers(/^(\d{6,16})\.ldb$/), logs: numbers(/^(\d{6,16})\.log$/) }
}

export function tableName(number: number): string {
  return `${String(number).padStart(6, '0')}.ldb`
}

export function logName(number: number): string {
  return `${String(number).padStart(6, '0')}.log`
}

/**
 * The first damage that two looks agree on, or undefined: another process at work changes files between two reads of
 * one. `budget` as in `checkFiles`.
 */
export async function lastingDamage(dir: Folder, budget: number): Promise<Damage | undefined> {
  const first = await checkFiles(dir, budget)
  if (first.damage.length === 0) return undefined
  return (await checkFiles(dir, budget)).damage[0]
}
