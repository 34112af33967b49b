import type { VaultId } from '../../shared/ids.js'
import type { Committer } from './level-commit.js'
import { getRow, planForget, planPrune } from './level-plan.js'
import { entryKey, posOfKey } from './level-rows.js'
import type { LevelStore } from './level-store.js'
import type { MailboxCaps } from './mailbox.js'

/** Positions that one transaction of a prune removes. */
const STEP = 1000

type Parts = {
  readonly store: LevelStore
  readonly committer: Committer
  readonly caps: MailboxCaps
}

/** Removes the entries from the floor up to the new one but for the kept ones, and what an earlier prune kept, step by step. */
export async function pruneLog(
  parts: Parts,
  id: VaultId,
  {
    from,
    floor,
    kept,
  }: { readonly from: number; readonly floor: number; readonly kept: ReadonlySet<number> },
): Promise<void> {
  await forget(parts, id, from, kept)
  const { committer, caps } = parts
  for (let at = from; at < floor;) {
    at = await committer.submit(STEP, (tx) => {
      const row = getRow(tx, id)
      const next = Math.min(floor, row.floor + STEP)
      if (next > row.floor) planPrune(tx, id, row, next, kept, caps)
      return next
    })
  }
}

/** Removes what an earlier prune kept and this one doesn't. */
async function forget(
  { store, committer, caps }: Parts,
  id: VaultId,
  floor: number,
  kept: ReadonlySet<number>,
): Promise<void> {
  const range = { gte: entryKey(id, 0), lte: entryKey(id, floor) }
  const gone = (await store.keys(range)).map(posOfKey).filter((pos) => !kept.has(pos))
  for (let at = 0; at < gone.length; at += STEP) {
    const step = gone.slice(at, at + STEP)
    await committer.submit(STEP, (tx) => {
      planForget(tx, id, getRow(tx, id), step, caps)
    })
  }
}
