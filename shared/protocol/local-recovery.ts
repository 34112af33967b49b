import { LIMITS } from '../limits.js'
import {
  context,
  count,
  duration,
  id32,
  label,
  memory,
  opener,
  path,
  reference,
  warnings,
} from './local-common.js'
import { base64, flag, list, object, optional, text, variant } from './schema.js'

// Methods on recovery devices (SPEC section 14).

/** An armored OpenPGP key or message, and the fingerprint of a key. */
export const pgpKey = text(LIMITS.pgpKey)
export const pgpMessage = text(LIMITS.pgpMessage)
export const pgpFingerprint = text(64, /^([0-9a-f]{40}|[0-9a-f]{64})$/, 'a fingerprint')
export const passphrase = base64(4096)

/**
 * Makes a recovery device and writes its message to `file` (0600, must not exist: `exists`). The passphrase must be a
 * generated one (`refused`, reason `weak-passphrase`). Needs the relay.
 */
export const recoveryCreate = {
  needs: 'unlocked',
  params: object({
    context,
    file: path,
    to: variant({ key: { key: pgpKey }, passphrase: { passphrase } }),
  }),
  result: object({
    deviceId: id32,
    file: path,
    /** How many vaults it is in now. */
    vaults: count,
    /** The fingerprint of the key that opens the message. */
    pgp: optional(pgpFingerprint),
    warnings,
  }),
} as const

/**
 * Acts as a recovery device: makes the home with `open` when there is none, lets its device in everywhere, removes the
 * person's other devices if told so, and the recovery device itself. The same again goes on where it was cut short.
 * `expired` (`recovery-used`), `cannot-decrypt`, `exists` (a home of somebody else), `unreachable`, `timed-out`.
 */
export const recoveryUse = {
  needs: 'nothing',
  params: object({
    context,
    /** The message and its passphrase, or what gpg made of it. */
    source: variant({
      message: { message: pgpMessage, passphrase },
      text: { text: text(LIMITS.pgpText) },
    }),
    open: optional(opener),
    device: optional(label),
    memory: optional(memory),
    revokeOthers: flag,
    timeout: duration,
  }),
  result: object({
    deviceId: id32,
    /** The person's name, to be seen by whoever used the message: '' when unknown. */
    name: label,
    vaults: count,
    secrets: count,
    /** How many of the person's other devices were removed. */
    revoked: count,
    /** What they could read, when they were removed: to be changed wherever it is used. */
    rotate: list(reference, LIMITS.listed),
    warnings,
  }),
} as const
