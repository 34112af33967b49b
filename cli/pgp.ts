import { Buffer } from 'node:buffer'
import { writeFileSync } from 'node:fs'
import { fromUtf8, toBase32 } from '../shared/bytes.js'
import { CofferError } from '../shared/errors.js'
import { LIMITS } from '../shared/limits.js'
import type { PgpParams, PgpPrivate } from '../shared/protocol/local-pgp.js'
import { systemCode, systemWords } from '../shared/system-error.js'
import { builtin } from './builtin.js'
import type { Call } from './call.js'
import type { OptionSpec } from './command.js'
import { readPassphrase } from './openers.js'
import { askHidden } from './prompt.js'
import type { Session } from './session.js'
import { readInputFile } from './files/values.js'

// Files of OpenPGP keys and messages that commands take and make.

/** A text file that the caller named, or stdin for `-`. @throws CofferError `usage`, `limit`, `format` */
export async function readTextFile(session: Session, typed: string, cap: number): Promise<string> {
  const text = fromUtf8(await readInputFile(session, typed, cap))
  if (text !== undefined) return text
  throw new CofferError('format', `${typed} is not UTF-8 text`, {
    reason: 'not-utf8',
    next: 'make an armored file: gpg --armor …',
  })
}

/** Replaces or makes a text file of the caller's choice, 0600. @throws CofferError `usage`, `storage` */
export function writeTextFile(path: string, content: string): void {
  try {
    writeFileSync(path, content, { mode: 0o600 })
  } catch (error) {
    const ours = ['ENOENT', 'EACCES', 'EISDIR', 'ENOTDIR'].includes(systemCode(error) ?? '')
    const message = `can't write ${path}: ${systemWords(error)}`
    throw new CofferError(ours ? 'usage' : 'storage', message, {
      reason: 'unwritable',
      next: 'name a file that you may write',
      cause: error,
    })
  }
}

export const PASSPHRASE_OPTION: OptionSpec = {
  flags: '--pgp-passphrase-fd <N>',
  text: "read the private key's passphrase from this descriptor",
}

/** Options of what makes an invite. */
export const INVITE_OPTIONS: readonly OptionSpec[] = [
  { flags: '--pgp-key <FILE>', text: 'encrypt the code to this armored OpenPGP key' },
  { flags: '--sign-with <FILE>', text: 'sign that with this armored private OpenPGP key' },
  PASSPHRASE_OPTION,
]

/** Options of what lets in who answered. */
export const CONFIRM_OPTIONS: readonly OptionSpec[] = [
  { flags: '--pgp-reply <FILE>', text: 'the signed reply that the joiner sent (- for stdin)' },
  { flags: '--pgp-key <FILE>', text: 'the armored OpenPGP key that must have signed it' },
]

/** Options of what answers one. */
export const ANSWER_OPTIONS: readonly OptionSpec[] = [
  { flags: '--pgp-message <FILE>', text: 'take the code from an OpenPGP message (- for stdin)' },
  { flags: '--pgp-private-key <FILE>', text: 'decrypt it, and sign the reply, with this key' },
  PASSPHRASE_OPTION,
  { flags: '--pgp-signer <FILE>', text: 'this public key must have signed the message' },
  { flags: '--pgp-reply <FILE>', text: 'write what you sign to vouch for this device' },
]

/** 120 bits as 24 base32 characters. */
const PASSPHRASE_BYTES = 15

/** A passphrase that nobody guesses, in groups of four. */
export function generatedPassphrase(): string {
  return toBase32(builtin('node:crypto').randomBytes(PASSPHRASE_BYTES)).replace(
    /(.{4})(?=.)/g,
    '$1-',
  )
}

/** A file's passphrase as the descriptor gives it; what a person types may have blanks around it and capitals. */
export async function filePassphrase(call: Call, session: Session): Promise<Uint8Array> {
  const descriptor = call.text('passphrase-fd')
  if (descriptor !== undefined) return readPassphrase('passphrase-fd', descriptor)
  if (session.io.inputKind() !== 'terminal') {
    throw new CofferError('usage', "the file's passphrase is needed, and there is no terminal", {
      reason: 'no-opener',
      next: 'give --passphrase-fd N, or let gpg decrypt it and pipe that in',
    })
  }
  const typed = fromUtf8(await askHidden(session.io, "the file's passphrase: ")) ?? ''
  return Buffer.from(typed.trim().toLowerCase())
}

