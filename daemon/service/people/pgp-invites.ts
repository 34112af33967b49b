import { fromBase64 } from '../../../shared/base64.js'
import { utf8, fromUtf8, fromHex } from '../../../shared/bytes.js'
import { CofferError } from '../../../shared/errors.js'
import { idOf, type DeviceId, type LinkHash } from '../../../shared/ids.js'
import { fingerprintOf, parseInviteCode, type InviteCode } from '../../../shared/log/code.js'
import { deviceIdOf, type DeviceStatement } from '../../../shared/log/device.js'
import type { PgpParams, PgpPrivate } from '../../../shared/protocol/local-pgp.js'
import { Secret } from '../../../shared/redacted.js'
import type { Replica } from '../../core/vault/replica.js'
import { openPrivateKey, readPublicKey, type PgpKey } from '../../pgp/keys.js'
import { decryptWith, encryptTo, signClear, verifySigned } from '../../pgp/messages.js'
import type { Meant } from '../devices/requests.js'
import type { Session } from '../session.js'

// Invites by OpenPGP (SPEC section 14): the code leaves encrypted to a person's key, and their answer, signed by that key,
// stands for the fingerprint that somebody would have typed.

/** Which key an invite was made for, and which key vouched for a device: in the user vault's space `setting`. */
const inviteSetting = (link: LinkHash): string => `pgp-invite/${link}`
const deviceSetting = (device: DeviceId): string => `pgp-device/${device}`

function recorded(replica: Replica, name: string): string | undefined {
  const found = replica.get('setting', name)
  const text = found && fromUtf8(replica.value(found.winner))
  return text !== undefined && /^([0-9a-f]{40}|[0-9a-f]{64})$/.test(text) ? text : undefined
}

async function record({ vaults }: Session, name: string, fingerprint: string): Promise<void> {
  await vaults.user.write((replica) =>
    recorded(replica, name) === fingerprint
      ? []
      : [{ space: 'setting', name, value: utf8(fingerprint) }],
  )
}

/** The fingerprint of the OpenPGP key that vouched for a device when it was let in. */
export function pgpOfDevice(user: Replica, device: DeviceId): string | undefined {
  return recorded(user, deviceSetting(device))
}

/** The private key that a caller named, opened. @throws CofferError as `openPrivateKey` */
async function opened({ key, passphrase }: PgpPrivate): Promise<ReturnType<typeof openPrivateKey>> {
  const secret = passphrase === undefined ? undefined : fromBase64(passphrase)
  return openPrivateKey({
    armored: key,
    passphrase: secret === undefined ? undefined : new Secret(secret),
  })
}

export type SealedInvite = { readonly message: string; readonly pgp: string }

/**
 * What encrypts an invite's code to a person, and signs it where a key to sign with is given. Keys are checked at once, so
 * that no invite is made in vain; which key each invite is for is remembered in the user vault.
 * @throws CofferError as `readPublicKey` and `openPrivateKey`
 */
export async function inviteSealer(
  session: Session,
  { key, sign }: PgpParams,
): Promise<(code: string) => Promise<SealedInvite>> {
  const to = await readPublicKey(key, 'encrypt', new Date(session.world.now()))
  const signer = sign === undefined ? undefined : await opened(sign)
  return async (code) => {
    const message = await encryptTo(to, inviteText(code), signer)
    await record(session, inviteSetting(parseInviteCode(code).link), to.fingerprint)
    return { message, pgp: to.fingerprint }
  }
}

function inviteText(code: string): string {
  return [
    'An invite to coffer. On the machine that is to join, type:',
    '',
    `coffer join ${code}`,
    '',
    'or: coffer join --pgp-message FILE --pgp-reply REPLY, and send the signed reply back.',
    '',
  ].join('\n')
}

/** The one code in a text. @throws CofferError `format` (reason `pgp-no-code`) */
function codeIn(text: string): string {
  const found = new Set(text.match(/\bcoffer1-[a-z2-7]+/g))
  const [code] = found
  if (code !== undefined && found.size === 1) return code
  throw new CofferError('format', 'the message holds no invite, or more than one', {
    reason: 'pgp-no-code',
    next: 'take the whole message that the inviter sent',
  })
}

/**
 * The code of a message: decrypted with `open`, or by gpg before. Where `signer` is given, it must have signed.
 * @throws CofferError as `decryptWith`; `format` (`pgp-no-code`), `usage` (`no-private-key`)
 */
