import { fromBase64, toBase64 } from '../../../shared/base64.js'
import { fromHex, fromUtf8 } from '../../../shared/bytes.js'
import { CofferError } from '../../../shared/errors.js'
import { idOf, type RelayKey, type UserId, type VaultId } from '../../../shared/ids.js'
import { LIMITS } from '../../../shared/limits.js'
import {
  base64,
  hex,
  integer,
  list,
  object,
  optional,
  text,
} from '../../../shared/protocol/schema.js'
import type { Secret } from '../../../shared/redacted.js'
import { deviceOf, type Device, type DeviceRecord } from '../../keystore/device.js'
import type { RelaySettings } from '../settings.js'

// What a recovery message says, once it is decrypted (SPEC section 14): JSON with clear names, so that it can be read with
// no coffer at all.

const FORMAT = 'coffer-recovery'
const VERSION = 1

const ABOUT =
  "The keys of a recovery device of a coffer user. Whoever reads this can read and change all of that person's " +
  'secrets. To use it: install coffer, run "coffer recovery use FILE" with the encrypted file, or pipe this text ' +
  'into "coffer recovery use --stdin". Afterwards it opens nothing any more: make a new one with "coffer recovery create".'

const messageSchema = object({
  format: text(64),
  version: integer(1, 255),
  about: text(LIMITS.message),
  /** ISO 8601. */
  created: text(64),
  userId: hex(16),
  deviceId: hex(32),
  signSeed: base64(32),
  boxSeed: base64(32),
  userVault: hex(32),
  /** Those that the person was in when it was made. What came later is found by the directories. */
  vaults: list(hex(32), LIMITS.vaultsPerConnection),
  relayUrl: text(LIMITS.relayUrl),
  relayKey: hex(32),
  relayCertificates: optional(text(LIMITS.configFile)),
})

/** A recovery device, and where it is one. */
export type Recovery = {
  readonly device: Device
  readonly userVault: VaultId
  readonly relay: RelaySettings
}

/** The text of a message; `record` holds the only copy of the seeds. */
export function recoveryText(
  record: DeviceRecord,
  at: {
    readonly userVault: VaultId
    readonly vaults: readonly VaultId[]
    readonly relay: RelaySettings
    readonly now: number
  },
): string {
  const { signSeed, boxSeed, userId } = record
  const { url, key, ca } = at.relay
  const fields = {
    format: FORMAT,
    version: VERSION,
    about: ABOUT,
    created: new Date(at.now).toISOString(),
    userId,
    deviceId: deviceOf(record).deviceId,
    signSeed: toBase64(signSeed),
    boxSeed: toBase64(boxSeed),
    userVault: at.userVault,
    vaults: at.vaults,
    relayUrl: url,
    relayKey: key,
    ...(ca === undefined ? {} : { relayCertificates: ca }),
  }
  return `${JSON.stringify(fields, undefined, 2)}\n`
}

function notOne(): CofferError {
  return new CofferError('format', 'this is not the text of a recovery message', {
    reason: 'recovery-message',
    next: 'take what coffer recovery create wrote, or what gpg --decrypt makes of it',
  })
}

function parsed(plain: string): ReturnType<typeof messageSchema.check> {
  let value: unknown
  try {
    value = JSON.parse(plain)
  } catch {
    // Its message would quote the text.
    throw notOne()
  }
  return messageSchema.check(value, 'the recovery message')
}

/** @throws CofferError `format` (`recovery-message`, `schema`), `limit`, `home` (`newer`) */
export function readRecoveryText(plain: string): Recovery {
  if (plain.length > LIMITS.pgpText) {
    throw new CofferError('limit', `a recovery message has at most ${LIMITS.pgpText} bytes`, {
      reason: 'oversize',
    })
  }
  const message = parsed(plain)
  if (message.format !== FORMAT) throw notOne()
  if (message.version !== VERSION) {
    throw new CofferError('home', 'the recovery message was made by a newer coffer', {
      reason: 'newer',
      next: 'upgrade coffer on this machine',
    })
  }
  const bytes = (what: string): Uint8Array => fromHex(what) ?? new Uint8Array(0)
  const [signSeed, boxSeed] = [fromBase64(message.signSeed), fromBase64(message.boxSeed)]
  if (signSeed?.length !== 32 || boxSeed?.length !== 32) throw notOne()
  const userId = idOf<UserId>(bytes(message.userId))
  const device = deviceOf({ userId, signSeed, boxSeed, name: '', email: '', device: '' })
  if (device.deviceId !== message.deviceId) throw notOne()
  const { relayUrl: url, relayCertificates: ca } = message
  const key = idOf<RelayKey>(bytes(message.relayKey))
  const relay = { url, key, ...(ca === undefined ? {} : { ca }) }
  return { device, userVault: idOf<VaultId>(bytes(message.userVault)), relay }
}

/** Characters of a generated passphrase, without its dashes: base32, 120 bits. */
const PASSPHRASE = /^[a-z2-7]{4}(-[a-z2-7]{4}){5}$/
const HEX = /^[0-9a-f]{26,64}$/
/** A random one of 24 characters has fewer in one of a million cases. */
const DISTINCT = 8

/**
 * Refuses a passphrase that no machine made. OpenPGP stretches it so little that a person's own would be guessed: it must
 * have at least 100 bits, and whether it has can only be told of the forms that generators give.
 * @throws CofferError `refused` (reason `weak-passphrase`)
 */
export function checkGenerated(passphrase: Secret): void {
  const typed = fromUtf8(passphrase.reveal()) ?? ''
  const form = PASSPHRASE.test(typed) || HEX.test(typed)
  if (form && new Set(typed.replaceAll('-', '')).size >= DISTINCT) return
  throw new CofferError('refused', 'the passphrase of an OpenPGP message must be a generated one', {
    reason: 'weak-passphrase',
    next: 'leave it out and let coffer make one, or give 26 or more random hex digits',
  })
}
