import type { CleartextMessage, Message, PrivateKey, VerifyMessageResult } from 'openpgp'
import { fromUtf8 } from '../../shared/bytes.js'
import { CofferError } from '../../shared/errors.js'
import { LIMITS } from '../../shared/limits.js'
import type { Secret } from '../../shared/redacted.js'
import type { PgpKey } from './keys.js'
import { attempt, checkSize, CONFIG, library } from './library.js'

// OpenPGP messages of text, as gpg 2.2 reads and makes them (SPEC section 14).

/** The key id of a message that doesn't say whom it is for. */
const ANYBODY = '0000000000000000'

type Opened = {
  readonly data: unknown
  readonly signatures: VerifyMessageResult['signatures']
}

export function notAMessage(): CofferError {
  return new CofferError('format', 'this is not one whole armored OpenPGP message', {
    reason: 'pgp-message',
    next: 'take the whole file, from BEGIN PGP to END PGP',
  })
}

export function cannotOpen(what: string): CofferError {
  return new CofferError('cannot-decrypt', `${what}, or the message was altered or cut off`, {
    reason: 'pgp-cannot-open',
  })
}

function tampered(reason: string, what: string): CofferError {
  return new CofferError('tampering', `the OpenPGP message ${what}`, {
    reason,
    next: 'ask its sender, by another way, what they sent',
  })
}

/** Encrypts text to a key, signed inside by `signer` if there is one; armored. */
export async function encryptTo(
  { key }: PgpKey,
  text: string,
  signer?: PrivateKey,
): Promise<string> {
  checkSize(text, LIMITS.pgpText, 'the text')
  const { createMessage, encrypt } = await library()
  const message = await createMessage({ text })
  const signing = signer === undefined ? {} : { signingKeys: signer }
  const armored: unknown = await encrypt({
    message,
    encryptionKeys: key,
    ...signing,
    config: CONFIG,
  })
  return textOf(armored)
}

/** Encrypts text under a passphrase; armored. The passphrase must be strong: its work factor is small. */
export async function encryptUnder(passphrase: Secret, text: string): Promise<string> {
  checkSize(text, LIMITS.pgpText, 'the text')
  const { createMessage, encrypt } = await library()
  const message = await createMessage({ text })
  const passwords = fromUtf8(passphrase.reveal()) ?? ''
  const armored: unknown = await encrypt({ message, passwords, config: CONFIG })
  return textOf(armored)
}

async function readArmored(armored: string): Promise<Message<string>> {
  checkSize(armored, LIMITS.pgpMessage, 'the OpenPGP message')
  const { readMessage } = await library()
  return attempt(() => readMessage({ armoredMessage: armored, config: CONFIG }), notAMessage)
}

type Addressed = Pick<Message<string>, 'getEncryptionKeyIDs'>

/** @throws CofferError `cannot-decrypt` (`pgp-for-a-key`) */
export function checkUnderPassphrase(message: Addressed): void {
  if (message.getEncryptionKeyIDs().length === 0) return
  throw new CofferError('cannot-decrypt', 'the message is for an OpenPGP key, not a passphrase', {
    reason: 'pgp-for-a-key',
    next: 'let gpg decrypt it, and pipe that in: gpg --decrypt FILE | coffer …',
  })
}

/** @throws CofferError `cannot-decrypt` (`pgp-wrong-key`) */
export function checkMeantFor(message: Addressed, key: PrivateKey): void {
  const mine = key.getKeyIDs()
  const meant = message.getEncryptionKeyIDs()
  if (meant.some((one) => one.toHex() === ANYBODY || mine.some((own) => own.equals(one)))) return
  throw new CofferError('cannot-decrypt', 'the OpenPGP message is not for this key', {
    reason: 'pgp-wrong-key',
    next: 'name the private key that it was encrypted to',
  })
}

/** @throws CofferError `cannot-decrypt` (`pgp-cannot-open`, `pgp-for-a-key`), `format` (`pgp-message`), `limit` */
export async function decryptUnder(passphrase: Secret, armored: string): Promise<string> {
  const message = await readArmored(armored)
  checkUnderPassphrase(message)
  const { decrypt } = await library()
  const passwords = fromUtf8(passphrase.reveal()) ?? ''
  const { data } = await attempt<Opened>(
    () => decrypt({ message, passwords, config: CONFIG }),
    () => cannotOpen('the passphrase is wrong'),
  )
  return textOf(data)
}

