import type { Key, PrivateKey, PublicKey, Subkey } from 'openpgp'
import { CofferError } from '../../shared/errors.js'
import { LIMITS } from '../../shared/limits.js'
import { fromUtf8 } from '../../shared/bytes.js'
import type { Secret } from '../../shared/redacted.js'
import { attempt, checkSize, CONFIG, library } from './library.js'

// Keys of people, as files hold them (SPEC section 14): what isn't sound now isn't used.

/** A public key that is sound now. */
export type PgpKey = {
  /** Of the primary key: 40 hex digits, lower case. */
  readonly fingerprint: string
  /** As the key's owner wrote them: nobody has checked that they are true. */
  readonly users: readonly string[]
  readonly key: PublicKey
}

/** What a key is to do. */
export type Use = 'encrypt' | 'verify'

const RSA_BITS = 2048

function refused(reason: string, what: string): CofferError {
  return new CofferError('refused', `the OpenPGP key ${what}`, {
    reason,
    next: 'ask its owner for the key that they use now',
  })
}

function notAKey(): CofferError {
  return new CofferError('format', 'this is not one armored OpenPGP key', {
    reason: 'pgp-key',
    next: 'make the file with gpg --armor --export KEY',
  })
}

function isWeak(part: Key | Subkey): boolean {
  const { algorithm, bits, curve } = part.getAlgorithmInfo()
  if (algorithm.startsWith('rsa')) return (bits ?? 0) < RSA_BITS
  return ['elgamal', 'dsa'].includes(algorithm) || curve === 'secp256k1'
}

/**
 * Reads one armored public key and checks that it is sound at `now`.
 * @throws CofferError `format` (`pgp-key`, `pgp-private-key`), `limit`, `expired` (`pgp-key-expired`), `refused`
 * (`pgp-key-revoked`, `pgp-key-invalid`, `pgp-key-weak`, `pgp-no-encryption-key`, `pgp-no-signing-key`)
 */
export async function readPublicKey(armored: string, use: Use, now: Date): Promise<PgpKey> {
  checkSize(armored, LIMITS.pgpKey, 'the OpenPGP key')
  const { readKeys } = await library()
  const keys = await attempt(() => readKeys({ armoredKeys: armored, config: CONFIG }), notAKey)
  const [key] = keys
  if (key === undefined || keys.length > 1) throw notAKey()
  if (key.isPrivate()) {
    throw new CofferError('format', 'this is a private OpenPGP key where a public one is meant', {
      reason: 'pgp-private-key',
      next: 'keep it to yourself, and make the file with gpg --armor --export KEY',
    })
  }
  await checkSound(key, use, now)
  return { fingerprint: key.getFingerprint(), users: key.getUserIDs(), key }
}

async function checkSound(key: PublicKey, use: Use, now: Date): Promise<void> {
  const broken = (): CofferError => refused('pgp-key-invalid', 'has no valid signature of its own')
  if (await attempt(() => key.isRevoked(undefined, undefined, now), broken)) {
    throw refused('pgp-key-revoked', 'was revoked')
  }
  const ends = await attempt(() => key.getExpirationTime(), broken)
  if (ends === null) throw broken()
  if (typeof ends !== 'number' && ends <= now) {
    throw new CofferError('expired', 'the OpenPGP key has expired', {
      reason: 'pgp-key-expired',
      next: 'ask its owner to extend it and send it again',
    })
  }
  if (isWeak(key)) throw refused('pgp-key-weak', 'is too weak to be trusted')
  await attempt(
    () =>
      use === 'encrypt' ? key.getEncryptionKey(undefined, now) : key.getSigningKey(undefined, now),
    () => lacking(key, use),
  )
}

/** Why no part of a sound key serves. */
function lacking(key: PublicKey, use: Use): CofferError {
  if (key.subkeys.some(isWeak)) return refused('pgp-key-weak', 'has a subkey that is too weak')
  return use === 'encrypt'
    ? refused('pgp-no-encryption-key', 'has no valid part that encrypts')
    : refused('pgp-no-signing-key', 'has no valid part that signs')
}

/** A private key of the caller's, and what opens it where it is locked. */
export type PrivateKeyFile = { readonly armored: string; readonly passphrase: Secret | undefined }

/**
 * A private key, opened.
 * @throws CofferError `format` (`pgp-key`), `limit`, `locked` (`pgp-key-locked`), `cannot-decrypt` (`wrong-passphrase`)
 */
export async function openPrivateKey({ armored, passphrase }: PrivateKeyFile): Promise<PrivateKey> {
  checkSize(armored, LIMITS.pgpKey, 'the OpenPGP key')
  const { readPrivateKey, decryptKey } = await library()
  const key = await attempt(
    () => readPrivateKey({ armoredKey: armored, config: CONFIG }),
    () =>
      new CofferError('format', 'this is not one armored private OpenPGP key', {
        reason: 'pgp-key',
        next: 'make the file with gpg --armor --export-secret-keys KEY, on tmpfs',
      }),
  )
  if (key.isDecrypted()) return key
  if (passphrase === undefined) {
    throw new CofferError('locked', 'the private OpenPGP key is locked', {
      reason: 'pgp-key-locked',
      next: 'give its passphrase with --pgp-passphrase-fd N',
    })
  }
  const text = fromUtf8(passphrase.reveal()) ?? ''
  return attempt(
    () => decryptKey({ privateKey: key, passphrase: text, config: CONFIG }),
    () =>
      new CofferError('cannot-decrypt', 'the passphrase of the private OpenPGP key is wrong', {
        reason: 'wrong-passphrase',
        next: 'try again',
      }),
  )
}
