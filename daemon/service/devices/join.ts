import { decode, encode } from '../../../shared/codec.js'
import { sign, signKeyPair } from '../../../shared/crypto/sign.js'
import { CofferError } from '../../../shared/errors.js'
import { idOf, type InviteKey, type VaultId } from '../../../shared/ids.js'
import { LIMITS } from '../../../shared/limits.js'
import { fingerprintOf, inviteSeed, type InviteCode } from '../../../shared/log/code.js'
import { joinRequestBodyCodec, joinRequestCodec } from '../../../shared/log/link.js'
import { roleAt, type InviteRecord, type Membership } from '../../../shared/log/membership.js'
import type { Bytes } from '../../../shared/bytes.js'
import type { RelayAddress } from '../../sync/api.js'
import { addressOf } from '../binding.js'
import type { Session } from '../session.js'
import type { PendingJoin } from '../settings.js'

// The joiner's side (SPEC section 8): a request signed by the code's key and by the device's, the chain checked against
// the code, then waiting until another device lets this one in.

/** A vault that this device asks to be let into, as far as it may see it: its chain, and the relay that shows it. */
export type Applicant = {
  readonly vaultId: VaultId
  readonly relay: RelayAddress
  /** How the person gets another code. */
  readonly again: string
  readonly membership: Membership | undefined
  /** Takes link entries in, in order, as far as they hold. */
  readonly take: (entries: readonly Bytes[]) => Promise<void>
  /** Why what came last doesn't hold, if it doesn't. */
  readonly lie: string | undefined
}

/** The person's own vault, which the home holds from its making on. */
export function ownApplicant({ vaults }: Session, relay: RelayAddress): Applicant {
  const { user } = vaults
  return {
    vaultId: user.vaultId,
    relay,
    again: 'get a new one: coffer device add',
    get membership() {
      return user.replica.membership
    },
    take: (entries) => user.ingestChain(entries),
    get lie() {
      return user.alarms[0]?.reason
    },
  }
}

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

export function tampered(reason: string, what: string): CofferError {
  return new CofferError('tampering', `the relay answered with a chain that ${what}`, {
    reason,
    next: 'get a new code from whoever gave you this one, and tell whoever runs the relay',
  })
}

export function dead(how: 'expired' | 'used' | 'withdrawn', next: string): CofferError {
  const what = how === 'expired' ? 'has expired' : `was ${how}`
  return new CofferError('expired', `the code ${what}`, { reason: `invite-${how}`, next })
}

/** What the relay's refusal of a request means to the person who typed the code. */
export function explained(error: unknown, next: string): unknown {
  if (!(error instanceof CofferError)) return error
  if (error.reason === 'expired') return dead('expired', next)
  if (error.reason === 'invite-used') return dead('used', next)
  if (error.code === 'not-found') {
    return new CofferError('expired', 'the relay knows no such invite', {
      reason: 'invite-unknown',
      next,
    })
  }
  return error
}

/**
 * Puts this device's request at the relay, reads the chain and holds it against the code. Gives what is to be remembered,
 * with the fingerprint to be confirmed.
 * @throws CofferError `unreachable`, `tampering`, `expired`
 */
export async function apply(
  session: Session,
  to: Applicant,
  code: InviteCode,
  canonical: string,
): Promise<PendingJoin> {
  const { sync } = session
  const request = requestOf(session, code)
  const options = { timeout: LIMITS.linkTimeout, relay: to.relay }
  const { entries } = await sync
    .putJoinRequest(to.vaultId, request, options)
    .then(() => sync.fetchChain(to.vaultId, 0, options))
    .catch((error: unknown) => {
      throw explained(error, to.again)
    })
  await to.take(entries)
  if (to.lie !== undefined || to.membership === undefined) {
    throw tampered(to.lie ?? 'fake-genesis', "doesn't belong to the code")
  }
  const expires = checkChain(session, to, code)
  const fingerprint = fingerprintOf(to.vaultId, code.link, session.identity.statement)
  return { code: canonical, request, fingerprint, expires }
}

/**
 * Asks to be let into the person's own vault, and remembers that this device waits.
 * @throws CofferError as apply, `storage`
 */
export async function requestJoin(
  session: Session,
  code: InviteCode,
  canonical: string,
): Promise<PendingJoin> {
  const relay = { url: code.url, key: code.relay }
  const to = ownApplicant(session, addressOf(relay))
  const join = await apply(session, to, code, canonical)
  session.settings.update({ relay, join })
  session.sync.setRelay(addressOf(relay))
  return join
}

/** Holds the chain against the code; gives the invite's end. @throws CofferError `tampering`, `expired` */
function checkChain({ identity, world }: Session, to: Applicant, code: InviteCode): number {
  const { membership } = to
  const invite = [...(membership?.invites.values() ?? [])].find(({ link }) => link === code.link)
  if (membership?.hashes.includes(code.link) !== true || invite === undefined) {
    throw tampered('invite-missing', "doesn't hold the invite")
  }
  const pair = signKeyPair(inviteSeed(code.secret))
  if (invite.key !== idOf<InviteKey>(pair.publicKey) || !isMeant(membership, invite, code)) {
    throw tampered('foreign-user', 'invites somebody else')
  }
  if (roleAt(membership, identity.device) !== undefined) return invite.expires
  if (membership.devices.has(identity.device)) throw removedOnce()
  if (invite.state !== 'open') throw dead(invite.state, to.again)
  if (world.now() > invite.expires) throw dead('expired', to.again)
  return invite.expires
}

/** Whether the invite is of the code's kind: for a device of one's own in one's own vault, or for a person in an org. */
function isMeant({ kind, devices }: Membership, invite: InviteRecord, code: InviteCode): boolean {
  if (code.user === undefined) return kind === 'org' && invite.userId === undefined
  const { founder } = devices
  return invite.userId === code.user && founder?.userId === code.user
}

function removedOnce(): CofferError {
  return new CofferError('refused', 'this device was removed there, and its keys never return', {
    reason: 'removed',
    next: 'join with another device, or in a new home (COFFER_HOME)',
  })
}

/** Whether this device is in the user vault. */
export function isIn({ identity, vaults }: Session): boolean {
  const { membership } = vaults.user.replica
  return membership !== undefined && roleAt(membership, identity.device) !== undefined
}

/** Why waiting is in vain, if it is: the invite was withdrawn, used by another device, or its time is over. */
export function deadInvite(
  { world }: Session,
  { membership, again }: Applicant,
  join: PendingJoin,
): CofferError | undefined {
  const body = decode(joinRequestCodec, join.request, 'a join request', LIMITS.joinRequest).body
  const { inviteKey } = decode(joinRequestBodyCodec, body, 'a join request', LIMITS.joinRequestBody)
  const invite = membership?.invites.get(inviteKey)
  if (invite === undefined) return undefined
  if (invite.state !== 'open') return dead(invite.state, again)
  return world.now() > invite.expires ? dead('expired', again) : undefined
}
