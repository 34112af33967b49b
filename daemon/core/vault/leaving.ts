import { bytesOf, type ChangesetHash } from '../../../shared/ids.js'
import { u32be, type Bytes } from '../../../shared/bytes.js'
import { signedHeader } from '../../../shared/log/changeset.js'
import { CofferError } from '../../../shared/errors.js'
import { LIMITS } from '../../../shared/limits.js'
import { decodeEntry } from '../../../shared/log/entry.js'
import { mustLeave } from '../../../shared/log/fork.js'
import { roleAt } from '../../../shared/log/membership.js'
import type { Alarm } from './alarm.js'
import { BASE } from './base.js'
import { Chain, type Identity } from './chain.js'
import type { Change } from './change.js'
import { changesetOf, storedHeader } from './entries.js'
import { forkOp, type Other } from './forks.js'
import type { Op, Reader } from './records.js'
import type { Replica } from './replica.js'

// Going over from one branch of a fork to another (SPEC section 5): the chain is folded anew from where they part, what was
// written behind that is void and stays to be seen, and the log is read again.

/** Something that the sync machine acts on, too: the log is read again. */
export const BRANCH_LEFT: Alarm = {
  reason: 'branch-left',
  detail: 'an owner ended a fork: this device went over to the branch that counts; see coffer lost',
}

type Target = { readonly base: number; readonly chain: Chain; readonly ops: readonly Op[] }

/** Gives the records of going over to the branch that an owner has chosen; undefined where nothing is to be left. */
export function leavingOps(replica: Replica, identity: Identity, reader: Reader): Op[] | undefined {
  const own = replica.membership
  const tips =
    own === undefined ? [] : replica.forks.tips().filter(({ hash }) => ends(replica, hash))
  for (const tip of tips.slice(0, LIMITS.forkEnds)) {
    const target = targetOf(replica, identity, tip)
    const m = target?.chain.membership
    if (own === undefined || target === undefined || m === undefined) continue
    if (mustLeave(own, m, target.base)) return opsOf(replica, reader, target)
  }
  return undefined
}

/** Whether a branch has a link that ends a fork. */
function ends({ forks }: Replica, tip: Other['hash']): boolean {
  return forks.pathTo(tip)?.some(({ link }) => link.action.kind === 'end-fork') === true
}

/**
 * Records of going over to the branch that begins with this link, which its caller, an owner, has chosen. The fork stays
 * open until a link there has ended it. @throws CofferError `not-found` (reason `no-branch`)
 */
export function followOps(
  replica: Replica,
  identity: Identity,
  reader: Reader,
  first: Other['hash'],
): Op[] {
  const { device } = identity
  for (const tip of replica.forks.tips()) {
    if (replica.forks.firstOf(tip.hash)?.hash !== first) continue
    const target = targetOf(replica, identity, tip)
    const m = target?.chain.membership
    const old = target && replica.membership?.hashes[target.base + 1]
    if (target === undefined || m === undefined || old === undefined) continue
    if (roleAt(m, device) !== 'owner') continue
    const left = forkOp({ n: target.base + 1, hash: old }, device, false)
    return [...opsOf(replica, reader, target), left]
  }
  throw new CofferError('not-found', 'no branch that holds begins with this link', {
    reason: 'no-branch',
    next: 'see coffer fork ls',
  })
}

/** The chain up to where a branch parts, and as much of the branch as holds. */
function targetOf(replica: Replica, identity: Identity, tip: Other): Target | undefined {
  const path = replica.forks.pathTo(tip.hash)
  const own = replica.membership
  const first = path?.[0]
  if (path === undefined || first === undefined || own === undefined) return undefined
  const base = first.link.n - 1
  const epochs = own.epochs.filter(({ from }) => from <= base).length
  const keys = new Map([...replica.chain.keys].filter(([epoch]) => epoch <= epochs))
  const chain = new Chain(identity, replica.vaultId)
  chain.restore(replica.chainEntries(0).slice(0, base + 1), keys, undefined)
  const ops: Op[] = []
  for (const { body } of path) {
    const entry = decodeEntry(body)
    if (entry.kind !== 'link') return undefined
    const taken = chain.take(body, entry.body.signed, entry.body.wraps)
    if (taken.added === undefined) break
    ops.push(...taken.ops)
  }
  return { base, chain, ops }
}

function opsOf(replica: Replica, reader: Reader, { base, chain, ops }: Target): Op[] {
  const own = replica.chain
  const out: Op[] = [...replica.rewind(), ...own.withdraw(), ...ops]
  const lengths = [own, chain].map(({ membership }) => membership?.hashes.length ?? 0)
  for (let n = lengths[1] ?? 0; n < (lengths[0] ?? 0); n++) out.push(gone('link', u32be(n)))
  for (const epoch of own.keys.keys()) {
    if (!chain.keys.has(epoch)) out.push(gone('epochKey', u32be(epoch)))
  }
  for (const { hash } of replica.forks.others.values()) out.push(gone('other', bytesOf(hash)))
  const snapshot = replica.parts().base.snapshot
  if (snapshot !== undefined && snapshot.memberHead.n > base) out.push(gone('meta', BASE))
  for (const hash of replica.parts().inbound.hashes()) out.push(gone('pending', bytesOf(hash)))
  out.push(...strayOps(replica, strayOf(replica, reader, chain, base)))
  return out
}

const gone = (table: Op['table'], key: Bytes): Op => ({ table, key, value: undefined })

/** Changesets that were written on the branch that is left. */
function strayOf(
  { graph }: Replica,
  reader: Reader,
  { membership }: Chain,
  base: number,
): Set<ChangesetHash> {
  const stray = new Set<ChangesetHash>()
  for (const [hash, { memberN }] of graph.nodes) {
    if (memberN <= base) continue
    const { memberHead } = signedHeader.read(storedHeader(reader, hash))
    if (membership?.hashes[memberHead.n] !== memberHead.hash) stray.add(hash)
  }
  return stray
}

/** They leave graph and outbox. Their changes stay, and what can be opened of them now: its key may not come again. */
function strayOps(replica: Replica, stray: ReadonlySet<ChangesetHash>): Op[] {
  const ops: Op[] = []
  for (const change of replica.changes()) {
    if (change.place === undefined || !stray.has(change.place.changeset)) continue
    const key = bytesOf(change.id)
    ops.push(gone('item', key))
    if (change.kind !== 'put' || change.sealed !== undefined) continue
    const value = valueOf(replica, change)
    if (value !== undefined) ops.push({ table: 'draftValue', key, value })
  }
  for (const hash of stray) {
    ops.push(gone('changeset', bytesOf(hash)), gone('header', bytesOf(hash)))
  }
  const { drafts } = replica.parts()
  for (const { id, body } of drafts.outbox()) {
    if (stray.has(changesetOf(body))) ops.push(...drafts.settle([id]))
  }
  return ops
}

/** A value that may be one that this device was never given the key of. */
function valueOf(replica: Replica, change: Change): Bytes | undefined {
  try {
    return replica.value(change)
  } catch (error) {
    if (error instanceof CofferError) return undefined
    throw error
  }
}
