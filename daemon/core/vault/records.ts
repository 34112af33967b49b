import { utf8, type Bytes } from '../../../shared/bytes.js'
import {
  bytes,
  encode,
  id,
  list,
  oneOf,
  opt,
  req,
  struct,
  text,
  uint,
} from '../../../shared/codec.js'
import type { TypeOf } from '../../../shared/codec.js'
import type { Random } from '../../../shared/crypto/random.js'
import type {
  ChangeId,
  ChangesetHash,
  Commitment,
  DeviceId,
  EntryId,
  LogHash,
} from '../../../shared/ids.js'
import { LIMITS } from '../../../shared/limits.js'
import { SEALED } from '../../../shared/log/changeset.js'
import { signedCodec } from '../../../shared/log/signed.js'
import { MAX_COUNTER } from './clock.js'

/** The local database's tables: their byte, and whether keys keep their order (else they are hashed). */
export const TABLES = {
  /** The runners to which this device last sealed a name, or that it was told of. Key: the name. */
  sealedTo: { byte: 'b', ordered: false },
  /** What was opened of a change. Key: change id. */
  change: { byte: 'c', ordered: false },
  /** Local transactions that have no sequence yet. Key: u64 ordinal. */
  draft: { byte: 'd', ordered: true },
  /** A draft's value, opened. Key: local change id. */
  draftValue: { byte: 'v', ordered: false },
  /** logHash at a position. Key: u64 pos. */
  log: { byte: 'g', ordered: true },
  /** Signed header of a changeset. Key: changeset hash. */
  header: { byte: 'h', ordered: false },
  /** Ciphertexts of a change, verbatim. Key: change id. */
  item: { byte: 'i', ordered: false },
  /** An epoch's key. Key: u32 epoch. */
  epochKey: { byte: 'k', ordered: true },
  /** Link entries, verbatim. Key: u32 n. */
  link: { byte: 'l', ordered: true },
  /** Single records: `base`, `cursor`, `proposed`. */
  meta: { byte: 'm', ordered: false },
  /** Sealed entries not settled at the relay, verbatim. Key: u64 ordinal. */
  outbox: { byte: 'o', ordered: true },
  /** Changesets that wait for something. Key: changeset hash. */
  pending: { byte: 'p', ordered: false },
  /** The graph of changesets. Key: changeset hash. */
  changeset: { byte: 's', ordered: false },
  /** Links of other branches, verbatim. Key: link hash. */
  other: { byte: 'f', ordered: false },
  /** Forks: who stands on another branch. Key: hash of its first link. */
  fork: { byte: 'r', ordered: false },
  /** What was raised against the relay or members. Key: the alarm's reason. */
  alarm: { byte: 'a', ordered: false },
  /** What other devices signed to have read, and up to which link a person was told. Key: device id, or `told`. */
  witness: { byte: 'w', ordered: false },
} as const

export type Table = keyof typeof TABLES

/** One record to write, or (value undefined) to delete. A list of ops is one durable batch. */
export type Op = { readonly table: Table; readonly key: Bytes; readonly value: Bytes | undefined }
export type Row = { readonly table: Table; readonly key: Bytes; readonly value: Bytes }

/** Reads one record of the store, synchronously; what a batch in flight holds need not show. */
export type Reader = { get(table: Table, key: Bytes): Bytes | undefined }

/** What a replica is given of the world. */
export type Env = {
  readonly random: Random
  /** Milliseconds since 1970 by this machine's clock. */
  readonly now: () => number
  readonly reader: Reader
}

/** Tables that `Replica.load` wants, in any order. */
export const LOADED: readonly Table[] = [
  'change',
  'draft',
  'epochKey',
  'link',
  'meta',
  'outbox',
  'pending',
  'changeset',
  'alarm',
  'witness',
  'other',
  'fork',
]

/** A fork. */
export const forkRecordCodec = struct({
  n: req(0, uint(LIMITS.links)),
  device: req(1, id<DeviceId>()),
  /** 1: said in a signed head. */
  said: opt(2, uint(1)),
})

/** What names live in: the user's secrets, the directory of vaults, settings. Tags are frozen. */
export const SPACES = ['secret', 'vault', 'setting'] as const
export type Space = (typeof SPACES)[number]

const changeFields = {
  space: req(0, oneOf(SPACES)),
  name: req(1, text(LIMITS.name)),
  kind: req(2, oneOf(['put', 'delete'])),
  /** Hybrid logical clock: milliseconds since 1970, then a counter. */
  wall: req(3, uint()),
  counter: req(4, uint(MAX_COUNTER)),
  /** The changes of this name that this one supersedes. */
  parents: req(5, list(id<ChangeId>(), LIMITS.parents)),
  /** Bytes of the value; 0 for a delete. */
  size: req(6, uint(LIMITS.value)),
  note: opt(7, text(LIMITS.note)),
} as const

/** The meta part of an item (SPEC section 6). */
export const metaCodec = struct(changeFields)
export type Meta = TypeOf<typeof metaCodec>

