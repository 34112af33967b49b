import { decode, encode } from '../../shared/codec.js'
import { sign, signKeyPair } from '../../shared/crypto/sign.js'
import { CofferError } from '../../shared/errors.js'
import { idOf, type InviteKey } from '../../shared/ids.js'
import { LIMITS } from '../../shared/limits.js'
import { fingerprintOf, inviteSeed, type InviteCode } from '../../shared/log/code.js'
import { joinRequestBodyCodec, joinRequestCodec } from '../../shared/log/link.js'
import { roleAt } from '../../shared/log/membership.js'
import type { Bytes } from '../../shared/bytes.js'
import type { VaultShell } from '../vault/shell.js'
import { addressOf } from './binding.js'
import type { Session } from './session.js'
import type { PendingJoin } from './settings.js'

// The joiner's side (SPEC section 8): a request signed by the code's key and by the device's, the chain checked against
// the code, then waiting until another device lets this one in.

/** The request of this device: both signatures over one body. */
function requestOf({ identity }: Session, code: InviteCode): Bytes {
  const pair = signKeyPair(inviteSeed(code.secret))
  const body = encode(joinRequestBodyCodec, {
    vaultId: code.vaultId,
    inviteKey: idOf<InviteKey>(pair.publicKey),
    inviteLink: code.link,
    statement: identity.statement,
  })
  return encode(joinRequestCodec, {
    body,
    inviteSignature: sign('join-invite', body, pair.privateKey),
    deviceSignature: sign('join-device', body, identity.sign.privateKey),
  })
}

function tampered(reason: string, what: string): CofferError {
  return new CofferError('tampering', `the relay answered with a chain that ${what}`, {
    reason,
    next: 'get a new code from your other device, and tell whoever runs the relay',
  })
}

export function dead(how: 'expired' | 'used' | 'withdrawn'): CofferError {
  const what = how === 'expired' ? 'has expired' : `was ${how}`
  return new CofferError('expired', `the code ${what}`, {
    reason: `invite-${how}`,
    next: 'get a new one: coffer device add',
  })
}

/** What the relay's refusal of a request means to the person who typed the code. */
export function explained(error: unknown): unknown {
  if (!(error instanceof CofferError)) return error
  if (error.reason === 'expired') return dead('expired')
  if (error.reason === 'invite-used') return dead('used')
  if (error.code === 'not-found') {
    return new CofferError('expired', 'the relay knows no such invite', {
      reason: 'invite-unknown',
      next: 'get a new code: coffer device add',
    })
  }
  return error
}

/**
 * Puts this device's request at the relay, reads the chain and holds it against the code; remembers that it waits.
 * Gives the fingerprint to be confirmed.
 * @throws CofferError `unreachable`, `tampering`, `expired`, `storage`
 */
export async function requestJoin(
  session: Session,
  code: InviteCode,
  canonical: string,
): Promise<PendingJoin> {
  const { sync, settings, vaults } = session
  const relay = { url: code.url, key: code.relay }
  const request = requestOf(session, code)
  const options = { timeout: LIMITS.linkTimeout, relay: addressOf(relay) }
  const { vaultId } = code
  const { entries } = await sync
    .putJoinRequest(vaultId, request, options)
    .then(() => sync.fetchChain(vaultId, 0, options))
    .catch((error: unknown) => {
      throw explained(error)
    })
  const shell = vaults.user
  await shell.ingestChain(entries)
  const expires = checkChain(session, shell, code)
  const fingerprint = fingerprintOf(vaultId, code.link, session.identity.statement)
  const join = { code: canonical, request, fingerprint, expires }
  settings.update({ relay, join })
  sync.setRelay(addressOf(relay))
  return join
}

/** Holds the chain against the code; gives the invite's end. @throws CofferError `tampering`, `expired` */
function checkChain({ identity, world }: Session, shell: VaultShell, code: InviteCode): number {
  const { membership } = shell.replica
  const [alarm] = shell.alarms
  if (membership === undefined || alarm !== undefined) {
    throw tampered(alarm?.reason ?? 'fake-genesis', "doesn't belong to the code")
  }
  const invite = [...membership.invites.values()].find(({ link }) => link === code.link)
  if (!membership.hashes.includes(code.link) || invite === undefined) {
    throw tampered('invite-missing', "doesn't hold the invite")
  }
  const pair = signKeyPair(inviteSeed(code.secret))
  const founder = membership.devices.founder
  const mine = invite.userId === identity.userId && founder?.userId === identity.userId
  if (invite.key !== idOf<InviteKey>(pair.publicKey) || !mine) {
    throw tampered('foreign-user', 'invites somebody else')
  }
  if (roleAt(membership, identity.device) === undefined) {
    if (invite.state !== 'open') throw dead(invite.state)
    if (world.now() > invite.expires) throw dead('expired')
  }
  return invite.expires
}

/** Whether this device is in the user vault. */
export function isIn({ identity, vaults }: Session): boolean {
  const { membership } = vaults.user.replica
  return membership !== undefined && roleAt(membership, identity.device) !== undefined
}

/** Why waiting is in vain, if it is: the invite was withdrawn, used by another device, or its time is over. */
export function deadInvite({ vaults, world }: Session, join: PendingJoin): CofferError | undefined {
  const body = decode(joinRequestCodec, join.request, 'a join request', LIMITS.joinRequest).body
  const { inviteKey } = decode(joinRequestBodyCodec, body, 'a join request', LIMITS.joinRequestBody)
  const invite = vaults.user.replica.membership?.invites.get(inviteKey)
  if (invite === undefined) return undefined
  if (invite.state !== 'open') return dead(invite.state)
  return world.now() > invite.expires ? dead('expired') : undefined
}
