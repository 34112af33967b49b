import type { Random } from '../../shared/crypto/random.js'
import type { Variables } from '../../shared/protocol/socket-path.js'
import type { Secret } from '../../shared/redacted.js'
import type { Home } from '../home/home.js'
import type { Access } from '../keystore/access.js'
import type { Guarded } from '../keystore/access-parts.js'
import type { DaemonHandlers, PlainHandler } from '../rpc/call.js'
import type { Hub } from '../rpc/hub.js'
import type { FolderLock } from '../store/folder-lock.js'
import type { Log } from './log.js'
import type { OwnMethod } from './own-handlers.js'
import type { DaemonOptions } from './process.js'

/** What the vaults' side is composed from. */
export type DaemonParts = {
  readonly access: Access
  readonly hub: Hub
  readonly log: Log
  readonly random: Random
  /** Milliseconds since 1970. */
  readonly now: () => number
  readonly version: string
  readonly startedAt: number
  /** Started with `--offline`: opens no connection by itself. */
  readonly offline: boolean
  /** The daemon's reduced variables. */
  readonly env: Variables
}

/** The vaults' side of the daemon. */
export type Composition = {
  readonly handlers: Omit<DaemonHandlers, OwnMethod>
  readonly plain: PlainHandler
  /** Opens and closes with the home. */
  readonly guarded: Guarded
  /** After `guarded.close`, at the daemon's end. */
  readonly close?: () => Promise<void>
}

export type Compose = (parts: DaemonParts) => Promise<Composition>

/** What takes part in `serve`: the home is ours alone from here on. */
export type Held = {
  readonly home: Home
  readonly lock: FolderLock
  readonly options: DaemonOptions
  readonly env: Variables
  /** The root of a daemon that made place for this one. */
  readonly handed: Secret | undefined
}
