import type { Bytes } from '../../../shared/bytes.js'
import { CofferError, hasCode } from '../../../shared/errors.js'
import { decode } from '../../../shared/codec.js'
import type { VaultId } from '../../../shared/ids.js'
import { LIMITS } from '../../../shared/limits.js'
import { signedCodec } from '../../../shared/log/signed.js'
import { signedSnapshot } from '../../../shared/log/snapshot.js'
import { alarmOf } from '../../core/vault/alarm.js'
import { readConfig } from '../../home/config.js'
import type { VaultShell } from '../../vault/shell.js'
import { addLink } from '../links.js'
import type { Session } from '../session.js'

/** Devices that find a snapshot due at once wait up to so long (ms) for each other: one is enough. */
const SPREAD = 2000
/** After a snapshot that nobody took, or that was in vain. */
const AGAIN = 60_000
/** A large one takes its time. */
const TIMEOUT = 60_000

/** Whether a failure passes by itself. */
function isPassing(error: unknown): boolean {
  if (hasCode(error, 'unreachable', 'conflict', 'cancelled', 'locked', 'stale', 'timed-out'))
    return true
  return hasCode(error, 'relay-refused', 'limit')
}

/** The work's steps one by one: whoever asks meanwhile is answered in between. */
async function slowly<T>({ world }: Session, work: Generator<void, T>): Promise<T> {
  for (;;) {
    const step = work.next()
    if (step.done === true) return step.value
    await new Promise<void>((resolve) => void world.after(0, resolve))
  }
}

/** How far an offered snapshot reaches; what is none is looked at at once, and refused. */
function posOf(offered: Bytes): number {
  try {
    const signed = decode(signedCodec, offered, 'a signed snapshot', LIMITS.signedSnapshot)
    return signedSnapshot.read(signed).pos
  } catch (error) {
    if (error instanceof CofferError) return 0
    throw error
  }
}

/** Entries between two checkpoints, by this home's configuration. */
function checkpointAfter({ home }: Session): number {
  try {
    return readConfig(home).checkpointAfter ?? LIMITS.checkpointAfter
  } catch (error) {
    // Whoever reads it at the start, or when it changes, says what is wrong.
    if (error instanceof CofferError) return LIMITS.checkpointAfter
    throw error
  }
}

/** What one vault's snapshots are doing. */
type Doing = {
  busy: boolean
  /** What another device offers, until it was looked at. */
  offered: Bytes | undefined
  /** How far the newest snapshot known reaches; when another of this device's own may follow. */
  last: number
  notBefore: number
}

/**
 * Makes a snapshot of a vault whose log has grown, and confirms those of others where a checkpoint is due, in the
 * background (SPEC section 7). New devices start from them, and by checkpoints the relay prunes.
 */
export function keepSnapshots(session: Session): void {
  const { world, vaults, sync, ended } = session
  const doing = new Map<VaultId, Doing>()
  const of = (vaultId: VaultId): Doing => {
    const known = doing.get(vaultId) ?? { busy: false, offered: undefined, last: 0, notBefore: 0 }
    doing.set(vaultId, known)
    return known
  }
  const look = (shell: VaultShell): void => {
    const now = of(shell.vaultId)
    const { offered } = now
    const ready = offered !== undefined && posOf(offered) <= shell.facts().cursor.pos
    const due = now.notBefore <= world.now() && shell.replica.snapshots.isDue(now.last)
    if (now.busy || !(ready || due)) return
    now.busy = true
    // Somebody who offers one comes first.
    const wait = ready ? 0 : (world.random(1)[0] ?? 0) * (SPREAD / 256)
    const cancel = world.after(wait, () => {
      run(session, shell, now)
        .catch((error: unknown) => {
          now.notBefore = world.now() + AGAIN
          if (!isPassing(error)) world.onError(error)
        })
        .finally(() => (now.busy = false))
        .catch(world.onError)
    })
    ended.addEventListener('abort', cancel, { once: true })
  }
  const lookAtAll = (): void => {
    if (ended.aborted) return
    for (const { vaultId, phase, drafts, outbox } of sync.status().vaults) {
      const shell = vaults.opened(vaultId)
      if (shell !== undefined && phase === 'live' && drafts + outbox === 0) look(shell)
    }
  }
  const stops = [
    sync.onStatus(lookAtAll),
    sync.onSnapshot((vaultId, snapshot) => {
      of(vaultId).offered = snapshot
      lookAtAll()
    }),
  ]
  ended.addEventListener('abort', () => {
    for (const stop of stops) stop()
  })
}

async function run(session: Session, shell: VaultShell, now: Doing): Promise<void> {
  const { offered } = now
  now.offered = undefined
  if (session.ended.aborted) return
  if (offered !== undefined) {
    now.last = Math.max(now.last, posOf(offered))
    await confirm(session, shell, offered)
  }
  if (!shell.replica.snapshots.isDue(now.last) || now.notBefore > session.world.now()) return
  const pos = await make(session, shell)
  if (pos === undefined) now.notBefore = session.world.now() + AGAIN
  else now.last = Math.max(now.last, pos)
}

/** Confirms another device's snapshot by a link, where a checkpoint is due. What isn't so is an alarm. */
async function confirm(session: Session, shell: VaultShell, offered: Bytes): Promise<void> {
  const { snapshots } = shell.replica
  if (!snapshots.isCheckpointDue(posOf(offered), checkpointAfter(session))) return
  try {
    const action = await slowly(session, snapshots.confirming(offered))
    if (action === undefined) return
    await addLink(session, shell, ({ membership }) => {
      const { n } = signedSnapshot.read(action.body.snapshot).memberHead
      return membership?.hashes.length === n + 1 ? { action } : undefined
    })
  } catch (error) {
    if (!(error instanceof CofferError) || error.code !== 'tampering') throw error
    shell.alarm(alarmOf(error, 'an offered snapshot'))
  }
}

/** Makes and offers one; gives how far it reaches. Where nobody else could confirm it, this device does. */
async function make(session: Session, shell: VaultShell): Promise<number | undefined> {
  const { replica, vaultId } = shell
  const made = await slowly(session, replica.snapshots.making())
  if (made === undefined || shell.replica !== replica) return undefined
  const body = { vaultId, snapshot: made.signed, rows: made.rows }
  await session.sync.ask('putSnapshot', body, { timeout: TIMEOUT })
  if (replica.snapshots.isAlone()) await confirm(session, shell, made.signed)
  return made.pos
}
