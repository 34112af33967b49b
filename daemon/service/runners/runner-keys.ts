import type { Bytes } from '../../../shared/bytes.js'
import { decode, encode } from '../../../shared/codec.js'
import { sign, signKeyPair } from '../../../shared/crypto/sign.js'
import { displayText } from '../../../shared/display.js'
import { CofferError } from '../../../shared/errors.js'
import { bytesOf, idOf, type InviteKey, type UserId } from '../../../shared/ids.js'
import { LIMITS } from '../../../shared/limits.js'
import { fingerprintOf, formatInviteCode, inviteSeed } from '../../../shared/log/code.js'
import { deviceIdOf } from '../../../shared/log/device.js'
import { checkJoinRequest } from '../../../shared/log/joining.js'
import {
  encodeWraps,
  joinRequestBodyCodec,
  joinRequestCodec,
  type JoinRequest,
} from '../../../shared/log/link.js'
import { headOf, roleAt, type InviteRecord } from '../../../shared/log/membership.js'
import type { Params, Result } from '../../../shared/protocol/local.js'
import { fromUtf8 } from '../../../shared/bytes.js'
import { openLabel, sealLabel } from '../../core/crypto/epoch.js'
import { planRemoval } from '../../core/vault/removing.js'
import type { Replica } from '../../core/vault/replica.js'
import { formatToken, identityOfToken, type Token } from '../../core/vault/token.js'
import type { RelayAddress } from '../../sync/api.js'
import type { VaultShell } from '../../vault/shell.js'
import { addressFor } from '../binding.js'
import { wholeFingerprint } from '../devices/requests.js'
import { checkLabel } from '../engine.js'
import { addLink } from '../links.js'
import type { Place } from '../place.js'
import { removing } from '../removal/removal.js'
import {
  checkManages,
  givenTo,
  grantChange,
  namedRunners,
  projectOf,
  projectTitles,
  shownRunner,
  typedRunner,
  type ShownRunner,
} from './runners.js'
import type { Session } from '../session.js'

// How machines come into a project and go (SPEC sections 5, 8): each with a user id of its own, by an invite.

/** Bytes of an invite code's secret: 104 bits. */
const SECRET_BYTES = 13

/** The life of the invite that `create` answers itself. */
const OWN_INVITE = 3600 * 1000

function noRelay(): CofferError {
  return new CofferError('usage', 'the project has no relay over which a runner could read it', {
    reason: 'no-relay',
    next: 'run coffer relay set URL --relay-key KEY',
  })
}

function addressIn(session: Session, shell: VaultShell): RelayAddress {
  const address = addressFor(session, shell)
  if (address === undefined) throw noRelay()
  return address
}

/** When a grant made now ends. @throws CofferError `limit` */
function grantEnd({ world }: Session, expires: number): number {
  if (expires >= 1000 && expires <= LIMITS.grantLife) return world.now() + expires
  throw new CofferError('limit', 'a runner lives between one second and five years', {
    reason: 'grant-life',
  })
}

/** @throws CofferError `exists` (reason `runner-exists`) */
function checkFree(replica: Replica, name: string): void {
  if (!namedRunners(replica).some(({ shown }) => shown.name === name)) return
  throw new CofferError('exists', `there is a runner ${displayText(name)} already`, {
    reason: 'runner-exists',
    next: 'choose another name, or revoke it first: coffer runner revoke NAME',
  })
}

function checkName(name: string): string {
  if (name !== '') return checkLabel("runner's name", name)
  throw new CofferError('usage', 'a runner needs a name', { reason: 'no-name' })
}

