import { CofferError, hasCode } from '../../../shared/errors.js'
import type { VaultId } from '../../../shared/ids.js'
import { LIMITS } from '../../../shared/limits.js'
import { parseInviteCode } from '../../../shared/log/code.js'
import { roleAt } from '../../../shared/log/membership.js'
import type { Params, Result } from '../../../shared/protocol/local.js'
import { Emitter } from '../../vault/emitter.js'
import { addressOf } from '../binding.js'
import { deadInvite, explained, ownApplicant, type Applicant } from './join.js'
import { enterOrg, forgetJoin, orgApplicant } from '../people/join-org.js'
import { labelChanges } from '../people/people.js'
import type { Progress } from '../relay.js'
import type { Session } from '../session.js'
import { syncAll } from '../sync.js'
import type { PendingJoin } from '../settings.js'

// Waiting to be let in, in the background: it goes on over restarts, until it is done or in vain.

/** How long one question to the relay stays open, and the first and longest pause after a failure (milliseconds). */
const ASK = 600_000
const PAUSE = 500
const MAX_PAUSE = 30_000

type Done = { readonly error: CofferError | undefined }

/** What remains to be done once this device is in, or when it never will be. */
type After = { readonly enter: () => Promise<void>; readonly vain: () => void }

/** The waiting of one open home for one vault. */
class Waiting {
  readonly #session: Session
  readonly #to: Applicant
  readonly #join: PendingJoin
  readonly #after: After
  readonly #events: Emitter<Done>
  done: Done | undefined

  constructor(session: Session, to: Applicant, join: PendingJoin, after: After) {
    this.#session = session
    this.#to = to
    this.#join = join
    this.#after = after
    this.#events = new Emitter(session.world.onError)
  }

  get code(): string {
    return this.#join.code
  }

  /** Waits until this device is in, as long as that can be. */
  async run(): Promise<void> {
    const { ended, world } = this.#session
    let pause = PAUSE
    let idle = 0
    while (!ended.aborted) {
      const before = this.#links
      try {
        if (await this.#round()) return
        idle = this.#links > before ? 0 : idle + 1
        if (idle === 0) pause = PAUSE
        // A relay that says again and again that the chain has grown, and has nothing to show.
        if (idle > 1) {
          await this.#sleep(pause)
          pause = Math.min(2 * pause, MAX_PAUSE)
        }
      } catch (error) {
        if (ended.aborted) return
        const why = explained(error, this.#to.again)
        if (hasCode(why, 'expired')) return void this.#end(why)
        if (!isPassing(error)) world.onError(error)
        await this.#sleep(pause)
        pause = Math.min(2 * pause, MAX_PAUSE)
      }
    }
  }

  /** How much of the chain is known. */
  get #links(): number {
    return this.#to.membership?.hashes.length ?? 0
  }

  get #isIn(): boolean {
    const { membership } = this.#to
    return (
      membership !== undefined && roleAt(membership, this.#session.identity.device) !== undefined
    )
  }

  #sleep(ms: number): Promise<void> {
    const { ended, world } = this.#session
    return new Promise((resolve) => {
      const finish = (): void => {
        cancel()
        ended.removeEventListener('abort', finish)
        resolve()
      }
      const cancel = world.after(ms, finish)
      ended.addEventListener('abort', finish)
    })
  }

