import { CofferError, hasCode } from '../../shared/errors.js'
import { LIMITS } from '../../shared/limits.js'
import type { Params, Result } from '../../shared/protocol/local.js'
import { Emitter } from '../vault/emitter.js'
import { addressOf } from './binding.js'
import { deadInvite, explained, isIn } from './join.js'
import { labelChanges } from './people.js'
import type { Progress } from './relay.js'
import type { Session } from './session.js'
import { syncAll } from './sync.js'
import type { PendingJoin } from './settings.js'

// Waiting to be let in, in the background: it goes on over restarts, until it is done or in vain.

/** How long one question to the relay stays open, and the first and longest pause after a failure (milliseconds). */
const ASK = 600_000
const PAUSE = 500
const MAX_PAUSE = 30_000

type Done = { readonly error: CofferError | undefined }

/** The waiting of one open home. */
class Waiting {
  readonly #session: Session
  readonly #events: Emitter<Done>
  done: Done | undefined

  constructor(session: Session) {
    this.#session = session
    this.#events = new Emitter(session.world.onError)
  }

  /** Waits until this device is in, as long as that can be. */
  async run(join: PendingJoin): Promise<void> {
    const { ended, world } = this.#session
    let pause = PAUSE
    let idle = 0
    while (!ended.aborted) {
      const before = this.#links
      try {
        if (await this.#round(join)) return
        idle = this.#links > before ? 0 : idle + 1
        if (idle === 0) pause = PAUSE
        // A relay that says again and again that the chain has grown, and has nothing to show.
        if (idle > 1) {
          await this.#sleep(pause)
          pause = Math.min(2 * pause, MAX_PAUSE)
        }
      } catch (error) {
        if (ended.aborted) return
        const why = explained(error)
        if (why instanceof CofferError && why.code === 'expired') return void this.#end(why)
        if (!isPassing(error)) world.onError(error)
        await this.#sleep(pause)
        pause = Math.min(2 * pause, MAX_PAUSE)
      }
    }
  }

  /** How much of the chain is known. */
  get #links(): number {
    return this.#session.vaults.user.replica.membership?.hashes.length ?? 0
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
  async #round(join: PendingJoin): Promise<boolean> {
    const { sync, settings, vaults, ended, world } = this.#session
    const { relay } = settings.current
    if (relay === undefined) throw new TypeError('a join without a relay')
    const options = { relay: addressOf(relay), signal: ended }
    const shell = vaults.user
    const { vaultId } = shell
    if (!isIn(this.#session)) {
      await sync.putJoinRequest(vaultId, join.request, { ...options, timeout: LIMITS.linkTimeout })
      const { entries } = await sync.fetchChain(vaultId, this.#links, options)
      if (entries.length > 0) await shell.ingestChain(entries)
    }
    if (isIn(this.#session)) return this.#enter()
    const why = deadInvite(this.#session, join)
    if (why !== undefined) return this.#end(why)
    // Its time's end ends the waiting as well: then the next round finds the invite dead.
    const timeout = Math.min(ASK, Math.max(1, join.expires + 1 - world.now()))
    await sync.waitChainMoved(vaultId, this.#links, { ...options, timeout })
    return false
  }

  /** This device is in: what remains is to fetch everything and to say its name. */
  async #enter(): Promise<boolean> {
    const { settings, vaults, loading, device, identity, sync, ended, world } = this.#session
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
    return this.#end(undefined)
  }

  #end(error: CofferError | undefined): boolean {
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
    next: 'confirm it on another device; repeat the command to go on waiting',
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

const waitings = new WeakMap<Session, Waiting>()

/** Goes on waiting where this home waits to be let in. */
export function keepJoining(session: Session): void {
  const { join } = session.settings.current
  const before = waitings.get(session)
  // One that ended in vain makes place for another code's.
  if (join === undefined || (before !== undefined && before.done?.error === undefined)) return
  const waiting = new Waiting(session)
  waitings.set(session, waiting)
  waiting.run(join).catch(session.world.onError)
}

/** Waits until this device is in and everything is here. @throws CofferError `timed-out`, `expired`, `tampering` */
export async function waitJoined(
  session: Session,
  { timeout }: Params<'joinWait'>,
  progress: Progress,
  signal: AbortSignal,
): Promise<Result<'joinWait'>> {
  const { vaults, world } = session
  const end = world.now() + timeout
  const left = (): number => Math.max(1, end - world.now())
  progress('waiting', 0, null)
  const waiting = waitings.get(session)
  if (session.settings.current.join !== undefined && waiting !== undefined) {
    await waiting.wait(left(), signal)
  }
  const options = { timeout: left(), signal, onProgress: progress }
  const { warnings } = await syncAll(session, options)
  const open = vaults.all().flatMap(({ shell }) => (shell === undefined ? [] : [shell]))
  let secrets = 0
  for (const { replica } of open) secrets += [...replica.live('secret')].length
  return { deviceId: session.device.deviceId, vaults: open.length, secrets, warnings }
}
