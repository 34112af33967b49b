import { signKeyPair } from '../../../shared/crypto/sign.js'
import { CofferError } from '../../../shared/errors.js'
import { bytesOf, idOf, type DeviceId, type InviteKey } from '../../../shared/ids.js'
import { LIMITS } from '../../../shared/limits.js'
import { formatInviteCode, inviteSeed } from '../../../shared/log/code.js'
import { deviceIdOf, type DeviceStatement } from '../../../shared/log/device.js'
import { relayOf } from '../../../shared/log/membership.js'
import type { Params, Result } from '../../../shared/protocol/local.js'
import type { Warning } from '../../../shared/protocol/local-common.js'
import { sealLabel } from '../../core/crypto/epoch.js'
import type { Replica } from '../../core/vault/replica.js'
import { addLink, letIn } from '../links.js'
import { admittedBy, bringInto, linkOf, otherVaults, ownDevices } from './own-devices.js'
import { deviceLabel } from '../people/people.js'
import { pgpOfDevice } from '../people/pgp-invites.js'
import { checkMeant, waitingAt, wholeFingerprint, type Meant, type Waiting } from './requests.js'
import { checkMayWrite, ownRole, type Session } from '../session.js'
import type { RelaySettings } from '../settings.js'

const AGAIN = 'make another: coffer device add'

/** Bytes of an invite code's secret: 104 bits. */
export const SECRET_BYTES = 13

/** The home's relay, over which others come. @throws CofferError `usage` (reason `no-relay`) */
export function relayForInvites({ settings, vaults }: Session): RelaySettings {
  const { relay } = settings.current
  if (relay !== undefined && relayOf(vaults.user.replica.chain.known()) === relay.key) return relay
  throw new CofferError('usage', 'this home has no relay over which another device could join', {
    reason: 'no-relay',
    next: 'run coffer relay set URL --relay-key KEY',
  })
}

/** Makes an invite for another device of this person; its code is returned only once the relay has the invite. */
export async function addDevice(
  session: Session,
  { expires }: Params<'deviceAdd'>,
): Promise<Result<'deviceAdd'>> {
  const { vaults, world, identity } = session
  const { user } = vaults
  checkMayWrite(session, user.replica)
  const relay = relayForInvites(session)
  if (expires < 1000 || expires > LIMITS.inviteLife) {
    throw new CofferError('limit', 'an invite lives between one second and seven days', {
      reason: 'invite-life',
    })
  }
  const secret = world.random(SECRET_BYTES)
  const inviteKey = idOf<InviteKey>(signKeyPair(inviteSeed(secret)).publicKey)
  const expiresAt = world.now() + expires
  await addLink(session, user, (replica) => {
    const role = ownRole(session, replica)
    if (role === undefined || replica.membership?.invites.has(inviteKey) === true) return undefined
    const { key } = replica.chain.current()
    const label = sealLabel(key, bytesOf(inviteKey), '', world.random)
    const { userId } = identity
    return {
      action: { kind: 'invite', body: { inviteKey, role, expires: expiresAt, label, userId } },
    }
  })
  const invite = user.replica.membership?.invites.get(inviteKey)
  if (invite === undefined) throw new TypeError('an accepted invite is not in the chain')
  const { url, key } = relay
  const { vaultId } = user
  const code = formatInviteCode({
    url,
    relay: key,
    vaultId,
    link: invite.link,
    secret,
    user: identity.userId,
  })
  return { code, expiresAt }
}

export async function deviceRequests(session: Session): Promise<Result<'deviceRequests'>> {
  const { all, problem } = await waitingAt(session, session.vaults.user)
  const now = session.world.now()
  const requests = all.map(({ fingerprint, at, invite: { expires } }) => ({
    fingerprint,
    at,
    expiresAt: expires,
    expired: now > expires,
  }))
  const warnings: Warning[] = []
  if (problem !== undefined) {
    warnings.push({ code: 'stale', message: 'the relay was not asked: it does not answer' })
  }
  return { requests: requests.slice(0, LIMITS.invites), warnings }
}