  /** One look at the chain and, when it says nothing new, waiting for its next link. True when there is an end. */
  async #round(): Promise<boolean> {
    const { sync, ended, world } = this.#session
    const { vaultId, relay } = this.#to
    const options = { relay, signal: ended }
    if (!this.#isIn) {
      const { request } = this.#join
      await sync.putJoinRequest(vaultId, request, { ...options, timeout: LIMITS.linkTimeout })
      const { entries } = await sync.fetchChain(vaultId, this.#links, options)
      if (entries.length > 0) await this.#to.take(entries)
    }
    if (this.#isIn) {
      await this.#after.enter()
      return this.#end(undefined)
    }
    const why = deadInvite(this.#session, this.#to, this.#join)
    if (why !== undefined) return this.#end(why)
    // Its time's end ends the waiting as well: then the next round finds the invite dead.
    const timeout = Math.min(ASK, Math.max(1, this.#join.expires + 1 - world.now()))
    await sync.waitChainMoved(vaultId, this.#links, { ...options, timeout })
    return false
  }

  #end(error: CofferError | undefined): boolean {
    if (error !== undefined) this.#after.vain()
    this.done = { error }
    this.#events.emit(this.done)
    return true
  }

  /** @throws CofferError `timed-out`, or why it was in vain */
  wait(timeout: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const finish = ({ error }: Done): void => {
        stopTimer()
        stopEvents()
        signal.removeEventListener('abort', cancel)
        if (error === undefined) resolve()
        else reject(error)
      }
      const cancel = (): void => finish({ error: new CofferError('cancelled', 'nobody waits') })
      const stopEvents = this.#events.on(finish)
      const stopTimer = this.#session.world.after(timeout, () => finish({ error: late() }))
      signal.addEventListener('abort', cancel)
      if (this.done !== undefined) finish(this.done)
    })
  }
}

function late(): CofferError {
  return new CofferError('timed-out', 'nobody has confirmed this device yet', {
    reason: 'not-confirmed',
    next: 'it is confirmed where the code was made; repeat the command to go on waiting',
  })
}

function isPassing(error: unknown): boolean {
  return hasCode(
    error,
    'unreachable',
    'timed-out',
    'cancelled',
    'relay-refused',
    'limit',
    'storage',
  )
}

const waitings = new WeakMap<Session, Map<VaultId, Waiting>>()

function waitingsOf(session: Session): Map<VaultId, Waiting> {
  const known = waitings.get(session) ?? new Map<VaultId, Waiting>()
  waitings.set(session, known)
  return known
}

/** Goes on waiting wherever this home waits to be let in. */
export function keepJoining(session: Session): void {
  const { join, relay, people } = session.settings.current
  if (join !== undefined && relay !== undefined) {
    const after = { enter: () => enterOwn(session), vain: () => undefined }
    keepWaiting(session, ownApplicant(session, addressOf(relay)), join, after)
  }
  for (const one of people?.joins ?? []) {
    const code = parseInviteCode(one.code)
    const after = {
      enter: () => enterOrg(session, code),
      vain: () => forgetJoin(session, one.code),
    }
    keepWaiting(session, orgApplicant(session, code), one, after)
  }
}

function keepWaiting(session: Session, to: Applicant, join: PendingJoin, after: After): void {
  const all = waitingsOf(session)
  const before = all.get(to.vaultId)
  // One that ended in vain makes place for another code's.
  if (before?.code === join.code && before.done?.error === undefined) return
  const waiting = new Waiting(session, to, join, after)
  all.set(to.vaultId, waiting)
  waiting.run().catch(session.world.onError)
}

/** This device is in its person's vault: what remains is to fetch everything and to say its name. */
async function enterOwn(session: Session): Promise<void> {
  const { settings, vaults, loading, device, identity, sync, ended, world } = session
  settings.update({ join: undefined })
  sync.retryNow()
  // Its name is said once the vault is here as a whole, so that it supersedes what may stand there.
  const name = async (): Promise<void> => {
    stop()
    await vaults.user.write((replica) => labelChanges(replica, identity.device, device))
  }
  const stop = loading.watch((vaultId) => {
    if (vaultId === vaults.userVault) name().catch(world.onError)
  })
  ended.addEventListener('abort', stop)
  if (!loading.has(vaults.userVault)) await name()
}

/** Waits until this device is in and everything is here. @throws CofferError `timed-out`, `expired`, `tampering` */
export async function waitJoined(
  session: Session,
  { timeout, code: typed }: Params<'joinWait'>,
  progress: Progress,
  signal: AbortSignal,
): Promise<Result<'joinWait'>> {
  const { vaults, world } = session
  const end = world.now() + timeout
  const left = (): number => Math.max(1, end - world.now())
  progress('waiting', 0, null)
  const code = typed === undefined ? undefined : parseInviteCode(typed)
  const waiting = waitingsOf(session).get(code?.vaultId ?? vaults.userVault)
  if (waiting !== undefined) await waiting.wait(left(), signal)
  const options = { timeout: left(), signal, onProgress: progress }
  const { warnings } = await syncAll(session, options)
  const open = vaults.all().flatMap(({ shell }) => (shell === undefined ? [] : [shell]))
  let secrets = 0
  for (const { replica } of open) secrets += [...replica.live('secret')].length
  return { deviceId: session.device.deviceId, vaults: open.length, secrets, warnings }
}
