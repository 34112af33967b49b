import { LIMITS } from '../limits.js'
import {
  context,
  count,
  duration,
  empty,
  fingerprint,
  homeState,
  id32,
  label,
  memory,
  opener,
  otherRelays,
  relayState,
  scopeName,
  secretName,
  time,
  typedFingerprint,
  vaultRef,
  warnings,
} from './local-common.js'
import { pgpFingerprint } from './local-recovery.js'
import { flag, integer, list, nullable, object, oneOf, optional, text } from './schema.js'

// Methods on devices, joining and syncing, and the notifications.

/** An invite code as pasted: blanks around it don't count. */
export const code = text(4096)

/** An invite for another device of this person; needs the relay (`unreachable` within 5 s). */
export const deviceAdd = {
  needs: 'unlocked',
  params: object({ context, expires: duration }),
  result: object({ code, expiresAt: time }),
} as const

/** Devices that answered an invite and wait for `deviceConfirm`. Reads the relay first when it is there. */
export const deviceRequests = {
  needs: 'unlocked',
  params: object({ context }),
  result: object({
    requests: list(
      object({ fingerprint, at: time, expiresAt: time, expired: flag }),
      LIMITS.invites,
    ),
    warnings,
  }),
} as const

/** Lets in the device with this fingerprint, typed in full. `not-found`, `expired`, `unreachable`. */
export const deviceConfirm = {
  needs: 'unlocked',
  params: object({ context, fingerprint: typedFingerprint }),
  result: object({ deviceId: id32, name: label, vaults: count, warnings }),
} as const

export const deviceList = {
  needs: 'unlocked',
  params: object({ context }),
  result: object({
    devices: list(
      object({
        deviceId: id32,
        name: label,
        self: flag,
        /** Its keys are on paper or in a safe, not on a machine. */
        recovery: flag,
        /** The OpenPGP key that vouched for it when it was let in. */
        pgp: optional(pgpFingerprint),
        addedAt: time,
        /** Newest signed head of the device, null before its first. */
        seenAt: nullable(time),
        /** It signed a number twice in some vault: a copy of its keys is at work, or its disk was put back. */
        doubled: flag,
      }),
      LIMITS.devices,
    ),
  }),
} as const

/**
 * Answers an invite. A device code needs no home and makes one with `open` (`exists` when there is one already that
 * doesn't wait for this very code); an org's code needs a home (`home`). The same code again resumes and gives the same
 * fingerprint. `org`: what the code calls the org.
 */
export const joinBegin = {
  needs: 'nothing',
  params: object({
    context,
    code,
    open: optional(opener),
    device: optional(label),
    memory: optional(memory),
  }),
  result: object({
    fingerprint,
    state: oneOf('waiting', 'joined'),
    org: optional(scopeName),
    warnings,
  }),
} as const

/**
 * Waits until the request of `code` (without one, for the home's own vault) is confirmed and the vaults are there (progress
 * is notified under this call's id).
 * `timed-out` leaves the request as it is; `expired`; `tampering` when the answer doesn't hold.
 */
export const joinWait = {
  needs: 'unlocked',
  params: object({ context, timeout: duration, code: optional(code) }),
  result: object({ deviceId: id32, vaults: count, secrets: count, warnings }),
} as const

/**
 * Ends when every queued changeset is acknowledged and the relay's head is read, in all vaults that have a relay.
 * `unreachable` when there is none or it doesn't answer; `timed-out`.
 */
export const sync = {
  needs: 'unlocked',
  params: object({ context, timeout: duration }),
  result: object({ vaults: count, sent: count, received: count, warnings }),
} as const

/** Starts notifications on this connection, at once and until it closes. Several topics, no selection by vault. */
export const subscribe = {
  needs: 'nothing',
  params: object({ topics: list(oneOf('changed', 'syncStatus', 'state'), 8) }),
  result: empty,
} as const

// Notifications of the daemon. `progress` comes on its own for a call in flight on the same connection.

/** Secrets of one vault changed, by this device or another. `names` is null when they are too many to tell. */
export const changed = object({ vault: vaultRef, names: nullable(list(secretName, LIMITS.items)) })
export const syncStatus = object({
  relay: nullable(relayState),
  otherRelays,
  queued: count,
  conflicts: count,
})
export const state = object({ state: homeState })
export const progress = object({
  /** The id of the request that this is about. */
  id: integer(0),
  /** `connecting`, `waiting`, `receiving`, `sending`, `verifying`, `writing`, `repairing`. */
  phase: text(64, /^[a-z-]+$/, 'a phase'),
  done: count,
  /** Null while unknown. */
  total: nullable(count),
})
