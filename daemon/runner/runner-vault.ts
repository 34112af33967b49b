import { setTimeout as pause } from 'node:timers/promises'
import { CofferError, hasCode } from '../../shared/errors.js'
import { LIMITS } from '../../shared/limits.js'
import { activeDevices, roleAt } from '../../shared/log/membership.js'
import type { Grant } from '../core/vault/grants.js'
import type { Alarm } from '../core/vault/alarm.js'
import type { Identity } from '../core/vault/chain.js'
import { checkLock, type Lock } from '../core/vault/lock-file.js'
import type { Replica } from '../core/vault/replica.js'
import { identityOfToken, type Token } from '../core/vault/token.js'
import { systemRandom } from '../random.js'
import type { SyncManager } from '../sync/api.js'
import { VaultShell } from '../vault/shell.js'
import { MemoryVault } from './memory-vault.js'

// A runner's vault (SPEC section 8): read from the relay into memory, held against the token and against what members
// signed, and only then served.

/** Reading the whole log gives up after this (milliseconds). */
const READ = 45_000
/** Members' signed heads come right behind the log; a relay that has none gets this long (milliseconds). */
const HEADS = 3_000
const LOOK = 25

type Parts = {
  readonly token: Token
  readonly sync: Pick<SyncManager, 'setRelay' | 'attach' | 'barrier'>
  /** Milliseconds since 1970. */
  readonly now: () => number
  /** How old the newest signed head of a member may be, milliseconds; undefined: any age, where there is a lock. */
  readonly maxAge: number | undefined
  /** What the vault must hold at least. */
  readonly lock?: Lock | undefined
  /** How long members' signed heads are waited for, milliseconds. */
  readonly patience?: number
}

/** What a runner may serve from. */
export type RunnerVault = {
  readonly identity: Identity
  readonly replica: Replica
  readonly grant: Grant | undefined
  /** What it was shown that doesn't hold: changes that it was meant to be given may be among that. */
  readonly alarms: readonly Alarm[]
}

/**
 * Reads the vault of a token and checks what it was shown.
 * @throws CofferError `unreachable`, `timed-out`; `expired` (reason `grant-ended`, `revoked`); `tampering` (reason
 * `rolled-back`, or an alarm's, or a lock's); `stale` (reason `unconfirmed`, `too-old`, `lock-behind`)
 */
export async function readVault(parts: Parts): Promise<RunnerVault> {
  const { token, sync, now } = parts
  const identity = identityOfToken(token)
  const { vaultId, url, relay: key, ca } = token
  const env = { random: systemRandom, now, onError: () => undefined }
  const shell = await VaultShell.open(env, identity, vaultId, new MemoryVault())
  sync.setRelay({ url, key, ...(ca === undefined ? {} : { ca }) })
  sync.attach(shell)
  await readAll(parts)
  if (shell.replica.membership === undefined) throw noVault(shell)
  await awaitHeads(parts, shell)
  checkShown(token, shell)
  const { replica } = shell
  if (roleAt(replica.chain.known(), identity.device) !== 'runner') throw revoked()
  checkHolds(parts, replica)
  checkAge(parts, replica)
  const grant = replica.grant(identity.device)
  if ((grant?.expires ?? token.expires) <= now()) throw ended()
  return { identity, replica, grant, alarms: shell.alarms }
}

async function readAll({ sync, token }: Parts): Promise<void> {
  try {
    await sync.barrier([token.vaultId], { timeout: READ })
  } catch (error) {
    // To who isn't in a vault a relay says that there is none.
    if (hasCode(error, 'not-found')) throw revoked()
    throw error
  }
}

/** When a person's device last signed that this is what there is; a machine's word doesn't count. */
function confirmedAt(replica: Replica): number | undefined {
  const people = activeDevices(replica.chain.known()).filter(
    ({ id }) => roleAt(replica.chain.known(), id) !== 'runner',
  )
  const times = people.flatMap(({ id }) => replica.seenAt(id) ?? [])
  return times.length === 0 ? undefined : Math.max(...times)
}

function isFresh({ now, maxAge, lock }: Parts, replica: Replica): boolean {
  const at = confirmedAt(replica)
  if (maxAge === undefined) return lock !== undefined
  return at !== undefined && now() - at <= maxAge
}

/** Waits for a head that is young enough, and for the log to reach the furthest that was signed. */
async function awaitHeads(parts: Parts, { replica }: VaultShell): Promise<void> {
  const end = performance.now() + (parts.patience ?? HEADS)
  while (performance.now() < end) {
    if (replica.ahead === undefined && isFresh(parts, replica)) return
    await pause(LOOK)
  }
}

function checkShown({ memberHead }: Token, shell: VaultShell): void {
  const { replica } = shell
  const { hashes } = replica.chain.known()
  const wrong = shell.alarms.find(({ reason }) => PROOF.includes(reason))
  if (hashes[memberHead.n] !== memberHead.hash) {
    throw tampered('rolled-back', 'it lacks what stood there when the token was made')
  }
  if (replica.ahead !== undefined) {
    throw tampered('rolled-back', 'members have signed that there is more')
  }
  if (wrong !== undefined) throw tampered(wrong.reason, wrong.detail)
}

/** Alarms that prove a lie about the whole, not about one entry that is passed over. */
const PROOF: readonly string[] = ['two-logs', 'fork', 'fake-genesis', 'regression']

function tampered(reason: string, detail: string): CofferError {
  return new CofferError('tampering', `the relay shows another history: ${detail}`, {
    reason,
    next: 'compare coffer status with a member, and tell whoever runs the relay',
  })
}

/** A runner is new each time: it has nothing to go by but the lock, and one that it is behind is no warning. */
function checkHolds({ lock }: Parts, replica: Replica): void {
  if (lock === undefined) return
  const { links, changesets } = checkLock(replica, lock)
  if (links === 0 && changesets === 0) return
  throw new CofferError('stale', 'the relay shows less than .coffer/lock says there is', {
    reason: 'lock-behind',
    next: 'try again, and tell whoever runs the relay',
  })
}

function noVault({ alarms: [alarm] }: VaultShell): CofferError {
  return tampered(alarm?.reason ?? 'empty', alarm?.detail ?? 'it has no beginning')
}

function checkAge(parts: Parts, replica: Replica): void {
  if (isFresh(parts, replica)) return
  const at = confirmedAt(replica)
  const hours = (ms: number): string => `${Math.floor(ms / 3600_000)} h`
  const said =
    at === undefined
      ? 'no member has signed yet what the relay shows'
      : `the newest word of a member is ${hours(parts.now() - at)} old, more than ${hours(parts.maxAge ?? 0)}`
  throw new CofferError('stale', said, {
    reason: at === undefined ? 'unconfirmed' : 'too-old',
    next: "let a member's device sync, or allow more: --max-age 72h",
  })
}

function revoked(): CofferError {
  return new CofferError('expired', 'the runner is not, or no longer, in the project', {
    reason: 'revoked',
    next: 'get a new token: coffer runner create NAME',
  })
}

function ended(): CofferError {
  return new CofferError('expired', "the runner's time is over", {
    reason: 'grant-ended',
    next: 'get a new token: coffer runner create NAME',
  })
}

/** The longest age that counts. */
export const MAX_AGE = LIMITS.runnerMaxAge
