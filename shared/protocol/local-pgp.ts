import { LIMITS } from '../limits.js'
import { context, count, duration, id32, label, time, warnings } from './local-common.js'
import { passphrase, pgpFingerprint, pgpKey, pgpMessage } from './local-recovery.js'
import { flag, object, optional, text, type Infer } from './schema.js'

// Methods on invites by OpenPGP (SPEC section 14).

/** An armored private key of the caller's, and the passphrase that opens it. */
export const privateKey = object({ key: pgpKey, passphrase: optional(passphrase) })
export type PgpPrivate = Infer<typeof privateKey>

/** To whom an invite is encrypted, and by whom it is signed. */
export const pgpParams = object({ key: pgpKey, sign: optional(privateKey) })
export type PgpParams = Infer<typeof pgpParams>

/** An invite code as `deviceAdd` prints it. */
const code = text(4096)

/** As `deviceAdd`, the code encrypted to a person's key: it is in nobody else's hands. */
export const deviceInvite = {
  needs: 'unlocked',
  params: object({ context, expires: duration, pgp: pgpParams }),
  result: object({ message: pgpMessage, pgp: pgpFingerprint, expiresAt: time }),
} as const

/** The code in an invite message: decrypted with `open`, else it was by gpg. `signer`: a key that must have signed it. */
export const inviteOpen = {
  needs: 'nothing',
  params: object({
    message: pgpMessage,
    open: optional(privateKey),
    signer: optional(pgpKey),
  }),
  result: object({ code, pgp: optional(pgpFingerprint) }),
} as const

/** What the person signs who joins with this code: signed with `sign`, else to be signed by gpg. */
export const joinReply = {
  needs: 'unlocked',
  params: object({ context, code, sign: optional(privateKey) }),
  result: object({ reply: text(LIMITS.pgpMessage), signed: flag }),
} as const

/**
 * As `deviceConfirm`, by a reply signed with `key` instead of a typed fingerprint. `tampering` (`pgp-signature`,
 * `pgp-other-invite`, `pgp-other-device`, …), `refused` (`pgp-other-key`), `not-found`, `expired`, `unreachable`.
 */
export const deviceConfirmReply = {
  needs: 'unlocked',
  params: object({ context, reply: pgpMessage, key: pgpKey }),
  result: object({ deviceId: id32, name: label, vaults: count, pgp: pgpFingerprint, warnings }),
} as const
