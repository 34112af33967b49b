import { open, type FileHandle } from 'node:fs/promises'
import { constants } from 'node:fs'
import { fromUtf8, utf8, type Bytes } from '../../shared/bytes.js'
import { hash } from '../../shared/crypto/hash.js'
import { CofferError } from '../../shared/errors.js'
import { LIMITS } from '../../shared/limits.js'
import { systemCode } from '../../shared/system-error.js'
import { checkSelectionFile, selectionFiles, type SelectionFile } from '../core/vault/selection.js'

// Reads the `.coffer.yaml` that counts for a caller's folder. It may be anybody's (a cloned repository's): it is size-
// capped and checked, and selects org and project, nothing more, until it is allowed (allowed.ts).

export type FoundSelection = {
  /** Absolute. */
  readonly path: string
  readonly selection: SelectionFile
  /** Of the very bytes that were read: what `allow` pins. */
  readonly digest: Bytes
}

function refuse(path: string, why: string, reason: string): CofferError {
  return new CofferError('format', `${path} ${why}`, {
    reason,
    next: 'correct the file',
  })
}

/** What a selection file's text says. @throws CofferError `format`: other than plain YAML of the schema. */
export async function parseSelection(path: string, content: string): Promise<SelectionFile> {
  // Most folders have no such file, and a daemon starts 20 ms sooner without its reader.
  const { parseDocuments } = await import('./yaml.js')
  const [document, ...more] = parseDocuments(content) ?? []
  if (document === undefined) throw refuse(path, 'nests too deep', 'too-deep')
  if (more.length > 0 || document.errors.length > 0 || document.warnings.length > 0) {
    throw refuse(path, 'is not valid YAML', 'yaml')
  }
  let value: unknown
  try {
    value = document.toJS({ maxAliasCount: 0 })
  } catch {
    throw refuse(path, 'uses YAML aliases', 'yaml')
  }
  return checkSelectionFile(value)
}

async function readCapped(path: string, handle: FileHandle, cap: number): Promise<string> {
  const stat = await handle.stat()
  if (!stat.isFile()) throw refuse(path, 'is no regular file', 'not-a-file')
  if (stat.size > cap) throw refuse(path, 'is too large', 'oversize')
  const buffer = new Uint8Array(cap + 1)
  let length = 0
  for (;;) {
    const { bytesRead } = await handle.read(buffer, length, buffer.length - length, null)
    length += bytesRead
    if (length > cap) throw refuse(path, 'is too large', 'oversize')
    if (bytesRead === 0) break
  }
  const content = fromUtf8(buffer.subarray(0, length))
  if (content === undefined) throw refuse(path, 'is not UTF-8', 'utf-8')
  return content
}

/** Codes of a place where there is nothing for this user to read: the search goes on above it. */
const ABSENT = ['ENOENT', 'ENOTDIR', 'EACCES', 'EPERM', 'ELOOP', 'ENAMETOOLONG']

/**
 * The nearest selection file at or above `cwd` (absolute); undefined when there is none.
 * @throws CofferError `format` when the nearest one isn't what it should be: a broken file never selects nothing.
 */
export async function findSelection(cwd: string): Promise<FoundSelection | undefined> {
  for (const path of selectionFiles(cwd)) {
    const content = await readIfThere(path, LIMITS.configFile)
    if (content === undefined) continue
    const digest = hash('selection-file', utf8(content))
    return { path, selection: await parseSelection(path, content), digest }
  }
  return undefined
}

/**
 * The text of a file that may be anybody's, of at most `cap` bytes; undefined when there is none to read.
 * @throws CofferError `format`: `not-a-file`, `oversize`, `utf-8`, `unreadable`
 */
export async function readIfThere(path: string, cap: number): Promise<string | undefined> {
  let handle: FileHandle
  try {
    // O_NONBLOCK: a named pipe put there must not hold the daemon.
    handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK)
  } catch (error) {
    if (ABSENT.includes(systemCode(error) ?? '')) return undefined
    throw refuse(path, "can't be read", 'unreadable')
  }
  try {
    return await readCapped(path, handle, cap)
  } finally {
    await handle.close()
  }
}
