import { encode } from '../../shared/codec.js'
import { sign, signKeyPair } from '../../shared/crypto/sign.js'
import { setTimeout as pause } from 'node:timers/promises'
import { CofferError, hasCode } from '../../shared/errors.js'
import { idOf, type InviteKey, type UserId } from '../../shared/ids.js'
import { LIMITS } from '../../shared/limits.js'
import {
  fingerprintOf,
  inviteSeed,
  parseInviteCode,
  type InviteCode,
} from '../../shared/log/code.js'
import { decodeEntry } from '../../shared/log/entry.js'
import { joinRequestBodyCodec, joinRequestCodec } from '../../shared/log/link.js'
import { headOf, roleAt, type Membership } from '../../shared/log/membership.js'
import { applyLink, openChain } from '../../shared/log/validate.js'
import type { Bytes } from '../../shared/bytes.js'
import type { Identity } from '../core/vault/chain.js'
import { formatToken, identityOfToken, type Token } from '../core/vault/token.js'
import { systemRandom } from '../random.js'
import type { SyncManager } from '../sync/api.js'

// A runner's key, made on the runner (SPEC section 8): it answers an invite, shows its fingerprint, and waits until an
// admin has typed that.

/** How long one question to the relay stays open (milliseconds). */
const ASK = 600_000
const RETRY = 1000

/**
 * Makes a key, puts its request at the relay of the code and waits until it is let in. Gives the token.
 * @param show called with the fingerprint, once the relay has the request and the chain holds the invite
 * @throws CofferError `format`, `unreachable`, `tampering`, `expired`
 */
export async function enroll(
  typed: string,
  syncAs: (identity: Identity) => SyncManager,
  show: (fingerprint: string) => void,
): Promise<string> {
  const code = parseInviteCode(typed)
  if (code.user !== undefined) throw noRunner()
  const fresh: Token = {
    url: code.url,
    relay: code.relay,
    vaultId: code.vaultId,
    memberHead: { n: 0, hash: code.link },
    signSeed: systemRandom(32),
    boxSeed: systemRandom(32),
    userId: idOf<UserId>(systemRandom(16)),
    expires: 0,
  }
  const identity = identityOfToken(fresh)
  const sync = syncAs(identity)
  try {
    const m = await waitIn(sync, identity, code, show)
    return formatToken({ ...fresh, memberHead: headOf(m), expires: Date.now() + LIMITS.grantLife })
  } finally {
    await sync.close()
  }
}

function noRunner(): CofferError {
  return new CofferError('usage', "this code is for a person's device", {
    reason: 'not-a-runner',
    next: 'run coffer join CODE, or get a code by coffer runner invite NAME',
  })
}

function requestOf({ statement, sign: keys }: Identity, code: InviteCode): Bytes {
  const pair = signKeyPair(inviteSeed(code.secret))
  const body = encode(joinRequestBodyCodec, {
    vaultId: code.vaultId,
    inviteKey: idOf<InviteKey>(pair.publicKey),
    inviteLink: code.link,
    statement,
  })
  return encode(joinRequestCodec, {
    body,
    inviteSignature: sign('join-invite', body, pair.privateKey),
    deviceSignature: sign('join-device', body, keys.privateKey),
  })
}

async function waitIn(
  sync: SyncManager,
  identity: Identity,
  code: InviteCode,
  show: (fingerprint: string) => void,
): Promise<Membership> {
  const relay = { url: code.url, key: code.relay }
  const request = requestOf(identity, code)
  const { vaultId } = code
  const options = { timeout: LIMITS.linkTimeout, relay }
  await sync.putJoinRequest(vaultId, request, options).catch((error: unknown) => {
    throw explained(error)
  })
  const chain = await read(sync, code, undefined)
  check(chain, identity, code)
  show(fingerprintOf(vaultId, code.link, identity.statement))
  while (roleAt(chain, identity.device) === undefined) {
    const { expires } = invited(chain, code)
    const timeout = Math.min(ASK, Math.max(1, expires + 1 - Date.now()))
    try {
      await sync.waitChainMoved(vaultId, chain.hashes.length, { relay, timeout })
      await read(sync, code, chain)
    } catch (error) {
      // A relay that is away for a while isn't the end: the code's time is.
      if (!hasCode(error, 'timed-out', 'unreachable')) throw error
      await pause(RETRY)
    }
    check(chain, identity, code)
  }
  return chain
}

function dead(how: 'expired' | 'used' | 'withdrawn' | 'unknown'): CofferError {
  const what = { expired: 'has expired', unknown: 'is unknown to the relay' }
  const said = how === 'used' || how === 'withdrawn' ? `was ${how}` : what[how]
  return new CofferError('expired', `the code ${said}`, {
    reason: `invite-${how}`,
    next: 'get a new one: coffer runner invite NAME',
  })
}

/** What the relay's refusal of a request means to the person who typed the code. */
function explained(error: unknown): unknown {
  if (!(error instanceof CofferError)) return error
  if (error.reason === 'expired') return dead('expired')
  if (error.reason === 'invite-used') return dead('used')
  return error.code === 'not-found' ? dead('unknown') : error
}

/** The chain as the relay shows it now, checked from its genesis. @throws CofferError `tampering` */
async function read(
  sync: SyncManager,
  { vaultId, url, relay: key }: InviteCode,
  known: Membership | undefined,
): Promise<Membership> {
  const options = { timeout: LIMITS.linkTimeout, relay: { url, key } }
  const from = known?.hashes.length ?? 0
  const { entries } = await sync.fetchChain(vaultId, from, options)
  let m = known
  for (const body of entries) {
    const entry = decodeEntry(body)
    if (entry.kind !== 'link') throw tampered('not a chain')
    if (m === undefined) m = openChain(entry.body.signed)
    else applyLink(m, entry.body.signed)
  }
  if (m === undefined || m.vaultId !== vaultId) throw tampered("doesn't belong to the code")
  return m
}

function invited(m: Membership, code: InviteCode): { readonly expires: number } {
  const invite = [...m.invites.values()].find(({ link }) => link === code.link)
  const pair = signKeyPair(inviteSeed(code.secret))
  const right = invite?.key === idOf<InviteKey>(pair.publicKey) && invite.role === 'runner'
  if (invite === undefined || !right) throw tampered("doesn't hold the invite")
  return invite
}

/** Holds the chain against the code, and sees whether waiting is of use. @throws CofferError `tampering`, `expired` */
function check(m: Membership, { device }: Identity, code: InviteCode): void {
  const { expires } = invited(m, code)
  const role = roleAt(m, device)
  if (role === 'runner') return
  if (role !== undefined) throw tampered('lets this machine in as something else')
  const invite = [...m.invites.values()].find(({ link }) => link === code.link)
  if (invite !== undefined && invite.state !== 'open') throw dead(invite.state)
  if (Date.now() > expires) throw dead('expired')
}

function tampered(what: string): CofferError {
  return new CofferError('tampering', `the relay answered with a chain that ${what}`, {
    reason: 'chain',
    next: 'get a new code, and tell whoever runs the relay',
  })
}
