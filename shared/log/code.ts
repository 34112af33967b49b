import { concat, fromBase32, toBase32, type Bytes } from '../bytes.js'
import { decode, encode, fixed, id, opt, req, struct, text, type TypeOf } from '../codec.js'
import { hash } from '../crypto/hash.js'
import { CofferError } from '../errors.js'
import { bytesOf, type LinkHash, type RelayKey, type UserId, type VaultId } from '../ids.js'
import { LIMITS } from '../limits.js'
import { statementBytes, type DeviceStatement } from './device.js'

/** What an invite code carries (SPEC section 8). The secret has 104 bits. */
export const inviteCodeCodec = struct({
  url: req(0, text(LIMITS.relayUrl)),
  relay: req(1, id<RelayKey>()),
  vaultId: req(2, id<VaultId>()),
  /** Hash of the invite link: the oldest chain that the joiner accepts. */
  link: req(3, id<LinkHash>()),
  secret: req(4, fixed(13)),
  /**
   * Present in the code for another device of one's own: whose device it will be. The joiner signs its keys to this
   * user before it may read the chain, and then checks that the chain says the same.
   */
  user: opt(5, id<UserId>(16)),
  /** The org's name in the inviter's words, when the code invites another person. */
  title: opt(6, text(LIMITS.name)),
})
export type InviteCode = TypeOf<typeof inviteCodeCodec>

const PREFIX = 'coffer1-'

/** One word without spaces, safe to paste into any shell. */
export function formatInviteCode(code: InviteCode): string {
  const body = encode(inviteCodeCodec, code)
  return PREFIX + toBase32(concat(body, hash('invite-code', body).subarray(0, 4)))
}

/** @throws CofferError `format` (reason `code`): mistyped, cut off, or of another version. */
export function parseInviteCode(text: string): InviteCode {
  const trimmed = text.trim().toLowerCase()
  const all = trimmed.startsWith(PREFIX) ? fromBase32(trimmed.slice(PREFIX.length)) : undefined
  const body = all?.subarray(0, -4)
  const sum = body && hash('invite-code', body).subarray(0, 4)
  if (
    body === undefined ||
    all === undefined ||
    toBase32(sum ?? body) !== toBase32(all.subarray(-4))
  ) {
    throw new CofferError('format', 'the code is mistyped or cut off', {
      reason: 'code',
      next: 'copy the whole code, from coffer1- to its end',
    })
  }
  return decode(inviteCodeCodec, body, 'an invite code', LIMITS.inviteCode)
}

/** Seed of the invite's Ed25519 key pair. Bound to no vault: the link's hash is known only after it. */
export function inviteSeed(secret: Bytes): Bytes {
  return hash('invite-seed', secret)
}

/** The 80-bit fingerprint that the confirming person types: `xxxx-xxxx-xxxx-xxxx`. */
export function fingerprintOf(vaultId: VaultId, invite: LinkHash, joiner: DeviceStatement): string {
  const sum = hash('fingerprint', bytesOf(vaultId), bytesOf(invite), statementBytes(joiner))
  return toBase32(sum.subarray(0, 10)).replace(/(.{4})(?=.)/g, '$1-')
}
