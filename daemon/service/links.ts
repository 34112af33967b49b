import type { Bytes } from '../../shared/bytes.js'
import { CofferError } from '../../shared/errors.js'
import { bytesOf } from '../../shared/ids.js'
import { LIMITS } from '../../shared/limits.js'
import { deviceIdOf, type DeviceStatement } from '../../shared/log/device.js'
import { encodeWraps } from '../../shared/log/link.js'
import { relayOf } from '../../shared/log/membership.js'
import { RIGHTS, type Role } from '../../shared/log/roles.js'
import { sealLabel, vaultContext, wrapFor } from '../core/crypto/epoch.js'
import type { Plan } from '../core/vault/removing.js'
import type { Replica } from '../core/vault/replica.js'
import { Mutex } from '../vault/mutex.js'
import type { VaultShell } from '../vault/shell.js'
import { checkNoFork, type Session } from './session.js'

// Links are made online: signed on the newest chain, on disk before they are sent, and in force only when the relay has
// ordered them. The loser of a race plans anew from the winner's chain.

/** How often a lost race is run again. */
const ATTEMPTS = 8

/** The caller hears of an unreachable relay within LIMITS.linkTimeout: its own start and end take a part of it. */
const ANSWER = LIMITS.linkTimeout - 700

function unreachable(): CofferError {
  return new CofferError('unreachable', 'the relay did not take the change in time', {
    reason: 'relay',
    next: 'nothing was changed; try again when coffer status says connected',
  })
}

/** Who adds links to one vault comes after the other: a device signs no two on one head. */
type Queue = { readonly mutex: Mutex; unreachableAt: number }
const queues = new WeakMap<VaultShell, Queue>()

function queueOf(shell: VaultShell): Queue {
  const known = queues.get(shell) ?? { mutex: new Mutex(), unreachableAt: -Infinity }
  queues.set(shell, known)
  return known
}

/**
 * Adds one link. `plan` sees the newest chain each time; undefined means that nothing is left to do. In a vault that
 * has no relay yet the link holds at once. Tells whether a link was made. While a fork is open none is but its end.
 * @throws CofferError `unreachable` when the relay doesn't answer within LIMITS.linkTimeout: then nothing is applied
 */
export async function addLink(
  session: Session,
  shell: VaultShell,
  plan: (replica: Replica) => Plan | undefined,
  endsFork = false,
): Promise<boolean> {
  const { world } = session
  if (!endsFork) checkNoFork(shell.replica)
  const queue = queueOf(shell)
  const asked = world.now()
  return queue.mutex.run(async () => {
    // Whoever waited for one that found no relay has waited long enough.
    const waited = queue.unreachableAt >= asked
    if (waited && plan(shell.replica) !== undefined) throw unreachable()
    try {
      return await addInTurn(session, shell, plan)
    } catch (error) {
      const away = error instanceof CofferError && error.code === 'unreachable'
      if (away) queue.unreachableAt = world.now()
      throw error
    }
  })
}

async function addInTurn(
  session: Session,
  shell: VaultShell,
  plan: (replica: Replica) => Plan | undefined,
): Promise<boolean> {
  const end = session.world.now() + ANSWER
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    await settle(session, shell, end)
    if (plan(shell.replica) === undefined) return false
    if (!isLocal(shell.replica)) await connected(session, shell, end)
    const { entry } = await shell.change((replica) => {
      const planned = plan(replica)
      if (planned === undefined) return { ops: [], entry: undefined }
      return replica.propose(planned.action, planned.wraps)
    })
    if (entry === undefined) return false
    if (await send(session, shell, entry, end)) return true
  }
  throw new CofferError('conflict', 'others kept changing the members at the same time', {
    reason: 'link-race',
    next: 'try again',
  })
}

/** Whether the vault has no relay: its links hold at once. */
export function isLocal({ membership }: Replica): boolean {
  return membership !== undefined && relayOf(membership) === undefined
}

/** Sees an own link through whose answer was never heard: only then may another be signed. */
async function settle(session: Session, shell: VaultShell, end: number): Promise<void> {
  const { proposed } = shell.replica.chain
  if (proposed !== undefined) await send(session, shell, proposed, end)
}

/** True when the link is in, false when another came first. @throws CofferError `unreachable` */
async function send(
  session: Session,
  shell: VaultShell,
  entry: Bytes,
  end: number,
): Promise<boolean> {
  if (isLocal(shell.replica)) {
    await shell.ingestChain([entry])
    return true
  }
  const timeout = Math.max(1, end - session.world.now())
  const outcome = await session.sync.appendLink(shell.vaultId, entry, { timeout })
  if (outcome === 'unreachable') throw unreachable()
  return outcome === 'accepted'
}

/** Waits until a vault that has a relay is open there, where what follows would be in vain. @throws CofferError `unreachable` */
export async function requireRelay(session: Session, shell: VaultShell): Promise<void> {
  if (!isLocal(shell.replica)) await connected(session, shell, session.world.now() + ANSWER)
}

/** Waits until the vault is open at its relay, so that a link isn't signed in vain. @throws CofferError `unreachable` */
function connected({ sync, world }: Session, { vaultId }: VaultShell, end: number): Promise<void> {
  const up = (): boolean =>
    sync
      .status()
      .vaults.some((one) => one.vaultId === vaultId && ['reading', 'live'].includes(one.phase))
  if (up()) return Promise.resolve()
  sync.retryNow()
  return new Promise((resolve, reject) => {
    const finish = (error?: CofferError): void => {
      stopStatus()
      stopTimer()
      if (error === undefined) resolve()
      else reject(error)
    }
    const stopStatus = sync.onStatus(() => {
      if (up()) finish()
    })
    const stopTimer = world.after(Math.max(1, end - world.now()), () => finish(unreachable()))
  })
}

/** The current key sealed to one device, and the label by which members will see it: neither where `role` reads nothing. */
export function letIn(
  { world }: Session,
  replica: Replica,
  statement: DeviceStatement,
  label: string,
  role: Role,
): { readonly wraps: Bytes; readonly wrapsHash: Bytes; readonly label: Bytes } {
  if (!RIGHTS[role].reads) {
    const { bytes: wraps, hash: wrapsHash } = encodeWraps([])
    return { wraps, wrapsHash, label: new Uint8Array(0) }
  }
  const { epoch, key } = replica.chain.current()
  const table = wrapFor(key, vaultContext(replica.vaultId), epoch, [statement.keys])
  const { bytes: wraps, hash: wrapsHash } = encodeWraps(table)
  const subject = bytesOf(deviceIdOf(statement.keys))
  return { wraps, wrapsHash, label: sealLabel(key, subject, label, world.random) }
}
