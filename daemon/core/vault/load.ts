import { toHex, type Bytes } from '../../../shared/bytes.js'
import { decode } from '../../../shared/codec.js'
import { CofferError } from '../../../shared/errors.js'

import { idOf, type ChangeId, type ChangesetHash, type VaultId } from '../../../shared/ids.js'
import { PROPOSED, type Identity } from './chain.js'
import { changeOf, sealingOf, type Change } from './change.js'
import {
  baseRecordCodec,
  changeRecordCodec,
  changesetRecordCodec,
  cursorRecordCodec,
  draftRecordCodec,
  outboxRecordCodec,
  placeOf,
  type Env,
  type Row,
  type Table,
} from './records.js'
import { BASE } from './base.js'
import { CURSOR } from './intake.js'
import { Replica } from './replica.js'

const BIG = Number.MAX_SAFE_INTEGER

/**
 * The replica that the store's rows (tables `LOADED`, any order) describe. Keys of hashed tables come as they were
 * given to the store.
 * @throws CofferError `storage` (reason `corrupt`), `format` or `tampering` when the rows don't fit together
 */
export function loadReplica(
  env: Env,
  identity: Identity,
  vaultId: VaultId,
  rows: readonly Row[],
): Replica {
  const replica = new Replica(env, identity, vaultId)
  const tables = new Map<Table, Row[]>()
  for (const row of rows) {
    const table = tables.get(row.table)
    if (table === undefined) tables.set(row.table, [row])
    else table.push(row)
  }
  const of = (table: Table): readonly Row[] => tables.get(table) ?? []
  const sorted = (table: Table): Row[] =>
    of(table).toSorted((a, b) => ordinal(a.key) - ordinal(b.key))
  const meta = new Map(of('meta').map((row) => [toHex(row.key), row.value]))
  const keys = new Map(of('epochKey').map((row) => [ordinal(row.key), row.value]))
  const links = sorted('link').map((row) => row.value)
  replica.chain.restore(links, keys, meta.get(toHex(PROPOSED)))
  for (const row of [...of('other'), ...of('fork')]) replica.forks.restore(row)
  const cursor = meta.get(toHex(CURSOR))
  if (cursor !== undefined)
    replica.restoreCursor(decode(cursorRecordCodec, cursor, 'the cursor', BIG))
  const { drafts, inbound, cuts, heads, base } = replica.parts()
  const record = meta.get(toHex(BASE))
  if (record !== undefined) base.restore(decode(baseRecordCodec, record, 'the base', BIG))
  const once = keepOnce()
  for (const row of of('changeset')) restoreNode(replica, row, once)
  cuts.refresh()
  const changes = new Map(of('change').map((row) => restoreChange(replica, env, row, once)))
  inbound.restoreUnopened(changes.values())
  for (const row of sorted('draft')) {
    const ids = decode(draftRecordCodec, row.value, 'a draft', BIG).changes
    drafts.restoreDraft(
      ordinal(row.key),
      ids.map((id) => changes.get(id) ?? damaged()),
    )
  }
  for (const row of sorted('outbox')) {
    drafts.restoreOutbox(
      ordinal(row.key),
      decode(outboxRecordCodec, row.value, 'an outbox entry', BIG).body,
    )
  }
  for (const row of of('pending')) inbound.restore(row.value, env.reader)
  // Beside the devices' heads the table has what a person was told.
  for (const row of of('witness')) if (row.key.length === 32) heads.restore(row.value)
  return replica
}

/** Gives of equal texts always the same one: rows name devices and changesets over and over. */
type Once = <T extends string>(text: T) => T

function keepOnce(): Once {
  const all = new Map<string, string>()
  return <T extends string>(text: T): T => {
    const known = all.get(text)
    if (known === undefined) all.set(text, text)
    return (known as T | undefined) ?? text
  }
}

function restoreNode({ graph }: Replica, row: Row, once: Once): void {
  const record = decode(changesetRecordCodec, row.value, 'a changeset record', BIG)
  const [device, refs] = [once(record.device), record.refs.map(once)]
  const { seq, memberN, met, pos, kept, known } = record
  const node = { device, seq, memberN, refs, met, pos, kept, known }
  graph.add(once(idOf<ChangesetHash>(row.key)), node)
}

function restoreChange(replica: Replica, env: Env, row: Row, once: Once): [ChangeId, Change] {
  const record = decode(changeRecordCodec, row.value, 'a change record', BIG)
  const { place: at, ahead, sealed, readers } = record
  const place = at && placeOf(once(at.changeset), at, at.index, at.valueCommitment)
  const [id, device] = [idOf<ChangeId>(row.key), once(record.device)]
  const standing = { id, device, place, ahead: ahead !== undefined, ...sealingOf(sealed, readers) }
  const change = changeOf(record, standing)
  if (place !== undefined && !replica.graph.has(place.changeset))
    replica.cuts.stray.add(place.changeset)
  const { names, clock } = replica.parts()
  names.add(change)
  clock.observe(change, env.now())
  return [change.id, change]
}

function ordinal(key: Bytes): number {
  return Number(`0x${toHex(key)}`)
}

function damaged(): never {
  throw new CofferError('storage', "the vault's records on this disk don't fit together", {
    reason: 'corrupt',
    next: 'run coffer doctor --repair',
  })
}
