import { LIMITS } from '../limits.js'
import {
  base64,
  flag,
  hex,
  integer,
  list,
  nullable,
  object,
  oneOf,
  optional,
  text,
  variant,
} from './schema.js'
import type { Infer } from './schema.js'

// Shapes that several methods of the local protocol share.

/** A file system path. The CLI makes it absolute first: the daemon's own folder is `/`. */
export const path = text(LIMITS.path, /^\/[^\0]*$/, 'an absolute path without NUL')
/** A reference as typed: `NAME`, `path/NAME`, `/user/NAME`, `coffer://org/project/path/NAME`. The daemon parses it. */
export const reference = text(LIMITS.reference)
/** The name of an org or project as typed or shown (`NAME~2` for the second of one name). */
export const scopeName = text(LIMITS.name + 8)
/** A secret's name within its vault, as stored. */
export const secretName = text(LIMITS.name)
/** A person's or device's label. Untrusted on display: escape it. */
export const label = text(LIMITS.label)
/** A secret's value. */
export const value = base64(LIMITS.value)
/** Milliseconds since 1970. */
export const time = integer(0)
/** A duration in milliseconds, at most ten years. */
export const duration = integer(0, 10 * 366 * 24 * 3600 * 1000)
export const count = integer(0)
export const id32 = hex(32)
export const id16 = hex(16)
/** 80 bits as 16 base32 characters in groups of four; typed with or without dashes, in any case. */
export const fingerprint = text(19, /^([a-z2-7]{4}-){3}[a-z2-7]{4}$/, 'xxxx-xxxx-xxxx-xxxx')
export const typedFingerprint = text(64)
/** A runner of a project, as shown. */
export const runner = object({
  deviceId: id32,
  /** What people call it; '' where this device may not read the vault. */
  name: label,
  /** Of the keys that an admin let in; null for one that came otherwise. */
  fingerprint: nullable(fingerprint),
})
/** A version as typed: its number in the history (up to five digits) or six and more hex digits of its id. */
export const typedVersion = text(64, /^([0-9]{1,5}|[0-9a-f]{6,64})$/, 'a version number or id')

/**
 * What the daemon needs of the caller to choose org and project and to resolve references. Given with each call:
 * flags as typed (`--org`, `--project`), the absolute working folder and the variables that select.
 * `offline`: the request neither waits for nor starts traffic.
 */
export const context = object({
  cwd: path,
  org: optional(scopeName),
  project: optional(scopeName),
  offline: optional(flag),
  env: object({
    COFFER_ORG: optional(text(LIMITS.variable)),
    COFFER_PROJECT: optional(text(LIMITS.variable)),
    COFFER_OFFLINE: optional(text(LIMITS.variable)),
    EARTHLY_ORG: optional(text(LIMITS.variable)),
    EARTHLY_PROJECT: optional(text(LIMITS.variable)),
  }),
})
export type Context = Infer<typeof context>

/** What a reader asks of what it reads, beside the name. */
export const demands = {
  /** Refuses (`stale`) what another device hasn't confirmed for longer than this. */
  maxAge: optional(duration),
  /** Reads the relay to its end first (`unreachable`). */
  fresh: optional(flag),
  /** Holds the vault against the nearest lock file; one that is behind is warned of, or refused. */
  lock: optional(oneOf('warn', 'refuse')),
} as const
const allDemands = object(demands)
export type Demands = Infer<typeof allDemands>

/**
 * What opens a home. `key-file`: absolute path of a 0600 file of the caller (`init` and `join` make it);
 * `passphrase`: its UTF-8 bytes, never logged, never empty.
 */
export const opener = variant({
  passphrase: { passphrase: base64(4096) },
  'key-file': { path },
})
export type Opener = Infer<typeof opener>

/** Argon2id's memory in MiB, for whoever sets a passphrase. */
export const memory = integer(LIMITS.argon2MemoryMin / 1024, LIMITS.argon2MemoryMax / 1024)

/** `none`: no home yet; `locked`: a home that needs `unlock`; `unlocked`: it answers. */
export const homeState = oneOf('none', 'locked', 'unlocked')
export type HomeState = Infer<typeof homeState>

/** Something the person should read on stderr; the answer holds all the same. `code` is stable. */
export const warning = object({
  /** `conflict`, `future-clock`, `stale`, `fork`, `loading`, `last-device`, `same-disk`, `file-mode`, … */
  code: text(64, /^[a-z0-9-]+$/, 'a code'),
  message: text(LIMITS.message),
})
export type Warning = Infer<typeof warning>
export const warnings = list(warning, 100)

/** What a device may do in a vault. */
export const role = oneOf('owner', 'admin', 'writer', 'reader', 'viewer', 'sealer', 'runner')

export const vaultKind = oneOf('user', 'org', 'project')

/** A vault as people know it. `org` and `project` are shown names; the user vault has neither. */
export const vaultRef = object({
  vaultId: id32,
  kind: vaultKind,
  org: optional(scopeName),
  project: optional(scopeName),
})
export type VaultRef = Infer<typeof vaultRef>

/** One version of a secret. `id` is the ChangeId; `number` counts from 1 in this device's history order. */
export const versionRef = object({ id: id32, number: integer(1) })
export type VersionRef = Infer<typeof versionRef>

/** Who wrote: the device and, where known, its label and its person's. */
export const author = object({
  deviceId: id32,
  device: optional(label),
  user: optional(label),
  self: flag,
})

/** Where a write went: the canonical reference (`/user/NAME` or `coffer://org/project/NAME`). */
export const writtenFields = { reference, version: versionRef, created: flag, warnings } as const
export const written = object(writtenFields)

export const empty = object({})

/** How the connection to a relay stands. */
export const relayState = object({
  url: text(LIMITS.reference),
  key: id32,
  state: oneOf('offline', 'connecting', 'connected', 'refused'),
  /** Since when in this state. */
  since: time,
  /** Last problem's code and message, null when none. */
  problem: nullable(object({ code: text(64), message: text(LIMITS.message) })),
})

/** Of the relays beside the home's. */
export const otherRelays = list(relayState, LIMITS.items)