export async function openInvite(
  message: string,
  open: PgpPrivate | undefined,
  signer: string | undefined,
  now: Date,
): Promise<{ readonly code: string; readonly pgp: string | undefined }> {
  const by = signer === undefined ? undefined : await readPublicKey(signer, 'verify', now)
  if (open !== undefined) {
    const text = await decryptWith(await opened(open), message, by)
    return { code: codeIn(text), pgp: by?.fingerprint }
  }
  if (message.includes('-----BEGIN PGP MESSAGE-----') || by !== undefined) {
    throw new CofferError('usage', 'the message is encrypted to an OpenPGP key', {
      reason: 'no-private-key',
      next: 'pipe it: gpg --decrypt FILE | coffer join --pgp-message -, or give --pgp-private-key FILE',
    })
  }
  return { code: codeIn(message), pgp: undefined }
}

const TITLE = 'coffer-join-reply 1'
const FORM = new RegExp(
  `^${TITLE}\nvault ([0-9a-f]{64})\ninvite ([0-9a-f]{64})\ndevice ([0-9a-f]{64})\n` +
    'fingerprint ((?:[a-z2-7]{4}-){3}[a-z2-7]{4})\n$',
)

/** The lines that the joiner's person signs. */
export function replyText({ vaultId, link }: InviteCode, statement: DeviceStatement): string {
  return [
    TITLE,
    `vault ${vaultId}`,
    `invite ${link}`,
    `device ${deviceIdOf(statement.keys)}`,
    `fingerprint ${fingerprintOf(vaultId, link, statement)}`,
    '',
  ].join('\n')
}

/** The reply of this device to an invite, signed where a key is given. @throws CofferError as `openPrivateKey`, `format` */
export async function signedReply(
  { identity }: Session,
  code: string,
  sign: PgpPrivate | undefined,
): Promise<string> {
  const text = replyText(parseInviteCode(code), identity.statement)
  return sign === undefined ? text : signClear(await opened(sign), text)
}

/** Lines as they were signed: a clear-signed text's ends of lines and blanks there don't count. */
function readReply(text: string): Meant {
  const plain = `${text.replace(/[ \t]*\r?\n/g, '\n').trimEnd()}\n`
  const [, vault, invite, device, fingerprint] = FORM.exec(plain) ?? []
  const bytes = [vault, invite, device].map((one) => fromHex(one ?? ''))
  const [v, i, d] = bytes
  if (v === undefined || i === undefined || d === undefined || fingerprint === undefined) {
    throw new CofferError('format', 'the signed text is not a reply to an invite', {
      reason: 'pgp-reply',
      next: 'have the file signed that coffer join --pgp-reply wrote, and nothing else in it',
    })
  }
  return { vault: idOf(v), invite: idOf(i), device: idOf(d), fingerprint }
}

/** A reply whose signature holds, and the key that signed it. */
export type CheckedReply = Meant & { readonly pgp: string }

/**
 * Checks the reply to an invite of one of these vaults: signed by `key`, which is the one that the invite was made for, if
 * it was made for one. What it says of the device is then as good as what a person would have typed.
 * @throws CofferError `tampering` (`pgp-signature`, `pgp-other-signer`, `pgp-unsigned`, `pgp-other-invite`), `refused`
 * (`pgp-other-key` and as `readPublicKey`), `format`, `limit`, `expired`
 */
export async function checkReply(
  session: Session,
  vaults: readonly Replica[],
  { reply, key }: { readonly reply: string; readonly key: string },
): Promise<CheckedReply> {
  const signer = await readPublicKey(key, 'verify', new Date(session.world.now()))
  const said = readReply(await verifySigned(signer, reply))
  const replica = vaults.find(({ vaultId }) => vaultId === said.vault)
  const invites = [...(replica?.membership?.invites.values() ?? [])]
  if (!invites.some(({ link }) => link === said.invite)) {
    throw new CofferError('tampering', 'the reply is to an invite of another vault', {
      reason: 'pgp-other-invite',
      next: 'ask for the reply to your own invite',
    })
  }
  checkMeant(session, said.invite, signer)
  return { ...said, pgp: signer.fingerprint }
}

function checkMeant({ vaults }: Session, invite: LinkHash, { fingerprint }: PgpKey): void {
  const meant = recorded(vaults.user.replica, inviteSetting(invite))
  if (meant === undefined || meant === fingerprint) return
  throw new CofferError('refused', 'the invite was made for another OpenPGP key', {
    reason: 'pgp-other-key',
    next: 'name the key that it was encrypted to, or compare and type the fingerprint yourself',
  })
}

/** Remembers which key vouched for a device. @throws CofferError `storage` */
export async function recordVouched(
  session: Session,
  { device, pgp }: Pick<CheckedReply, 'device' | 'pgp'>,
): Promise<void> {
  await record(session, deviceSetting(device), pgp)
}