/**
 * Decrypts with an opened private key; where `signer` is given, it must have signed the text.
 * @throws CofferError `cannot-decrypt` (`pgp-wrong-key`, `pgp-cannot-open`), `tampering` as `verifySigned`, `format`, `limit`
 */
export async function decryptWith(
  key: PrivateKey,
  armored: string,
  signer: PgpKey | undefined,
): Promise<string> {
  const message = await readArmored(armored)
  checkMeantFor(message, key)
  const { decrypt } = await library()
  const verifying = signer === undefined ? {} : { verificationKeys: signer.key }
  const { data, signatures } = await attempt<Opened>(
    () => decrypt({ message, decryptionKeys: key, ...verifying, config: CONFIG }),
    () => cannotOpen('the key is wrong'),
  )
  if (signer !== undefined) await checkSigned(signatures, signer)
  return textOf(data)
}

function textOf(data: unknown): string {
  if (typeof data !== 'string') throw notAMessage()
  checkSize(data, LIMITS.pgpMessage, 'the text')
  return data
}

/** Signs text, readable as it is (a clear-signed message). */
export async function signClear(key: PrivateKey, text: string): Promise<string> {
  const { createCleartextMessage, sign } = await library()
  const message = await createCleartextMessage({ text })
  return sign({ message, signingKeys: key, config: CONFIG })
}

/** The armored signature of text, apart from it. */
export async function signDetached(key: PrivateKey, text: string): Promise<string> {
  const { createMessage, sign } = await library()
  const message = await createMessage({ text })
  const armored: unknown = await sign({
    message,
    signingKeys: key,
    detached: true,
    config: CONFIG,
  })
  return textOf(armored)
}

/**
 * The text of a signed message (clear-signed, or signed inside as by gpg --sign) that `signer` signed.
 * @throws CofferError `tampering` (`pgp-unsigned`, `pgp-other-signer`, `pgp-signature`), `format` (`pgp-message`), `limit`
 */
export async function verifySigned(signer: PgpKey, armored: string): Promise<string> {
  checkSize(armored, LIMITS.pgpMessage, 'the OpenPGP message')
  const { readCleartextMessage } = await library()
  const clear = armored.trimStart().startsWith('-----BEGIN PGP SIGNED MESSAGE-----')
  const message = clear
    ? await attempt(
        () => readCleartextMessage({ cleartextMessage: armored, config: CONFIG }),
        notAMessage,
      )
    : await readArmored(armored)
  return verified(signer, message)
}

async function verified(
  signer: PgpKey,
  message: CleartextMessage | Message<string>,
): Promise<string> {
  const { verify, CleartextMessage: Clear } = await library()
  const config = CONFIG
  const verificationKeys = signer.key
  const result = await attempt<VerifyMessageResult>(
    () =>
      message instanceof Clear
        ? verify({ message, verificationKeys, config })
        : verify({ message, verificationKeys, config }),
    notAMessage,
  )
  await checkSigned(result.signatures, signer)
  return textOf(result.data)
}

/** Checks a signature apart from its text. @throws CofferError as `verifySigned` */
export async function verifyDetached(signer: PgpKey, text: string, armored: string): Promise<void> {
  checkSize(armored, LIMITS.pgpMessage, 'the OpenPGP signature')
  const { createMessage, readSignature, verify } = await library()
  const signature = await attempt(
    () => readSignature({ armoredSignature: armored, config: CONFIG }),
    notAMessage,
  )
  const message = await createMessage({ text })
  const options = { message, signature, verificationKeys: signer.key, config: CONFIG }
  const { signatures } = await attempt(() => verify(options), notAMessage)
  await checkSigned(signatures, signer)
}

/** All signatures must be there, by this key, and true. */
async function checkSigned(
  signatures: VerifyMessageResult['signatures'],
  { key }: PgpKey,
): Promise<void> {
  if (signatures.length === 0) throw tampered('pgp-unsigned', 'is not signed')
  const known = key.getKeyIDs()
  for (const { keyID, verified: holds } of signatures) {
    if (!known.some((one) => one.equals(keyID)))
      throw tampered('pgp-other-signer', 'was signed by another key')
    await attempt(
      () => holds,
      () => tampered('pgp-signature', 'has a signature that does not hold'),
    )
  }
}
