import { LIMITS } from '../limits.js'
import {
  author,
  context,
  count,
  id32,
  label,
  reference,
  time,
  typedVersion,
  vaultRef,
  versionRef,
  warnings,
  written,
} from './local-common.js'
import { flag, integer, list, object, oneOf, optional, text } from './schema.js'

// Methods that take devices and keys out of use, and bring back what that cut off.

/** A device as typed: its name, or at least six digits of its id. */
const typedDevice = text(LIMITS.label)

/** References to secrets, as many as a home may list. */
const references = list(reference, LIMITS.listed)

/**
 * Removes a device of this person, and what it brought in, from the user vault, then from every other vault; what can't be
 * done now is done in the background. `not-found`, `refused` (`last-device`, `recovery-device`), `unreachable`.
 */
export const deviceRevoke = {
  needs: 'unlocked',
  params: object({ context, device: typedDevice, keep: list(typedDevice, LIMITS.devices) }),
  result: object({
    devices: list(object({ deviceId: id32, name: label }), LIMITS.devices),
    /** Vaults that they are out of, and those that are still to be done. */
    vaults: count,
    remaining: count,
    /** What they could read: to be changed wherever it is used. */
    rotate: references,
    warnings,
  }),
} as const

/** A new key for the selected project, for those who are in it now. `refused`, `unreachable`. */
export const projectRotate = {
  needs: 'unlocked',
  params: object({ context }),
  result: object({ vault: vaultRef, epoch: integer(1), warnings }),
} as const

/** Writes in the selected vault that were cut off with their device and that nobody has built on. */
export const lostList = {
  needs: 'unlocked',
  params: object({ context }),
  result: object({
    vault: vaultRef,
    lost: list(
      object({
        reference,
        version: versionRef,
        kind: oneOf('put', 'delete'),
        at: time,
        author,
        size: optional(count),
      }),
      LIMITS.listed,
    ),
  }),
} as const

/** Branches of the selected vault's chain that others follow. */
export const forkList = {
  needs: 'unlocked',
  params: object({ context }),
  result: object({
    vault: vaultRef,
    forks: list(object({ n: integer(1), own: id32, other: id32, by: author }), LIMITS.forks),
  }),
} as const

/** Declares them void. `not-found` (`no-fork`), `refused` (`role`), `unreachable`. */
export const forkEnd = {
  needs: 'unlocked',
  params: object({ context }),
  result: object({
    vault: vaultRef,
    ended: list(object({ n: integer(1), hash: id32 }), LIMITS.forkEnds),
    /** This device stood on a void branch. */
    left: flag,
    warnings,
  }),
} as const

/** Writes one of them anew, as this device's; without `version` the newest. `not-found` (`not-lost`). */
export const lostRestore = {
  needs: 'unlocked',
  params: object({ context, name: reference, version: optional(typedVersion) }),
  result: written,
} as const
