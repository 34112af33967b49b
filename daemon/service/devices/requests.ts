import { fromBase32, toBase32, toHex, type Bytes } from '../../../shared/bytes.js'
import { decode } from '../../../shared/codec.js'
import { CofferError } from '../../../shared/errors.js'
import type { DeviceId, LinkHash, VaultId } from '../../../shared/ids.js'
import { LIMITS } from '../../../shared/limits.js'
import { fingerprintOf } from '../../../shared/log/code.js'
import { deviceIdOf, type DeviceStatement } from '../../../shared/log/device.js'
import { checkJoinRequest } from '../../../shared/log/joining.js'
import { joinRequestCodec, type JoinRequest } from '../../../shared/log/link.js'
import type { InviteRecord } from '../../../shared/log/membership.js'
import type { Replica } from '../../core/vault/replica.js'
import type { VaultShell } from '../../vault/shell.js'
import type { Session } from '../session.js'

// Who waits to be let into a vault, as its relay tells: unchecked bytes, of which only what holds is shown.

/** A device that answered an invite: its request's signatures hold. */
export type Waiting = {
  readonly request: JoinRequest
  readonly statement: DeviceStatement
  readonly invite: InviteRecord
  readonly fingerprint: string
  /** When it was first seen, milliseconds since 1970. */
  readonly at: number
}

/** A request as it came, and when it was first seen. */
type Seen = { readonly body: Bytes; readonly at: number }

/** By vault and by bytes; kept as long as the home is open. */
const seen = new WeakMap<Session, Map<VaultId, Map<string, Seen>>>()

function seenAt(session: Session, vaultId: VaultId): Map<string, Seen> {
  const vaults = seen.get(session) ?? new Map<VaultId, Map<string, Seen>>()
  seen.set(session, vaults)
  const known = vaults.get(vaultId) ?? new Map<string, Seen>()
  vaults.set(vaultId, known)
  return known
}

/** Takes note of requests as the relay gives them, unchecked; beyond a cap the oldest go. */
function note(session: Session, vaultId: VaultId, bodies: readonly Bytes[]): void {
  const known = seenAt(session, vaultId)
  for (const body of bodies) {
    if (body.length > LIMITS.joinRequest) continue
    const key = toHex(body)
    if (!known.has(key)) known.set(key, { body, at: session.world.now() })
  }
  for (const key of known.keys()) {
    if (known.size <= 2 * LIMITS.invites) break
    known.delete(key)
  }
}

/** Keeps the requests that the relay pushes while the home is open. */
export function watchRequests(session: Session): void {
  const stop = session.sync.onJoinRequest((vaultId, request) => {
    if (session.vaults.opened(vaultId) !== undefined) note(session, vaultId, [request])
  })
  session.ended.addEventListener('abort', stop)
}

function check({ membership }: Replica, { body, at }: Seen): Waiting | undefined {
  if (membership === undefined) return undefined
  try {
    const request = decode(joinRequestCodec, body, 'a join request', LIMITS.joinRequest)
    const { statement, inviteKey, vaultId, inviteLink } = checkJoinRequest(membership, request)
    const invite = membership.invites.get(inviteKey)
    if (invite === undefined) return undefined
    const fingerprint = fingerprintOf(vaultId, inviteLink, statement)
    return { request, statement, invite, at, fingerprint }
  } catch (error) {
    // The relay may hold anything: what doesn't hold isn't shown.
    if (error instanceof CofferError) return undefined
    throw error
  }
}

/** Reads the relay's requests for a vault, when it answers, and gives all that hold. */
export async function waitingAt(
  session: Session,
  shell: VaultShell,
): Promise<{ readonly all: Waiting[]; readonly problem?: CofferError }> {
  const { vaultId } = shell
  let problem: CofferError | undefined
  try {
    const timeout = LIMITS.linkTimeout
    note(session, vaultId, await session.sync.joinRequests(vaultId, { timeout }))
  } catch (error) {
    if (!(error instanceof CofferError)) throw error
    problem = error
  }
  const all = [...seenAt(session, vaultId).values()].flatMap((one) => {
    return check(shell.replica, one) ?? []
  })
  return problem === undefined ? { all } : { all, problem }
}

/** What a signed reply says of the device that is to be let in. */
export type Meant = {
  readonly vault: VaultId
  readonly invite: LinkHash
  readonly device: DeviceId
  readonly fingerprint: string
}

/**
 * Holds the device under a fingerprint against the one that was meant, where one was, and the fingerprint against the
 * invite: who was invited for little must not vouch for who answers an invite for more. `again`: how to make another invite.
 * @throws CofferError `tampering` (reason `pgp-other-device`)
 */
export function checkMeant(
  statement: DeviceStatement,
  meant: Meant | undefined,
  again: string,
): void {
  if (meant === undefined) return
  const { vault, invite, device, fingerprint } = meant
  const same = fingerprintOf(vault, invite, statement) === fingerprint
  if (same && device === deviceIdOf(statement.keys)) return
  throw new CofferError('tampering', 'the device that waits is not the one that was meant', {
    reason: 'pgp-other-device',
    next: again,
  })
}

/** A typed fingerprint in its one form. @throws CofferError `format` (reason `fingerprint`) unless all of it is there */
export function wholeFingerprint(typed: string): string {
  const plain = typed.toLowerCase().replace(/[\s-]/g, '')
  const bytes = fromBase32(plain)
  if (bytes?.length === 10) return toBase32(bytes).replace(/(.{4})(?=.)/g, '$1-')
  throw new CofferError('format', 'a fingerprint is xxxx-xxxx-xxxx-xxxx', {
    reason: 'fingerprint',
    next: 'type all of it, as the new device shows it',
  })
}
