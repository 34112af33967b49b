import type { LocalKeys } from '../core/crypto/passphrase.js'
import type { Home } from '../home/home.js'
import type { Device, DeviceRecord } from './device.js'
import type { KeystoreTools, Opener } from './keystore.js'

/** What the rest of the daemon gets when the home opens. */
export type Unlocked = {
  readonly home: Home
  readonly keys: LocalKeys
  readonly device: Device
}

/** What opens and closes with the home: the vaults' database and their syncing. */
export type Guarded = {
  open(unlocked: Unlocked): Promise<void>
  /** Ends work in progress and forgets everything decrypted. Also called after a failed `open`. */
  close(): Promise<void>
}

/** A timer: runs `then` once after `ms`, unless the returned function is called before. */
export type After = (ms: number, then: () => void) => () => void

export type AccessParts = {
  readonly path: string
  readonly uid: number
  readonly tools: KeystoreTools
  /** Milliseconds, monotone: idle time is measured with it. */
  readonly now: () => number
  readonly after: After
}

/** A new home. `memory`: MiB for Argon2id, for a passphrase only. */
export type NewHome = {
  readonly opener: Opener
  readonly memory?: number
  readonly record: DeviceRecord
}
