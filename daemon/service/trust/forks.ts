import { CofferError } from '../../../shared/errors.js'
import { LIMITS } from '../../../shared/limits.js'
import { decodeEntry } from '../../../shared/log/entry.js'
import { signedLink } from '../../../shared/log/link.js'
import { roleAt } from '../../../shared/log/membership.js'
import type { Params, Result } from '../../../shared/protocol/local.js'
import type { Warning } from '../../../shared/protocol/local-common.js'
import type { Fork } from '../../core/vault/forks.js'
import type { Replica } from '../../core/vault/replica.js'
import type { VaultShell } from '../../vault/shell.js'
import { addLink, isLocal } from '../links.js'
import { prefixOf } from '../place.js'
import { authors } from '../secrets/versions.js'
import type { Session } from '../session.js'

// Forks of a membership chain (SPEC section 5): they are shown, stop writes, and an owner ends them.

/** While a fork is open; undefined else. */
export function forkWarning({ forks }: Replica): Warning | undefined {
  const [first] = forks.open
  if (first === undefined) return undefined
  const message = `the chain of members has two branches from link ${first.n} on: reads go on, writes stop until an owner says which counts (coffer fork ls)`
  return { code: 'fork', message }
}

/** Vaults whose fork a read has told of since this daemon started. */
const told = new WeakSet<VaultShell>()

/** The same for reads: once, as long as the fork lasts. */
export function forkWarningOnce(shell: VaultShell): Warning[] {
  const warning = forkWarning(shell.replica)
  if (warning === undefined) told.delete(shell)
  if (warning === undefined || told.has(shell)) return []
  told.add(shell)
  return [warning]
}

export async function listForks(
  session: Session,
  { context }: Params<'forkList'>,
): Promise<Result<'forkList'>> {
  const { shell, vault } = await prefixOf(session, context, undefined)
  const { replica } = shell
  const by = authors(session, replica)
  const forks = replica.forks.open.map(({ n, hash, device }) => ({
    n,
    own: replica.membership?.hashes[n] ?? hash,
    other: hash,
    by: by({ device }),
  }))
  return { vault, forks }
}

/**
 * Ends all forks of a vault: the branch that the relay orders goes on, and the others are void. An owner's device that stands
 * on another one goes over first.
 */
export async function endFork(
  session: Session,
  { context }: Params<'forkEnd'>,
): Promise<Result<'forkEnd'>> {
  const { shell, vault } = await prefixOf(session, context, undefined)
  const first = checkMayEnd(session, shell)
  const left = await goOver(session, shell, first)
  const ended = shell.replica.forks.open.slice(0, LIMITS.forkEnds)
  await addLink(
    session,
    shell,
    ({ forks }) => {
      const voids = forks.open.slice(0, LIMITS.forkEnds).map(({ n, hash }) => ({ n, hash }))
      return voids.length === 0 ? undefined : { action: { kind: 'end-fork', body: { voids } } }
    },
    true,
  )
  return { vault, ended: ended.map(({ n, hash }) => ({ n, hash })), left, warnings: [] }
}

function checkMayEnd({ identity }: Session, { replica }: VaultShell): Fork {
  const [first] = replica.forks.open
  if (first === undefined) {
    throw new CofferError('not-found', 'the chain of members has no fork', { reason: 'no-fork' })
  }
  if (roleAt(replica.chain.known(), identity.device) === 'owner') return first
  throw new CofferError('refused', 'only an owner says which branch of the chain counts', {
    reason: 'role',
    next: 'ask an owner to run coffer fork end',
  })
}

/** Goes over to the relay's branch where this device stands on another. Tells whether it did. */
async function goOver(session: Session, shell: VaultShell, { n }: Fork): Promise<boolean> {
  if (isLocal(shell.replica)) return false
  const options = { timeout: LIMITS.linkTimeout, signal: session.ended }
  const { entries } = await session.sync.fetchChain(shell.vaultId, n, options)
  const entry = entries[0] && decodeEntry(entries[0])
  const theirs = entry?.kind === 'link' ? signedLink.id(entry.body.signed) : undefined
  if (theirs === undefined || theirs === shell.replica.membership?.hashes[n]) return false
  await shell.ingestChain(entries)
  await shell.follow(theirs)
  session.sync.changed(shell.vaultId)
  return true
}