/** Where a sealed change stands. */
export const placeCodec = struct({
  changeset: req(0, id<ChangesetHash>()),
  seq: req(1, uint()),
  epoch: req(2, uint()),
  index: req(3, uint(LIMITS.items)),
  valueCommitment: opt(4, id<Commitment>()),
})
export type Place = TypeOf<typeof placeCodec>

/**
 * A place, spelled out as `changeOf` is. Its commitment is text like the ids: as bytes it would be a piece of memory outside
 * of V8's heap, and ten thousand small ones hold that of a first sync together.
 */
export function placeOf(
  changeset: ChangesetHash,
  { seq, epoch }: Pick<Place, 'seq' | 'epoch'>,
  index: number,
  valueCommitment: Commitment | undefined,
): Place {
  return valueCommitment === undefined
    ? { changeset, seq, epoch, index }
    : { changeset, seq, epoch, index, valueCommitment }
}

export const changeRecordCodec = struct({
  ...changeFields,
  device: req(8, id<DeviceId>()),
  /** Present: sealed. Absent: a draft. */
  place: opt(9, placeCodec),
  /** Its clock was ahead of ours when it came. */
  ahead: opt(10, uint(1)),
  sealed: opt(11, oneOf(SEALED)),
  readers: opt(12, list(id<DeviceId>(), LIMITS.runners)),
})

export const draftRecordCodec = struct({
  changes: req(0, list(id<ChangeId>(), LIMITS.items, 1)),
})

export const cursorRecordCodec = struct({
  pos: req(0, uint()),
  logHash: req(1, id<LogHash>()),
  generation: req(2, uint()),
  entryId: opt(3, id<EntryId>()),
  /** How often the log was started over: what was met in an earlier reading may be lost in this one. */
  reading: req(4, uint()),
})
export type LogCursor = TypeOf<typeof cursorRecordCodec>

export const changesetRecordCodec = struct({
  device: req(0, id<DeviceId>()),
  seq: req(1, uint()),
  memberN: req(2, uint(LIMITS.links)),
  /** prev and deps. */
  refs: req(3, list(id<ChangesetHash>(), LIMITS.deps + 1)),
  /** The reading of the log (see the cursor) in which it was last met; absent until the log showed it. */
  met: opt(4, uint()),
  /** Where its own entry stands in the log; absent until the log showed it. */
  pos: opt(5, uint()),
  /** Covered by the snapshot that this device went on from: the indexes of its changes that still counted there. */
  kept: opt(6, list(uint(LIMITS.items), LIMITS.items)),
  /** Of an author who can't read: the places of its deps, which may be pruned. */
  known: opt(7, list(struct({ device: req(0, id<DeviceId>()), seq: req(1, uint()) }), LIMITS.deps)),
})

/** The snapshot that this device went on from instead of the log before it, and how much of it is here. */
export const baseRecordCodec = struct({
  signed: req(0, signedCodec),
  /** The reading of the log in which that was. */
  reading: req(1, uint()),
  /** Entries up to this position are here. */
  after: req(2, uint()),
  /** 1: all are. */
  whole: opt(3, uint(1)),
})
export type BaseRecord = TypeOf<typeof baseRecordCodec>

export const pendingRecordCodec = struct({
  signed: req(0, signedCodec),
  /** Those of its items that came; they stand in table `item`. */
  indexes: req(1, list(uint(LIMITS.items), LIMITS.items)),
  generation: req(2, uint()),
  pos: opt(3, uint()),
  kept: opt(4, list(uint(LIMITS.items), LIMITS.items)),
})

export const sealedToRecordCodec = struct({
  readers: req(0, list(id<DeviceId>(), LIMITS.runners)),
})

/** The record that remembers to whom a name was sealed. */
export function sealedToOp(name: string, readers: readonly DeviceId[]): Op {
  return { table: 'sealedTo', key: utf8(name), value: encode(sealedToRecordCodec, { readers }) }
}

export const outboxRecordCodec = struct({ body: req(0, bytes(LIMITS.entry)) })

const raised = struct({ detail: req(0, text(LIMITS.message)), at: req(1, uint()) })

/** One alarm, by its reason; times in milliseconds since 1970 by this machine's clock. */
export const alarmRecordCodec = struct({
  reason: req(0, text(64)),
  first: req(1, raised),
  /** Absent while it was raised once. */
  newest: opt(2, raised),
  /** When a person had read it; absent since it was raised anew. */
  read: opt(3, uint()),
})
export type AlarmRecord = TypeOf<typeof alarmRecordCodec>

/** Another device's signed heads: the newest that agreed with the log read here, the furthest past it. */
export const witnessRecordCodec = struct({
  agreed: opt(0, bytes(LIMITS.signedHead)),
  /** When the one that agreed came, by this machine's clock. */
  heard: opt(1, uint()),
  ahead: opt(2, bytes(LIMITS.signedHead)),
})