/** The keys that `--to` names. @throws CofferError `usage`, `limit`, `format` */
export async function recipientKeys(call: Call, session: Session): Promise<string[]> {
  const keys: string[] = []
  for (const file of call.list('to')) keys.push(await readTextFile(session, file, LIMITS.pgpKey))
  return keys
}

/** The private key that an option names; its passphrase by descriptor. @throws CofferError `usage`, `limit`, `format` */
export async function privateKey(
  call: Call,
  session: Session,
  option: string,
): Promise<PgpPrivate | undefined> {
  const file = call.text(option)
  if (file === undefined) return undefined
  const key = await readTextFile(session, file, LIMITS.pgpKey)
  const descriptor = call.text('pgp-passphrase-fd')
  if (descriptor === undefined) return { key }
  const bytes = readPassphrase('pgp-passphrase-fd', descriptor)
  return { key, passphrase: Buffer.from(bytes).toString('base64') }
}

/** To whom an invite goes by OpenPGP; undefined where it is to be printed as it is. @throws CofferError `usage`, … */
export async function pgpOf(call: Call, session: Session): Promise<PgpParams | undefined> {
  const file = call.text('pgp-key')
  if (file === undefined) {
    if (call.text('sign-with') === undefined) return undefined
    throw new CofferError('usage', '--sign-with signs what --pgp-key encrypts', {
      reason: 'missing-option',
      next: 'give --pgp-key FILE, too',
    })
  }
  const key = await readTextFile(session, file, LIMITS.pgpKey)
  const sign = await privateKey(call, session, 'sign-with')
  return { key, ...(sign === undefined ? {} : { sign }) }
}

/** Who is to be let in: by a fingerprint, or by a reply and the key that must have signed it. */
export type Consent =
  { readonly fingerprint: string } | { readonly reply: string; readonly key: string }

/** The fingerprint as typed, or the files that stand for it. @throws CofferError `usage`, `limit`, `format` */
export async function consentOf(call: Call, session: Session): Promise<Consent> {
  const [fingerprint] = call.args
  const [reply, key] = [call.text('pgp-reply'), call.text('pgp-key')]
  if (fingerprint !== undefined && reply === undefined && key === undefined) return { fingerprint }
  if (fingerprint !== undefined || reply === undefined || key === undefined) {
    throw new CofferError('usage', 'give either FINGERPRINT, or --pgp-reply and --pgp-key', {
      reason: 'missing-argument',
      next: 'read the fingerprint on the other device',
    })
  }
  return {
    reply: await readTextFile(session, reply, LIMITS.pgpMessage),
    key: await readTextFile(session, key, LIMITS.pgpKey),
  }
}

/** The code that an invite's answer begins with, and how to sign the reply. */
export type Answer = { readonly code: string; readonly sign: PgpPrivate | undefined }

/** The code as typed, or out of the message that was named. @throws CofferError `usage`, `cannot-decrypt`, `tampering` … */
export async function answerOf(call: Call, session: Session): Promise<Answer> {
  const [typed] = call.args
  const file = call.text('pgp-message')
  if ((typed === undefined) === (file === undefined)) {
    throw new CofferError('usage', 'give either CODE or --pgp-message FILE', {
      reason: 'missing-argument',
      next: 'run coffer device add on another device, which prints a code',
    })
  }
  const sign = await privateKey(call, session, 'pgp-private-key')
  if (file === undefined) return { code: typed ?? '', sign }
  const message = await readTextFile(session, file, LIMITS.pgpMessage)
  const signer = call.text('pgp-signer')
  const params = {
    message,
    ...(sign === undefined ? {} : { open: sign }),
    ...(signer === undefined ? {} : { signer: await readTextFile(session, signer, LIMITS.pgpKey) }),
  }
  const { code } = await session.call('inviteOpen', params, { create: true })
  return { code, sign }
}

/** Writes the reply to an invite, when asked to. */
export async function writeReply(
  call: Call,
  session: Session,
  { code, sign }: Answer,
): Promise<void> {
  const file = call.text('pgp-reply')
  if (file === undefined) return
  const params = { context: session.context, code, ...(sign === undefined ? {} : { sign }) }
  const { reply, signed } = await session.call('joinReply', params)
  writeTextFile(session.path(file), reply)
  if (!signed) session.say(`sign it and send it back: gpg --clearsign ${file}`)
}
