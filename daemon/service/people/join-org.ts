import type { Bytes } from '../../../shared/bytes.js'
import { CofferError } from '../../../shared/errors.js'
import type { VaultId } from '../../../shared/ids.js'
import { LIMITS } from '../../../shared/limits.js'
import { fingerprintOf, parseInviteCode, type InviteCode } from '../../../shared/log/code.js'
import { decodeEntry } from '../../../shared/log/entry.js'
import { signedLink } from '../../../shared/log/link.js'
import type { Membership } from '../../../shared/log/membership.js'
import { applyLink, openChain } from '../../../shared/log/validate.js'
import { checkScopeName } from '../../core/vault/reference.js'
import type { RelayAddress } from '../../sync/api.js'
import { addressOf } from '../binding.js'
import { DIRECTORY_SPACE, encodeRecord } from './directory.js'
import { apply, tampered, type Applicant } from '../devices/join.js'
import { checkLetIn, checkMayWrite, ownRole, type Session } from '../session.js'
import type { PendingJoin } from '../settings.js'

// A person joins an org in a home of their own (SPEC section 8): until they are let in they hold nothing of it but its chain,
// in memory; then its entry goes into the directory of their user vault, and the org opens like any other.

/** Relay of a code; the home's own certificates count where it is the home's relay. */
function relayFor({ settings }: Session, { url, relay: key }: InviteCode): RelayAddress {
  const home = settings.current.relay
  return addressOf(home?.key === key ? { ...home, url } : { url, key })
}

/** The org of a code, as its chain shows it. */
export function orgApplicant(session: Session, code: InviteCode): Applicant {
  let membership: Membership | undefined
  let lie: string | undefined
  const { vaultId } = code
  const take = (body: Bytes): void => {
    const entry = decodeEntry(body)
    if (entry.kind !== 'link') throw tampered('bad-chain', 'holds something else than links')
    const { signed } = entry.body
    if (membership === undefined) {
      const opened = openChain(signed)
      if (opened.vaultId !== vaultId) throw tampered('fake-genesis', "doesn't belong to the code")
      membership = opened
    } else if (membership.hashes[signedLink.read(signed).n] !== signedLink.id(signed)) {
      applyLink(membership, signed)
    }
  }
  return {
    vaultId,
    relay: relayFor(session, code),
    again: 'ask for a new one: coffer org invite, where the org is managed',
    get membership() {
      return membership
    },
    get lie() {
      return lie
    },
    take: async (entries) => {
      lie = undefined
      try {
        for (const entry of entries) take(entry)
      } catch (error) {
        // The rest may come another time, from a relay that lies less.
        if (!(error instanceof CofferError)) throw error
        lie = error.reason ?? error.code
      }
    },
  }
}

type Begun = {
  readonly fingerprint: string
  readonly state: 'waiting' | 'joined'
  readonly org: string
}

/**
 * Asks to be let into the org of a code; the same code again goes on where it was.
 * @throws CofferError `unreachable`, `tampering`, `expired`, `limit`, `exists`
 */
export async function joinOrg(
  session: Session,
  code: InviteCode,
  canonical: string,
): Promise<Begun> {
  checkLetIn(session)
  const { vaults, identity } = session
  checkMayWrite(session, vaults.user.replica)
  const { vaultId } = code
  const org = code.title ?? ''
  const known = joinsOf(session).find((one) => one.code === canonical)
  if (known !== undefined) return { fingerprint: known.fingerprint, state: 'waiting', org }
  const shell = vaults.opened(vaultId)
  if (shell !== undefined && ownRole(session, shell.replica) !== undefined) {
    const fingerprint = fingerprintOf(vaultId, code.link, identity.statement)
    return { fingerprint, state: 'joined', org }
  }
  const others = joinsOf(session).filter((one) => vaultOf(one) !== vaultId)
  if (others.length >= LIMITS.orgJoins) throw tooMany()
  const join = await apply(session, orgApplicant(session, code), code, canonical)
  keep(session, [...others, join])
  return { fingerprint: join.fingerprint, state: 'waiting', org }
}

const vaultOf = ({ code }: PendingJoin): VaultId => parseInviteCode(code).vaultId

function joinsOf({ settings }: Session): readonly PendingJoin[] {
  return settings.current.people?.joins ?? []
}

function keep({ settings }: Session, joins: readonly PendingJoin[]): void {
  settings.update({ people: { pins: [], ...settings.current.people, joins } })
}

function tooMany(): CofferError {
  return new CofferError('limit', `this home waits for ${LIMITS.orgJoins} orgs already`, {
    reason: 'too-many',
    next: 'wait until one of them lets you in',
  })
}

/** Forgets a code that is of no use any more. */
export function forgetJoin(session: Session, code: string): void {
  const left = joinsOf(session).filter((one) => one.code !== code)
  if (left.length < joinsOf(session).length) keep(session, left)
}

/** This device is in an org: its entry goes into the directory, under a name that no other org of this person has. */
export async function enterOrg(session: Session, code: InviteCode): Promise<void> {
  const { vaults, sync } = session
  const { vaultId, url, relay } = code
  await vaults.user.write((replica) => {
    if (replica.get(DIRECTORY_SPACE, vaultId) !== undefined) return []
    const title = freeTitle(session, vaultId, code.title)
    const value = encodeRecord({ kind: 'org', title, url, relay })
    return [{ space: DIRECTORY_SPACE, name: vaultId, value }]
  })
  keep(
    session,
    joinsOf(session).filter((one) => vaultOf(one) !== vaultId),
  )
  sync.retryNow()
  await vaults.discover()
}

/** An org's name as its code says it, unless that is no name, or would mean an org that this person has already. */
function freeTitle({ vaults }: Session, vaultId: VaultId, said: string | undefined): string {
  const spare = vaultId.slice(0, 8)
  const title = said === undefined ? '' : named(said)
  if (title === '') return `org-${spare}`
  const taken = vaults.orgs().some((one) => one.title === title || one.name === title)
  return taken ? `${title.slice(0, 100)}-${spare}` : title
}

function named(said: string): string {
  try {
    return checkScopeName('org', said)
  } catch (error) {
    if (error instanceof CofferError) return ''
    throw error
  }
}
