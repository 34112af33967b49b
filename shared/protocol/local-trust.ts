import { LIMITS } from '../limits.js'
import {
  author,
  context,
  count,
  fingerprint,
  id32,
  label,
  path,
  reference,
  secretName,
  time,
  vaultRef,
  warnings,
} from './local-common.js'
import { flag, integer, list, nullable, object, oneOf, optional, text } from './schema.js'

// Methods on what can be believed: alarms, lock files, verifying, the record of who did what.

const raised = object({ at: time, message: text(LIMITS.message) })

/** Every alarm that was ever raised in this home's vaults, the oldest of each vault first (SPEC section 9). */
export const alarmsList = {
  needs: 'unlocked',
  params: object({ context }),
  result: object({
    alarms: list(
      object({
        vault: vaultRef,
        /** Stable: `fork`, `two-logs`, `bad-signature`, … */
        reason: text(64),
        first: raised,
        /** The newest of this reason that said something else. */
        newest: optional(raised),
        /** When a person had read it; null while nobody has. */
        readAt: nullable(time),
      }),
      100_000,
    ),
  }),
} as const

/** A person has read all alarms: they leave the warnings and stay listed. */
export const alarmsAcknowledge = {
  needs: 'unlocked',
  params: object({ context }),
  result: object({ acknowledged: count, warnings }),
} as const

/**
 * What a lock file of the selected project is to hold now, and the one that there is (`file`, else the nearest), which
 * says no more: `stale`, `tampering`. `refused` (`no-relay`) for a project that is on no relay.
 */
export const lockState = {
  needs: 'unlocked',
  params: object({ context, file: optional(path) }),
  result: object({
    vault: vaultRef,
    content: text(LIMITS.lockFile),
    file: nullable(path),
    warnings,
  }),
} as const

/**
 * Holds the selected project, or else the vault that it names, against a lock file: the nearest one, or `file`.
 * `strict`: one that is behind is refused (`stale`), not warned of. `tampering` when it is another history or vault.
 */
export const lockCheck = {
  needs: 'unlocked',
  params: object({ context, file: optional(path), strict: flag }),
  result: object({ file: path, vault: vaultRef, satisfied: flag, warnings }),
} as const

/** Who came and went by other devices' doing since the last call: each is told once (SPEC section 9). */
export const announcements = {
  needs: 'unlocked',
  params: object({ context }),
  result: object({ warnings }),
} as const

/**
 * Checks all vaults again from what is on this disk (progress is notified). `tampering` names the first thing that
 * fails. Two devices that hold the same links and have read the same log to the same place print the same fingerprint.
 */
export const verify = {
  needs: 'unlocked',
  params: object({ context }),
  result: object({
    vaults: list(
      object({
        vault: vaultRef,
        fingerprint,
        links: count,
        changesets: count,
        items: count,
        /** Items without a key here: their hashes hold, they weren't opened. */
        unopened: count,
        pos: count,
      }),
      100_000,
    ),
    warnings,
  }),
} as const

const memberRef = object({ deviceId: id32, name: optional(label) })

/**
 * Who did what in the selected vault, from signed data, the newest last: at most `limit` of it (`more`: there was more
 * before). `name`: only changes of that secret and below it, or a whole vault (`/user`). `org`: the org's own vault, as it
 * is without a selected project. `since` leaves out what its author dates before.
 */
export const audit = {
  needs: 'unlocked',
  params: object({
    context,
    name: optional(reference),
    org: flag,
    since: optional(time),
    limit: integer(1, LIMITS.audit),
  }),
  result: object({
    vault: vaultRef,
    entries: list(
      object({
        /** By its author's clock; null for changes that this device can't open. */
        at: nullable(time),
        author,
        /** A link's kind, or `put`, `delete`, `unopened`. */
        action: text(32, /^[a-z-]+$/, 'an action'),
        /** Of a link: its number. Of a change: the number that its author gave to the transaction. */
        link: optional(count),
        seq: optional(count),
        /** Of a change that was opened. */
        space: optional(oneOf('secret', 'vault', 'setting')),
        name: optional(secretName),
        /** Of a link: whom it let in, removed, or gave another role. */
        devices: optional(list(memberRef, LIMITS.devices)),
        role: optional(text(16)),
        /** Cut off: it counts for nothing. */
        void: flag,
      }),
      LIMITS.audit,
    ),
    more: flag,
    warnings,
  }),
} as const
