import { concat, type Bytes } from '../../../../shared/bytes.js'
import { decode } from '../../../../shared/codec.js'
import { bytesOf, type ChangesetHash } from '../../../../shared/ids.js'
import { changeIdOf, signedHeader } from '../../../../shared/log/changeset.js'
import { decodeEntry } from '../../../../shared/log/entry.js'
import { signedCodec } from '../../../../shared/log/signed.js'
import { signedSnapshot, type Snapshot } from '../../../../shared/log/snapshot.js'
import { rowOf, SnapshotTree } from '../../../../shared/log/snapshot-tree.js'
import type { KeptEntry } from '../intake.js'
import type { MadeSnapshot } from '../snapshot.js'
import type { TestDevice } from './devices.js'

// For tests only: a relay's part in snapshots, from a log in memory.

export type Served = {
  readonly snapshot: Snapshot
  readonly rows: Bytes[]
  readonly tree: SnapshotTree
  readonly entries: KeptEntry[]
}

const hashAt = (log: readonly Bytes[], pos: number): ChangesetHash => {
  const entry = decodeEntry(log[pos - 1] ?? new Uint8Array(0))
  if (entry.kind !== 'changeset') throw new TypeError('no changeset there')
  return signedHeader.id(entry.body.signed)
}

/** What a relay would keep of a snapshot. */
export function serve(log: readonly Bytes[], made: MadeSnapshot): Served {
  const snapshot = signedSnapshot.read(decode(signedCodec, made.signed, 'a snapshot', 1 << 20))
  const view = new DataView(made.rows.buffer, made.rows.byteOffset, made.rows.length)
  const kept = new Map<number, ChangesetHash>()
  const rows: Bytes[] = []
  for (let at = 0; at < made.rows.length; at += 16) {
    const pos = view.getUint32(at + 10)
    const hash = hashAt(log, pos)
    kept.set(pos, hash)
    const change = bytesOf(changeIdOf(hash, view.getUint16(at + 14)))
    rows.push(rowOf(made.rows.slice(at, at + 8), change))
  }
  const hashes = new Set(kept.values())
  const entries = log.flatMap((body, i): KeptEntry[] => {
    const entry = decodeEntry(body)
    const further = entry.kind === 'items' && hashes.has(entry.body.changeset)
    return kept.has(i + 1) || further ? [{ pos: i + 1, body }] : []
  })
  return { snapshot, rows, tree: new SnapshotTree(rows), entries }
}

/** The device takes a snapshot's pieces until it wants no more; gives the alarms' reasons. */
export function load(one: TestDevice, { rows, entries }: Served, piece = 3): string[] {
  const reasons: string[] = []
  for (let wanted = one.replica.adopting.wants; wanted; wanted = one.replica.adopting.wants) {
    const byRows = wanted.part === 'rows'
    const after = wanted.after
    const left = byRows ? rows.slice(after) : entries.filter(({ pos }) => pos > after)
    const outcome = one.replica.adopting.take({
      wanted,
      rows: byRows ? concat(...rows.slice(after, after + piece)) : new Uint8Array(0),
      entries: byRows ? [] : entries.filter(({ pos }) => pos > after).slice(0, piece),
      more: left.length > piece,
    })
    one.store.write(outcome.ops)
    reasons.push(...outcome.alarms.map(({ reason }) => reason))
  }
  return reasons
}
