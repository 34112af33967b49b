import type { Bytes } from '../bytes.js'
import { systemCode } from '../system-error.js'

/** A closed LevelDB folder, as the check of its files sees it; other failures than absence are thrown. */
export type Folder = {
  names(): Promise<readonly string[]>
  /** The bytes of a file, or undefined when there is none. */
  read(name: string): Promise<Bytes | undefined>
  /** The size of a file, or undefined when there is none. */
  size(name: string): Promise<number | undefined>
}

/** What is needed of `node:fs/promises`, which itself is not for shared code. */
type FileSystem = {
  readdir(path: string): Promise<string[]>
  readFile(path: string): Promise<Bytes>
  stat(path: string): Promise<{ readonly size: number }>
}

/** The folder at `dir`. */
export function folderOf(fs: FileSystem, dir: string): Folder {
  return {
    names: () => fs.readdir(dir),
    read: (name) => ifThere(fs.readFile(`${dir}/${name}`)),
    size: async (name) => (await ifThere(fs.stat(`${dir}/${name}`)))?.size,
  }
}

async function ifThere<T>(asked: Promise<T>): Promise<T | undefined> {
  try {
    return await asked
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined
    throw error
  }
}
