import { LIMITS } from '../limits.js'
import { context, count, path, reference, secretName, value, warnings } from './local-common.js'
import { privateKey } from './local-pgp.js'
import { passphrase, pgpFingerprint, pgpKey } from './local-recovery.js'
import { flag, list, object, optional, text, variant } from './schema.js'

// Methods on backups, and secrets for others, by OpenPGP (SPEC section 14).

const note = text(LIMITS.note)
/** `/user` or `ORG/PROJECT`. */
const vaultPath = text(LIMITS.reference)
const names = list(secretName, LIMITS.listed)
const keys = list(pgpKey, LIMITS.pgpKeys)

/**
 * Writes all secrets of this home (those of `context.org`, `context.project` where given: what is merely selected doesn't
 * count) into one OpenPGP message at `file`, 0600, whole or not at all. The passphrase must be a generated one (`refused`,
 * reason `weak-passphrase`). `exists` unless `replace`; `stale` while a vault is still loading; `limit`.
 */
export const backupCreate = {
  needs: 'unlocked',
  params: object({
    context,
    file: path,
    replace: flag,
    to: variant({ keys: { keys }, passphrase: { passphrase } }),
  }),
  result: object({
    file: path,
    vaults: list(object({ vault: vaultPath, secrets: count, sealed: names }), LIMITS.listed),
    /** Fingerprints of the keys that open it. */
    pgp: list(pgpFingerprint, LIMITS.pgpKeys),
    warnings,
  }),
} as const

const stored = { created: names, changed: names, unchanged: names } as const

/** Stores a decrypted backup's secrets where they came from, or `into` one vault; `create`: makes what is missing. */
export const backupRestore = {
  needs: 'unlocked',
  params: object({
    context,
    file: path,
    open: variant({ passphrase: { passphrase }, key: { key: privateKey } }),
    only: optional(vaultPath),
    into: optional(vaultPath),
    create: flag,
    dryRun: flag,
  }),
  result: object({
    vaults: list(object({ vault: vaultPath, ...stored, sealed: names }), LIMITS.listed),
    warnings,
  }),
} as const

/** One transaction of a backup that the caller has decrypted. As secretSetMany, each with its note. */
export const restoreItems = {
  needs: 'unlocked',
  params: object({
    context,
    vault: vaultPath,
    items: list(object({ name: secretName, value, note: optional(note) }), LIMITS.items),
    create: flag,
    dryRun: flag,
  }),
  result: object({ ...stored, warnings }),
} as const

/**
 * Encrypts values to people's keys: of one name exactly its bytes, of several a JSON object as `import` reads it.
 * `refused` (reason `sealed`), and as secretGet; `limit`.
 */
export const secretEncrypt = {
  needs: 'unlocked',
  params: object({ context, names: list(reference, LIMITS.items), keys }),
  result: object({
    message: text(2 * LIMITS.pgpSecrets),
    pgp: list(pgpFingerprint, LIMITS.pgpKeys),
    warnings,
  }),
} as const