/** Puts an open invite for a runner into the chain. @throws CofferError `unreachable`, `conflict` */
async function invite(
  session: Session,
  shell: VaultShell,
  name: string,
  secret: Bytes,
  expires: number,
): Promise<InviteRecord> {
  const { world } = session
  const inviteKey = idOf<InviteKey>(signKeyPair(inviteSeed(secret)).publicKey)
  await addLink(session, shell, (replica) => {
    if (replica.membership?.invites.has(inviteKey) === true) return undefined
    const { key } = replica.chain.current()
    const label = sealLabel(key, bytesOf(inviteKey), name, world.random)
    return { action: { kind: 'invite', body: { inviteKey, role: 'runner', expires, label } } }
  })
  const made = shell.replica.membership?.invites.get(inviteKey)
  if (made === undefined) throw new TypeError('an accepted invite is not in the chain')
  return made
}

/** Lets in whoever answered the invite, as what it is called; gives its grant a beginning. */
async function admit(
  session: Session,
  { shell, ...place }: Place,
  request: JoinRequest,
  name: string,
  expires: number,
): Promise<ShownRunner> {
  const asked = decode(joinRequestBodyCodec, request.body, 'a join request', LIMITS.joinRequestBody)
  const device = deviceIdOf(asked.statement.keys)
  await addLink(session, shell, (replica) => {
    if (replica.membership?.devices.has(device) === true) return undefined
    const { bytes: wraps, hash } = encodeWraps([])
    const { key } = replica.chain.current()
    const label = sealLabel(key, bytesOf(device), name, session.world.random)
    return { action: { kind: 'admit', body: { request, wraps: hash, label } }, wraps }
  })
  await shell.write((replica) => {
    if (replica.grant(device) !== undefined) return []
    const titles = projectTitles({ shell, ...place })
    return [grantChange(device, { names: [], expires, label: name, ...titles })]
  })
  const record = shell.replica.membership?.devices.get(device)
  if (record === undefined) throw new TypeError('an accepted runner is not in the chain')
  return shownRunner(shell.replica, record)
}

function requestOf(token: Token, link: InviteRecord, secret: Bytes): JoinRequest {
  const { statement, sign: keys } = identityOfToken(token)
  const pair = signKeyPair(inviteSeed(secret))
  const { vaultId } = token
  const body = encode(joinRequestBodyCodec, {
    vaultId,
    inviteKey: link.key,
    inviteLink: link.link,
    statement,
  })
  return {
    body,
    inviteSignature: sign('join-invite', body, pair.privateKey),
    deviceSignature: sign('join-device', body, keys.privateKey),
  }
}

export async function createRunner(
  session: Session,
  { context, name: typed, expires }: Params<'runnerCreate'>,
): Promise<Result<'runnerCreate'>> {
  const { world } = session
  const name = checkName(typed)
  const place = await projectOf(session, context)
  const { shell } = place
  checkManages(session, shell.replica)
  checkFree(shell.replica, name)
  const { url, key: relay, ca } = addressIn(session, shell)
  const expiresAt = grantEnd(session, expires)
  const token: Token = {
    url,
    relay,
    vaultId: shell.vaultId,
    memberHead: headOf(shell.replica.chain.known()),
    signSeed: world.random(32),
    boxSeed: world.random(32),
    userId: idOf<UserId>(world.random(16)),
    expires: expiresAt,
    ...(ca === undefined ? {} : { ca }),
  }
  const secret = world.random(SECRET_BYTES)
  const made = await invite(session, shell, name, secret, world.now() + OWN_INVITE)
  const runner = await admit(session, place, requestOf(token, made, secret), name, expiresAt)
  const memberHead = headOf(shell.replica.chain.known())
  return { runner, token: formatToken({ ...token, memberHead }), expiresAt, warnings: [] }
}

export async function inviteRunner(
  session: Session,
  { context, name: typed, expires }: Params<'runnerInvite'>,
): Promise<Result<'runnerInvite'>> {
  const { world } = session
  const name = checkName(typed)
  const { shell } = await projectOf(session, context)
  checkManages(session, shell.replica)
  checkFree(shell.replica, name)
  const { url, key: relay } = addressIn(session, shell)
  if (expires < 1000 || expires > LIMITS.inviteLife) {
    throw new CofferError('limit', 'an invite lives between one second and seven days', {
      reason: 'invite-life',
    })
  }
  const secret = world.random(SECRET_BYTES)
  const expiresAt = world.now() + expires
  const { link } = await invite(session, shell, name, secret, expiresAt)
  const code = formatInviteCode({ url, relay, vaultId: shell.vaultId, link, secret })
  return { code, expiresAt, warnings: [] }
}

