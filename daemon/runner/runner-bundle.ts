import { CofferError } from '../../shared/errors.js'
import { durationText } from '../../shared/duration.js'
import { LIMITS } from '../../shared/limits.js'
import { roleAt } from '../../shared/log/membership.js'
import { bad, checkStatement, openBundle } from '../core/vault/bundle.js'
import { identityOfToken, type Token } from '../core/vault/token.js'
import { Replica } from '../core/vault/replica.js'
import type { Outcome } from '../core/vault/intake.js'
import { systemRandom } from '../random.js'
import { MemoryVault } from './memory-vault.js'
import type { RunnerVault } from './runner-vault.js'

// A runner with no relay: it serves from a bundle that a member made for it.

type Parts = {
  readonly token: Token
  /** The bundle's bytes. */
  readonly file: Uint8Array
  /** Milliseconds since 1970. */
  readonly now: () => number
  /** How old the bundle may be, milliseconds; undefined: any age. */
  readonly maxAge: number | undefined
}

/**
 * Opens and checks a bundle, alone by what the token pins.
 * @throws CofferError `format`, `cannot-decrypt`; `tampering` (`bad-bundle`, `bad-signature`, a chain's reasons);
 * `expired` (reason `bundle-ended`, `revoked`); `stale` (reasons `too-old`, `clock-ahead`)
 */
export async function readBundle({ token, file, now, maxAge }: Parts): Promise<RunnerVault> {
  const identity = identityOfToken(token)
  const { signed, links, entries } = openBundle(identity, file)
  const store = new MemoryVault()
  const env = { random: systemRandom, now, reader: store }
  const replica = new Replica(env, identity, token.vaultId)
  const keep = async ({ ops, alarms: [alarm] }: Outcome): Promise<void> => {
    if (alarm !== undefined) throw bad(alarm.detail)
    await store.batch(ops)
  }
  await keep(replica.ingestChain(links))
  if (replica.membership === undefined) throw bad('it has no chain of its own vault')
  const m = replica.chain.known()
  const { n, hash } = token.memberHead
  if (m.hashes[n] !== hash) throw bad('it is older than the token, or of another chain')
  const bundle = checkStatement(replica.chain, identity.device, signed)
  if (roleAt(m, identity.device) !== 'runner') throw revoked()
  const changes = new Set(bundle.changes)
  await keep(replica.adopting.bundled(entries, changes))
  for (const change of replica.changes()) changes.delete(change.id)
  if (changes.size > 0) throw bad('changes that it names are not in it')
  const grant = replica.grant(identity.device)
  const expires = Math.min(bundle.expires, grant?.expires ?? 0)
  if (expires <= now()) throw ended()
  checkAge(bundle.time, now(), maxAge)
  return { identity, replica, grant: grant && { ...grant, expires }, alarms: [] }
}

function checkAge(time: number, now: number, maxAge: number | undefined): void {
  if (maxAge === undefined) return
  // One from a clock that runs far ahead would stay young for as long as that.
  if (time > now + LIMITS.clockAhead) throw madeLater(time - now)
  const age = Math.max(0, now - time)
  if (age <= maxAge) return
  throw new CofferError('stale', `the bundle was made ${durationText(age)} ago`, {
    reason: 'too-old',
    next: 'have a member make another, or allow more with --max-age',
  })
}

function madeLater(ahead: number): CofferError {
  return new CofferError('stale', `the bundle says it was made ${durationText(ahead)} from now`, {
    reason: 'clock-ahead',
    next: "look at this machine's clock and at its maker's, or leave --max-age out",
  })
}

function revoked(): CofferError {
  return new CofferError('expired', 'the runner was taken out before the bundle was made', {
    reason: 'revoked',
    next: 'get a new token: coffer runner create NAME',
  })
}

function ended(): CofferError {
  return new CofferError('expired', "the bundle's time is over", {
    reason: 'bundle-ended',
    next: 'have a member make another: coffer bundle create --for RUNNER -o FILE',
  })
}
