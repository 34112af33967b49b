import * as fs from 'node:fs/promises'
import { mkdir, open, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { Level } from 'level'
import type { Bytes } from '../../shared/bytes.js'
import { CofferError } from '../../shared/errors.js'
import { systemCode } from '../../shared/system-error.js'
import { reasonOf, type Disk } from './disk.js'
import { checkFiles, lastingDamage, tableName, type Damage } from '../../shared/leveldb/check.js'
import { folderOf } from '../../shared/leveldb/folder.js'
import { storageError, type StorageReason } from './store.js'

// Opening LevelDB safely. Only this file names `level`.

export type Db = Level<Uint8Array, Uint8Array>

const MiB = 1024 * 1024

/** Small, since a daemon may hold many vaults. */
const TUNING = {
  keyEncoding: 'view',
  valueEncoding: 'view',
  // Ciphertext doesn't compress, and shared/leveldb/table.ts reads blocks as they are.
  compression: false,
  cacheSize: 1 * MiB,
  writeBufferSize: 1 * MiB,
  maxOpenFiles: 200,
} as const

/** What LevelDB needs to open, beyond the log that it turns into a table. */
const OPENING = 2 * MiB

/**
 * The database in `dir`, made (0700) when it isn't there. `budget`: bytes of tables to check first.
 * Throws `storage`.
 */
export async function openDb(dir: string, disk: Disk, budget: number): Promise<Db> {
  try {
    await mkdir(dir, { mode: 0o700 }).catch(unlessExists)
    const damage = await lastingDamage(folderOf(fs, dir), budget)
    if (damage !== undefined) throw damaged(dir, damage)
  } catch (cause) {
    if (cause instanceof CofferError) throw cause
    throw notOpened(reasonOf(cause), dir, cause)
  }
  const db: Db = new Level(dir, TUNING)
  try {
    await db.open()
    await syncDir(dir)
    return db
  } catch (cause) {
    await db.close().catch(() => undefined)
    throw await openError(cause, dir, disk)
  }
}

async function openError(cause: unknown, dir: string, disk: Disk): Promise<CofferError> {
  const codes = codesOf(cause)
  if (codes.includes('LEVEL_CORRUPTION')) return corrupt(dir, cause)
  if (codes.includes('LEVEL_LOCKED')) return storageError('busy', `${dir} is in use`, cause)
  return notOpened((await disk.probe(dir, OPENING)) ?? 'io', dir, cause)
}

/** Deletes the tables of a closed database that its manifest doesn't name, as LevelDB does at the end of opening. */
export async function removeGarbage(dir: string): Promise<void> {
  const { manifest, tables } = await checkFiles(folderOf(fs, dir), 0)
  if (manifest === undefined) return
  for (const table of tables) {
    if (!manifest.tables.has(table)) await unlink(join(dir, tableName(table)))
  }
}

/** Makes the entries of a folder durable; LevelDB 1.20 doesn't do it for CURRENT. */
export async function syncDir(dir: string): Promise<void> {
  const folder = await open(dir, 'r')
  try {
    await folder.sync()
  } catch (error) {
    // File systems that can't sync a folder say so with EINVAL.
    if (systemCode(error) !== 'EINVAL') throw error
  } finally {
    await folder.close()
  }
}

/** The codes of an error and of its causes. */
export function codesOf(error: unknown): readonly string[] {
  const codes: string[] = []
  for (let at = error, depth = 0; at instanceof Error && depth < 5; at = at.cause, depth++) {
    const code = systemCode(at)
    if (code !== undefined) codes.push(code)
  }
  return codes
}

export function corrupt(dir: string, cause: unknown): CofferError {
  return storageError('corrupt', `${dir} is damaged`, cause)
}

export function damaged(dir: string, { file, what }: Damage): CofferError {
  const how = { missing: 'is missing', size: 'has the wrong size', content: 'was altered' }[what]
  return storageError('corrupt', `${dir} is damaged: ${file} ${how}`)
}

export function writeError(reason: StorageReason, dir: string, cause?: unknown): CofferError {
  return storageError(reason, `${why(reason)}nothing can be written to ${dir}`, cause)
}

function notOpened(reason: StorageReason, dir: string, cause: unknown): CofferError {
  return storageError(reason, `${why(reason)}${dir} can't be opened`, cause)
}

function why(reason: StorageReason): string {
  if (reason === 'full') return 'the disk is full: '
  return reason === 'read-only' ? 'the file system is read-only: ' : ''
}

/** A Buffer of `level` as a plain Uint8Array. */
export function plain(bytes: Uint8Array): Bytes {
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length)
}

function unlessExists(error: unknown): void {
  if (systemCode(error) !== 'EEXIST') throw error
}
