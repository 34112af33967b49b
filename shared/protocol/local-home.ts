import {
  context,
  count,
  duration,
  empty,
  homeState,
  id16,
  id32,
  label,
  memory,
  opener,
  path,
  role,
  otherRelays,
  relayState,
  scopeName,
  time,
  vaultRef,
  warnings,
} from './local-common.js'
import { flag, hex, integer, list, nullable, object, oneOf, optional, text } from './schema.js'
import { LIMITS } from '../limits.js'

// Methods on the home and the daemon itself.

/** `major.minor.patch` with an optional pre-release. */
export const version = text(64, /^[0-9]+\.[0-9]+\.[0-9]+(-[0-9A-Za-z.-]+)?$/, 'a version')
/** The network namespace as `readlink /proc/self/ns/net` shows it; absent where there is none. */
const netns = text(64)

/**
 * First call on a connection. A caller that is newer than the daemon, or in another network than a daemon that was
 * started in a cut one, starts a successor that replaces it (`daemonHandover`) and connects again.
 */
export const handshake = {
  needs: 'nothing',
  params: object({ version, netns: optional(netns) }),
  result: object({
    version,
    pid: integer(1),
    netns: optional(netns),
    state: homeState,
    /** Started with `--offline`: opens no connection until replaced or told otherwise. */
    offline: flag,
    /** Started where no network interface but loopback was up. */
    cut: flag,
  }),
} as const

/**
 * Makes the home: device keys, user, user vault. `exists` when there is one. With a key file opener the file is
 * made (0600, must not exist); `memory` only counts for a passphrase.
 */
export const init = {
  needs: 'nothing',
  params: object({
    open: opener,
    name: optional(label),
    email: optional(label),
    device: optional(label),
    memory: optional(memory),
  }),
  result: object({ home: path, deviceId: id32, userId: id16, warnings }),
} as const

/** Opens the home. Without `open`: by its key file. `cannot-decrypt` for a wrong passphrase or key file. */
export const unlock = {
  needs: 'home',
  params: object({ open: optional(opener) }),
  result: object({ already: flag, warnings }),
} as const

/** Forgets the keys, and stays so over a restart until `unlock`. */
export const lock = { needs: 'home', params: empty, result: object({ already: flag }) } as const

/** Seals the local root under another passphrase or key file (made if it doesn't exist). */
export const passphraseChange = {
  needs: 'home',
  params: object({ current: opener, next: opener, memory: optional(memory) }),
  result: object({ warnings }),
} as const

const vaultStatus = object({
  vault: vaultRef,
  /**
   * `loading`: entries still arrive; a missing name waits. `damaged`: its store can't be read. `removed`: this device was
   * taken out, and reads what it had.
   */
  state: oneOf('ready', 'loading', 'damaged', 'removed'),
  /** What this device may do; null while it isn't in, or no longer. */
  role: nullable(role),
  secrets: count,
  /** Changesets written here that the relay hasn't acknowledged, drafts included. */
  queued: count,
  conflicts: count,
  /** Place in the relay's log up to which this device has read; null before the first sync. */
  pos: nullable(count),
  epoch: count,
  /** When the relay last answered for this vault. */
  syncedAt: nullable(time),
  /** When another device's newest signed head was made; null: unconfirmed. */
  confirmedAt: nullable(time),
  /** How long ago that was, in milliseconds: what `--max-age` is held against. */
  age: nullable(count),
  /** The newest snapshot that the vault's chain names: how far it reaches, how many changes counted there. */
  checkpoint: nullable(object({ pos: count, changes: count })),
  warnings,
})

/** Everything about the daemon; works in every state. Names stand only in the unlocked state. */
export const status = {
  needs: 'nothing',
  params: object({ context }),
  result: object({
    version,
    pid: integer(1),
    startedAt: time,
    home: path,
    state: homeState,
    /** What opens the home; null without one. */
    opener: nullable(oneOf('passphrase', 'key-file')),
    /** Milliseconds of idleness after which it locks itself; null: never. */
    autoLock: nullable(duration),
    offline: flag,
    device: nullable(object({ deviceId: id32, name: label })),
    user: nullable(object({ userId: id16, name: label, email: label })),
    /** What the given context selects, and which source said so. */
    selection: object({
      org: nullable(scopeName),
      project: nullable(scopeName),
      orgFrom: oneOf('flag', 'environment', 'file', 'select', 'nothing'),
      projectFrom: oneOf('flag', 'environment', 'file', 'select', 'nothing'),
      /** The `.coffer.yaml` that was read. */
      file: nullable(path),
    }),
    /** The home's default relay. */
    relay: nullable(relayState),
    /** The relays that vaults of this home are on beside it, an org's say. */
    otherRelays,
    /** A device or person of this home still waits to be let in. */
    joining: flag,
    /** Whether this person has a recovery device; null while that isn't known. */
    recovery: nullable(flag),
    vaults: list(vaultStatus, 100_000),
    /** Members' levels that projects which this device manages don't have yet; `own`: this device is about to. */
    todo: list(
      object({ org: scopeName, project: scopeName, userId: id16, email: label, own: flag }),
      100_000,
    ),
    warnings,
  }),
} as const

/** Ends the daemon after its answer; open writes are finished first. */
export const daemonStop = { needs: 'nothing', params: empty, result: empty } as const

/**
 * Ends the daemon in favour of the successor that asks, and gives it the local root when unlocked, so that an upgrade
 * stays so. `root` is the nonce and the XChaCha20-Poly1305 box (hex) under the key that the successor has just written
 * to the home's `handover` file: whoever can only speak on the socket gets nothing (`refused`).
 */
export const daemonHandover = {
  needs: 'nothing',
  /**
   * The process that is to be replaced, and the one that asks: another daemon answers `exists`, and so does this one where
   * the key in the home is another successor's, since somebody was faster.
   */
  params: object({ pid: integer(1), successor: integer(1) }),
  result: object({ root: optional(hex(72)) }),
} as const

/**
 * Examines home, modes, disk space, store, relay, clock. With `repair`: mends what it can (brings damaged vaults back
 * from the relay); progress is notified.
 */
export const doctor = {
  needs: 'nothing',
  params: object({ context, repair: flag }),
  result: object({
    checks: list(
      object({
        /** Stable: `home-mode`, `store`, `relay`, `clock`, … */
        name: text(64, /^[a-z0-9-]+$/, 'a name'),
        level: oneOf('ok', 'warning', 'failure'),
        message: text(LIMITS.message),
        next: optional(text(LIMITS.message)),
      }),
      100_000,
    ),
  }),
} as const

/**
 * The home's default relay; vaults without one are uploaded to it (progress is notified). `key`: hex. `ca`: PEM file
 * trusted beside the system's. `registrationFile`: holds the token that a relay with closed registration asks for.
 */
export const relaySet = {
  needs: 'unlocked',
  params: object({
    context,
    url: text(LIMITS.reference),
    key: text(128),
    ca: optional(path),
    registrationFile: optional(path),
  }),
  result: object({ url: text(LIMITS.reference), key: id32, uploaded: count, warnings }),
} as const