/**
 * Lets in the device with this fingerprint: into the person's other vaults first, into the user vault last, so that it
 * finds everything open when it comes. `meant`: the device, and the invite that it answers, must be these.
 */
export async function confirmDevice(
  session: Session,
  { fingerprint: typed }: Params<'deviceConfirm'>,
  meant?: Meant,
): Promise<Result<'deviceConfirm'>> {
  const fingerprint = wholeFingerprint(typed)
  const { user } = session.vaults
  checkMayWrite(session, user.replica)
  const { all, problem } = await waitingAt(session, session.vaults.user)
  const found = all.find((one) => one.fingerprint === fingerprint)
  // Another device was faster, or this one's word of its own success was lost: confirming again completes it.
  const statement = found?.statement ?? (await admitted(session, fingerprint))
  if (statement === undefined) throw problem ?? noRequest()
  if (found !== undefined && session.world.now() > found.invite.expires) throw lateRequest()
  const deviceId = deviceIdOf(statement.keys)
  checkMeant(statement, meant, AGAIN)
  for (const shell of otherVaults(session)) await bringInto(session, shell, deviceId, statement)
  if (found !== undefined) await admit(session, found)
  const vaults = 1 + otherVaults(session).length
  return { deviceId, name: deviceLabel(user.replica, deviceId) ?? '', vaults, warnings: [] }
}

async function admit(session: Session, { request, statement }: Waiting): Promise<void> {
  const deviceId = deviceIdOf(statement.keys)
  await addLink(session, session.vaults.user, (replica) => {
    if (replica.membership?.devices.has(deviceId) === true) return undefined
    const { wraps, wrapsHash, label } = letIn(session, replica, statement, '', 'owner')
    return { action: { kind: 'admit', body: { request, wraps: wrapsHash, label } }, wraps }
  })
}

const admittedOwn = (session: Session, fingerprint: string): DeviceStatement | undefined =>
  admittedBy(session.vaults.user.replica, ownDevices(session), fingerprint)

/** The device that was let in by this fingerprint, by the newest chain that can be had. */
async function admitted(
  session: Session,
  fingerprint: string,
): Promise<DeviceStatement | undefined> {
  const here = admittedOwn(session, fingerprint)
  if (here !== undefined) return here
  const { sync, vaults, ended } = session
  try {
    await sync.barrier([vaults.userVault], { timeout: LIMITS.linkTimeout, signal: ended })
  } catch (error) {
    // Out of reach: what is known here has to do.
    if (!(error instanceof CofferError)) throw error
  }
  return admittedOwn(session, fingerprint)
}

function lateRequest(): CofferError {
  return new CofferError('expired', 'the invite that this device answers has expired', {
    reason: 'invite-expired',
    next: AGAIN,
  })
}

function noRequest(): CofferError {
  return new CofferError('not-found', 'no waiting device has this fingerprint', {
    reason: 'no-request',
    next: 'compare it with what the new device shows; coffer device requests lists those that wait',
  })
}

function vouched(user: Replica, device: DeviceId): { readonly pgp?: string } {
  const pgp = pgpOfDevice(user, device)
  return pgp === undefined ? {} : { pgp }
}

export async function listDevices(session: Session): Promise<Result<'deviceList'>> {
  const { replica } = session.vaults.user
  const devices = ownDevices(session).map((record) => ({
    ...vouched(replica, record.id),
    deviceId: record.id,
    name: deviceLabel(replica, record.id) ?? '',
    self: record.id === session.identity.device,
    recovery: record.recovery,
    addedAt: linkOf(replica, record)?.time ?? 0,
    seenAt: replica.seenAt(record.id) ?? null,
    doubled: session.vaults.all().some(({ shell }) => shell?.replica.graph.isDoubled(record.id)),
  }))
  return { devices }
}
