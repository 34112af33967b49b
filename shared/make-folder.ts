import { systemCode } from './system-error.js'

/** What is needed of Node's file system and paths, which are not for shared code. */
type Tools = {
  /** Makes one folder or throws the system's error. */
  readonly make: (path: string) => void
  readonly parentOf: (path: string) => string
}

/**
 * Makes a folder and those above it that are missing; one that is there stays as it is. Not Node's recursive mkdir: that
 * never ends below /proc, and calls a read-only file system ENOENT. Throws the system's error.
 */
export function makeFolder(path: string, tools: Tools): void {
  const { make, parentOf } = tools
  const parent = parentOf(path)
  try {
    make(path)
  } catch (error) {
    const code = systemCode(error)
    if (code === 'EEXIST') return
    if (code !== 'ENOENT' || parent === path) throw error
    makeFolder(parent, tools)
    make(path)
  }
}
