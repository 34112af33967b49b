import { CofferError } from '../../../shared/errors.js'
import type { ChangesetHash, DeviceId, LinkHash, RelayKey, VaultId } from '../../../shared/ids.js'
import { LIMITS } from '../../../shared/limits.js'
import type { DeviceHead } from '../../../shared/log/changeset.js'
import { headOf, relayOf, type MemberHead } from '../../../shared/log/membership.js'
import type { Replica } from './replica.js'

/** What a lock file says of a vault (SPEC section 13): the least that a reader of the repository must have. */
export type Lock = {
  readonly vaultId: VaultId
  readonly relay: RelayKey
  readonly memberHead: MemberHead
  /** Changesets that nothing else in the history builds on, ascending by device, seq, hash. */
  readonly heads: readonly DeviceHead[]
}

const FIRST = 'coffer-lock 1'

/** The file's one form: a word and its value a line, for people to read in a diff. */
export function formatLock({ vaultId, relay, memberHead, heads }: Lock): string {
  const lines = [
    FIRST,
    `vault ${vaultId}`,
    `relay ${relay}`,
    `members ${memberHead.n} ${memberHead.hash}`,
    ...heads.map(({ device, seq, hash }) => `head ${device} ${seq} ${hash}`),
  ]
  return lines.map((line) => `${line}\n`).join('')
}

const ID = '([0-9a-f]{64})'
const COUNT = '(0|[1-9][0-9]{0,15})'
const HEAD = new RegExp(`^head ${ID} ${COUNT} ${ID}$`)
const START = new RegExp(`^${FIRST}\nvault ${ID}\nrelay ${ID}\nmembers ${COUNT} ${ID}\n`)

function malformed(): never {
  throw new CofferError('format', 'the lock file is not of the form that coffer writes', {
    reason: 'lock-form',
    next: 'take it from the repository again, or remove it and run coffer lock-file update',
  })
}

/** Reads a lock file: exactly what `formatLock` writes, nothing else. @throws CofferError `format` (`lock-form`), `limit` */
export function parseLock(content: string): Lock {
  if (content.length > LIMITS.lockFile) {
    throw new CofferError('limit', 'the lock file is larger than any that coffer writes', {
      reason: 'oversize',
    })
  }
  const start = START.exec(content)
  const [all, vaultId, relay, n, hash] = start ?? malformed()
  const rest = content.slice(all.length).split('\n').slice(0, -1)
  const heads = rest.map((line) => {
    const [, device, seq, changeset] = HEAD.exec(line) ?? malformed()
    return {
      device: device as DeviceId,
      seq: Number(seq),
      hash: changeset as ChangesetHash,
    }
  })
  const lock: Lock = {
    vaultId: vaultId as VaultId,
    relay: relay as RelayKey,
    memberHead: { n: Number(n), hash: hash as LinkHash },
    heads: sorted(heads),
  }
  if (heads.length > LIMITS.lockHeads || formatLock(lock) !== content) malformed()
  return lock
}

function sorted(heads: readonly DeviceHead[]): DeviceHead[] {
  const key = ({ device, seq, hash }: DeviceHead): string =>
    `${device} ${String(seq).padStart(16)} ${hash}`
  return heads.toSorted((a, b) => (key(a) < key(b) ? -1 : 1))
}

/**
 * The lock for what this device holds: of the changesets that the relay's log has shown and that count, those on which no
 * other builds. Where they are too many, the ones that were written under the newest links.
 * @throws CofferError `refused` (reason `no-relay`) for a vault that is on no relay; `stale` while it is loading
 */
export function lockOf({ chain, graph, cuts, vaultId }: Replica): Lock {
  const m = chain.known()
  const relay = relayOf(m)
  if (relay === undefined) {
    throw new CofferError('refused', 'the vault is on no relay: nobody else can have it', {
      reason: 'no-relay',
      next: 'run coffer relay set URL --relay-key KEY',
    })
  }
  const counts = [...graph.nodes].filter(
    ([hash, { met }]) => met !== undefined && !cuts.isCut(hash),
  )
  const built = new Set(counts.flatMap(([, { refs }]) => refs))
  const heads = counts
    .filter(([hash]) => !built.has(hash))
    .toSorted(([, a], [, b]) => b.memberN - a.memberN || b.seq - a.seq)
    .slice(0, LIMITS.lockHeads)
    .map(([hash, { device, seq }]) => ({ device, seq, hash }))
  return { vaultId, relay, memberHead: headOf(m), heads: sorted(heads) }
}

/** What of a lock isn't here: links and changesets that the relay hasn't shown. */
export type Behind = { readonly links: number; readonly changesets: number }

function refuse(reason: string, what: string): never {
  throw new CofferError('tampering', what, {
    reason,
    next: "compare the lock file's history in the repository; run coffer status and coffer verify",
  })
}

/**
 * Holds a vault against a lock; gives what isn't here yet. Whoever has other links, or another changeset under the same
 * number, was shown another history.
 * @throws CofferError `tampering` (reasons `lock-vault`, `lock-relay`, `lock-fork`), `stale` while the vault is loading
 */
export function checkLock(replica: Replica, { vaultId, relay, memberHead, heads }: Lock): Behind {
  const { chain, graph } = replica
  if (vaultId !== replica.vaultId) refuse('lock-vault', 'the lock file is of another vault')
  const m = chain.known()
  const { n, hash } = memberHead
  const links = Math.max(0, n + 1 - m.hashes.length)
  if (links === 0) {
    if (m.hashes[n] !== hash) refuse('lock-fork', `the lock file has another link ${n}`)
    if (m.relays.findLast(({ from }) => from <= n)?.relay !== relay)
      refuse('lock-relay', 'the lock file names another relay than the members chose')
  }
  const missing = heads.filter((head) => {
    const here = graph.nodes.get(head.hash)
    if (here === undefined) return !isCovered(replica, head) && !isCutOff(replica, head, n)
    if (here.device !== head.device || here.seq !== head.seq)
      refuse('lock-fork', 'the lock file gives a changeset another author or number')
    return false
  })
  for (const head of missing) checkOther(replica, head)
  return { links, changesets: missing.length }
}

/** Whether the snapshot that this device went on from covers the changeset: then it may be pruned. */
function isCovered({ graph }: Replica, { device, seq, hash }: DeviceHead): boolean {
  const heads = graph.base?.heads.filter((head) => head.device === device) ?? []
  if (heads.some((head) => head.seq === seq) && !heads.some((head) => head.hash === hash))
    refuse('lock-fork', 'the lock file has another changeset than the snapshot here')
  return graph.covers(device, seq)
}

/** Whether a link after the lock's cut the changeset off: then nobody needs it. */
function isCutOff({ chain }: Replica, { device, seq }: DeviceHead, n: number): boolean {
  const cuts = chain.known().devices.get(device)?.cuts ?? []
  return cuts.some(({ from, heads }) => from > n && heads.every((head) => head.seq < seq))
}

/** A changeset that isn't here must be yet to come: not another in its place. */
function checkOther({ graph }: Replica, { device, seq }: DeviceHead): void {
  for (const node of graph.nodes.values()) {
    if (node.device === device && node.seq === seq)
      refuse('lock-fork', 'the lock file has another changeset under the number of one here')
  }
}