/** A machine that answered an invite of the project: its request's signatures hold. */
type Waiting = {
  readonly request: JoinRequest
  readonly invite: InviteRecord
  readonly fingerprint: string
}

function waitingOf(replica: Replica, body: Bytes): Waiting[] {
  const m = replica.membership
  if (m === undefined) return []
  try {
    const request = decode(joinRequestCodec, body, 'a join request', LIMITS.joinRequest)
    const { inviteKey, vaultId, inviteLink, statement } = checkJoinRequest(m, request)
    const asked = m.invites.get(inviteKey)
    if (asked?.role !== 'runner') return []
    const fingerprint = fingerprintOf(vaultId, inviteLink, statement)
    return [{ request, invite: asked, fingerprint }]
  } catch (error) {
    // The relay may hold anything: what doesn't hold isn't there.
    if (error instanceof CofferError) return []
    throw error
  }
}

export async function confirmRunner(
  session: Session,
  { context, fingerprint: typed, expires }: Params<'runnerConfirm'>,
): Promise<Result<'runnerConfirm'>> {
  const fingerprint = wholeFingerprint(typed)
  const place = await projectOf(session, context)
  const { shell } = place
  checkManages(session, shell.replica)
  const expiresAt = grantEnd(session, expires)
  // Another admin was faster, or this one's word of its own success was lost.
  const there = namedRunners(shell.replica).find(({ shown }) => shown.fingerprint === fingerprint)
  if (there !== undefined) {
    const end = shell.replica.grant(there.record.id)?.expires ?? expiresAt
    return { runner: there.shown, expiresAt: end, warnings: [] }
  }
  const bodies = await session.sync.joinRequests(shell.vaultId, { timeout: LIMITS.linkTimeout })
  const found = bodies
    .flatMap((body) => waitingOf(shell.replica, body))
    .find((one) => one.fingerprint === fingerprint)
  if (found === undefined) throw noRequest()
  if (session.world.now() > found.invite.expires) throw lateRequest()
  const name = nameOf(shell.replica, found.invite)
  const runner = await admit(session, place, found.request, name, expiresAt)
  return { runner, expiresAt, warnings: [] }
}

/** What the inviter called the runner. */
function nameOf({ chain }: Replica, { key, label }: InviteRecord): string {
  for (const epochKey of chain.keys.values()) {
    const plain = openLabel(epochKey, bytesOf(key), label)
    const name = plain && fromUtf8(plain)
    if (name !== undefined) return name
  }
  return ''
}

function noRequest(): CofferError {
  return new CofferError('not-found', 'no waiting runner has this fingerprint', {
    reason: 'no-request',
    next: 'compare it with what coffer runner enroll shows on the machine',
  })
}

function lateRequest(): CofferError {
  return new CofferError('expired', 'the invite that this runner answers has expired', {
    reason: 'invite-expired',
    next: 'make another: coffer runner invite NAME',
  })
}

export async function revokeRunner(
  session: Session,
  { context, runner: typed }: Params<'runnerRevoke'>,
): Promise<Result<'runnerRevoke'>> {
  const place = await projectOf(session, context)
  const { shell } = place
  checkManages(session, shell.replica)
  const { record, shown } = typedRunner(shell.replica, typed)
  const couldRead = givenTo(shell.replica, record.id, place)
  await addLink(session, shell, (replica) => {
    const m = replica.membership
    if (m === undefined || roleAt(m, record.id) === undefined) return undefined
    return planRemoval(removing(session, replica), new Set([record.id]))
  })
  return { runner: shown, couldRead, warnings: [] }
}
