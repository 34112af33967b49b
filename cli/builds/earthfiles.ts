import { closeSync, constants, fstatSync, openSync, realpathSync, statSync } from 'node:fs'
import { dirname, isAbsolute, join, relative } from 'node:path'
import { displayText } from '../../shared/display.js'
import { CofferError } from '../../shared/errors.js'
import { fromUtf8 } from '../../shared/bytes.js'
import { LIMITS } from '../../shared/limits.js'
import { systemWords } from '../../shared/system-error.js'
import { parseEarthfile, type Earthfile } from '../interop/earthly/earthfile.js'
import { readDescriptor } from '../files/descriptor.js'

// Earthfiles on disk: those that are named, and those that they lead to. They may be a stranger's: read with caps.

export type EarthfileSet = {
  /** By canonical folder, the named ones first. */
  readonly files: Map<string, Earthfile>
  /** Each folder's Earthfile as it stands. */
  readonly sources: ReadonlyMap<string, { readonly path: string; readonly text: string }>
  /** How the person knows each folder's Earthfile. */
  readonly shown: Map<string, string>
  /** References that lead to no Earthfile. */
  readonly missing: readonly {
    readonly from: string
    readonly folder: string
    readonly why: string
  }[]
}

/**
 * Reads the named Earthfiles (files or their folders, absolute) and all that they lead to.
 * @param cwd what shown paths are relative to
 * @throws CofferError `usage` for a named one that can't be read, `limit`, `format`
 */
export function readEarthfiles(named: readonly string[], cwd: string): EarthfileSet {
  const files = new Map<string, Earthfile>()
  const shown = new Map<string, string>()
  const sources = new Map<string, { path: string; text: string }>()
  const missing: { from: string; folder: string; why: string }[] = []
  const waiting = named.map((path) => readNamed(path, cwd))
  for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
    if (files.has(next.folder)) continue
    if (files.size >= LIMITS.earthfiles) throw tooMany()
    const file = parseEarthfile(next.text)
    files.set(next.folder, file)
    shown.set(next.folder, next.shown)
    sources.set(next.folder, { path: next.path, text: next.text })
    for (const folder of file.folders) {
      try {
        const path = join(folderOf(next.folder, folder), 'Earthfile')
        waiting.push(readOne(path, cwd))
      } catch (error) {
        if (!(error instanceof CofferError)) throw error
        missing.push({ from: next.folder, folder, why: error.message })
      }
    }
  }
  return { files, sources, shown, missing }
}

/** The folder that a reference in an Earthfile of the folder `from` means, canonical where it is there. */
export function folderOf(from: string, folder: string): string {
  const path = isAbsolute(folder) ? folder : join(from, folder)
  try {
    return realpathSync(path)
  } catch {
    return path
  }
}

type Read = {
  readonly path: string
  readonly folder: string
  readonly shown: string
  readonly text: string
}

function readNamed(path: string, cwd: string): Read {
  return readOne(isFolder(path) ? join(path, 'Earthfile') : path, cwd)
}

/** Whether a folder that can be looked at is there. */
export function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory()
  } catch {
    // What can't be looked at can't be read either, which says why.
    return false
  }
}

function readOne(path: string, cwd: string): Read {
  const bytes = readCapped(path)
  const text = fromUtf8(new Uint8Array(bytes))
  if (text === undefined) throw new CofferError('format', `${displayText(path)} is not UTF-8`)
  return { path, folder: realpathSync(dirname(path)), shown: relative(cwd, path), text }
}

function readCapped(path: string): Uint8Array {
  let fd: number
  try {
    // A named pipe put there must not hold this command.
    fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
  } catch (error) {
    throw unreadable(path, systemWords(error))
  }
  try {
    if (!fstatSync(fd).isFile()) throw unreadable(path, 'not a file')
    const bytes = readDescriptor(fd, LIMITS.earthfile)
    if (bytes.length <= LIMITS.earthfile) return bytes
    throw new CofferError('limit', `${displayText(path)} has more than ${LIMITS.earthfile} bytes`)
  } finally {
    closeSync(fd)
  }
}

function unreadable(path: string, why: string): CofferError {
  return new CofferError('usage', `can't read ${displayText(path)}: ${why}`, {
    reason: 'unreadable',
    next: 'name an Earthfile or its folder',
  })
}

function tooMany(): CofferError {
  return new CofferError('limit', `these lead to more than ${LIMITS.earthfiles} Earthfiles`, {
    reason: 'too-many',
    next: 'check them in parts',
  })
}
