import { CofferError } from '../../shared/errors.js'
import type { VaultShell } from '../vault/shell.js'
import { Directory, type DirectoryRecord } from './people/directory.js'

/** One vault of this home, while it opens, open, or not to be opened. */
export class Slot {
  /** Its entry in the directory above it; undefined for the user vault. */
  record: DirectoryRecord | undefined
  shell: VaultShell | undefined
  /** Why it couldn't be opened. */
  failure: Error | undefined
  opened: Promise<void> = Promise.resolve()
  readonly directory: Directory

  constructor(record: DirectoryRecord | undefined, onError: (error: unknown) => void) {
    this.record = record
    this.directory = new Directory(onError)
  }

  /** The open vault. @throws CofferError `storage` when it couldn't be opened, `stale` while it opens */
  get open(): VaultShell {
    if (this.shell !== undefined) return this.shell
    if (this.failure !== undefined) throw this.failure
    throw new CofferError('stale', 'the vault is still being opened', {
      reason: 'loading',
      next: 'try again in a moment',
    })
  }
}
