import type { Bytes } from '../../shared/bytes.js'
import { decode } from '../../shared/codec.js'
import { verify } from '../../shared/crypto/sign.js'
import { CofferError } from '../../shared/errors.js'
import { bytesOf, type DeviceId, type InviteKey } from '../../shared/ids.js'
import { LIMITS } from '../../shared/limits.js'
import { deviceIdOf } from '../../shared/log/device.js'
import { headCodec, signedHead } from '../../shared/log/head.js'
import { joinRequestBodyCodec, joinRequestCodec, type JoinRequest } from '../../shared/log/link.js'
import { roleAt, type Membership } from '../../shared/log/membership.js'
import { signedCodec } from '../../shared/log/signed.js'
import { checkJoinRequest } from '../../shared/log/joining.js'
import { isMember, type VaultState } from './vault.js'

/** A vault that isn't there and one that isn't the asker's answer the same. */
export function notThere(): CofferError {
  return new CofferError('not-found', 'there is no such vault', { reason: 'no-vault' })
}

/** @throws CofferError `not-found` for devices that are not active members. */
export function checkMember(state: VaultState, device: DeviceId): void {
  if (!isMember(state, device)) throw notThere()
}

/**
 * How many of the chain's links a device may read: all as a member, or with the invite that it proved and that is open;
 * up to its own removal when it was one, so that it learns of that.
 * @throws CofferError `not-found`, or `refused` (reason `invite-closed`)
 */
export function readableLinks(
  { membership }: VaultState,
  device: DeviceId,
  invite: InviteKey | undefined,
): number {
  const all = membership.hashes.length
  if (roleAt(membership, device) !== undefined) return all
  if (invite !== undefined) {
    if (membership.invites.get(invite)?.state === 'open') return all
    throw new CofferError('refused', 'the invite is open no more', { reason: 'invite-closed' })
  }
  const removal = membership.devices.get(device)?.roles.at(-1)?.from
  if (removal === undefined) throw notThere()
  return removal + 1
}

/**
 * Checks that a signed head is the device's own word on this vault.
 * @throws CofferError `format` or `tampering`
 */
export function checkHead(state: VaultState, device: DeviceId, body: Bytes): void {
  const signed = decode(signedCodec, body, 'a signed head', LIMITS.signedHead)
  const head = decode(headCodec, signed.body, 'a head', LIMITS.signedHead)
  const keys = state.membership.devices.get(device)?.keys
  if (keys === undefined || head.device !== device || head.vaultId !== state.membership.vaultId) {
    throw new CofferError('tampering', "the head isn't this device's on this vault", {
      reason: 'foreign-head',
    })
  }
  signedHead.check(signed, keys.sign)
}

/** Whether the sender holds an invite's key, whatever became of the invite. */
function holdsInvite(membership: Membership, request: JoinRequest): boolean {
  const { inviteKey } = decode(
    joinRequestBodyCodec,
    request.body,
    'a join request',
    LIMITS.joinRequestBody,
  )
  return (
    membership.invites.has(inviteKey) &&
    verify('join-invite', request.inviteSignature, request.body, bytesOf(inviteKey))
  )
}

/**
 * Checks a join request of the device that sends it; gives the invite that it stands under.
 * @param now milliseconds since 1970 by the relay's clock
 * @throws CofferError `not-found` to whoever holds no invite of the vault; otherwise what is wrong
 */
export function checkJoin(
  state: VaultState,
  device: DeviceId,
  body: Bytes,
  now: number,
): InviteKey {
  const request = decode(joinRequestCodec, body, 'a join request', LIMITS.joinRequest)
  const { membership } = state
  if (!holdsInvite(membership, request)) throw notThere()
  const { inviteKey, statement } = checkJoinRequest(membership, request)
  if (deviceIdOf(statement.keys) !== device) {
    throw new CofferError('tampering', 'the request is for another device', { reason: 'bad-proof' })
  }
  if (now > (membership.invites.get(inviteKey)?.expires ?? 0)) {
    throw new CofferError('refused', 'the invite has expired', { reason: 'expired' })
  }
  return inviteKey
}
