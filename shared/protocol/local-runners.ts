import { LIMITS } from '../limits.js'
import {
  context,
  duration,
  fingerprint,
  id32,
  label,
  path,
  reference,
  runner,
  secretName,
  time,
  typedFingerprint,
  vaultRef,
  warnings,
} from './local-common.js'
import { flag, list, nullable, object, optional, text } from './schema.js'

// Methods on runners: machines that open what they are granted by name. Of the selected project, by who manages it.

/** A runner as typed: its name, its fingerprint, or eight and more hex digits of its id. */
export const typedRunner = text(LIMITS.label)

/**
 * A runner whose key is made here: `token` is all that it needs, and all that anybody needs. `exists` for a name in use.
 * `expires`: how long it is given what it is granted.
 */
export const runnerCreate = {
  needs: 'unlocked',
  params: object({ context, name: label, expires: duration }),
  result: object({ runner, token: text(LIMITS.tokenText), expiresAt: time, warnings }),
} as const

/** A code with which a machine makes its own key and asks to be let in (`coffer runner enroll`). */
export const runnerInvite = {
  needs: 'unlocked',
  params: object({ context, name: label, expires: duration }),
  result: object({ code: text(4096), expiresAt: time, warnings }),
} as const

/** Lets in the machine with this fingerprint, typed in full. `not-found`, `expired`, `unreachable`. */
export const runnerConfirm = {
  needs: 'unlocked',
  params: object({ context, fingerprint: typedFingerprint, expires: duration }),
  result: object({ runner, expiresAt: time, warnings }),
} as const

/**
 * Gives a runner secrets by name, those that aren't there yet included. Values that stand are written anew for it;
 * sealed ones can't be: they are named in `sealed`.
 */
export const runnerGrant = {
  needs: 'unlocked',
  params: object({ context, runner: typedRunner, names: list(reference, LIMITS.items) }),
  result: object({
    runner,
    granted: list(secretName, LIMITS.items),
    rewritten: list(secretName, LIMITS.items),
    sealed: list(secretName, LIMITS.items),
    warnings,
  }),
} as const

export const runnerList = {
  needs: 'unlocked',
  params: object({ context }),
  result: object({
    vault: vaultRef,
    runners: list(
      object({
        deviceId: id32,
        name: label,
        fingerprint: nullable(fingerprint),
        addedAt: time,
        expiresAt: nullable(time),
        expired: flag,
        names: list(secretName, LIMITS.items),
        /** Granted names whose value it was not given: they want to be set or granted again. */
        missing: list(secretName, LIMITS.items),
      }),
      LIMITS.devices,
    ),
    warnings,
  }),
} as const

/** Takes a runner out. `couldRead`: what it was given, to be changed where it is used. */
export const runnerRevoke = {
  needs: 'unlocked',
  params: object({ context, runner: typedRunner }),
  result: object({ runner, couldRead: list(reference, LIMITS.items), warnings }),
} as const

/**
 * Writes a bundle: what a runner of the selected project is granted (or `only` some of it), for where there is no relay.
 * `file` is made. It is read for `expires`, and no longer than the runner is given anything. `missing`: granted names
 * that hold nothing for the runner.
 */
export const bundleCreate = {
  needs: 'unlocked',
  params: object({
    context,
    runner: typedRunner,
    only: optional(list(reference, LIMITS.items)),
    expires: duration,
    file: path,
  }),
  result: object({
    runner,
    names: list(secretName, LIMITS.items),
    missing: list(secretName, LIMITS.items),
    expiresAt: time,
    warnings,
  }),
} as const
