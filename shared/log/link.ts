import type { Bytes } from '../bytes.js'
import {
  bytes,
  decode,
  encode,
  fixed,
  id,
  list,
  oneOf,
  opt,
  req,
  struct,
  uint,
  variant,
  type TypeOf,
} from '../codec.js'

import { hash } from '../crypto/hash.js'
import type {
  ChangesetHash,
  DeviceId,
  InviteKey,
  LinkHash,
  RelayKey,
  UserId,
  VaultId,
} from '../ids.js'
import { LIMITS } from '../limits.js'
import { statementCodec } from './device.js'
import { roleCodec } from './roles.js'
import { signedCodec, SignedKind } from './signed.js'

/** The kinds of vault (SPEC section 5): a person's own, a team's directory, a project's secrets. */
export const VAULT_KINDS = ['user', 'org', 'project'] as const
export type VaultKind = (typeof VAULT_KINDS)[number]

/** Version of the formats and, in the suite byte, of the primitives. */
export const VERSION = 1
export const SUITE = 1

const labelBox = bytes(LIMITS.labelBox)

/** A place in a membership chain. */
export const memberHeadCodec = struct({
  n: req(0, uint(LIMITS.links)),
  hash: req(1, id<LinkHash>()),
})

/** What starts an epoch: the key's commitment, its public box key, the hash of the table of wraps. */
export const epochStartCodec = struct({
  commitment: req(0, fixed(32)),
  box: req(1, fixed(32)),
  wraps: req(2, fixed(32)),
  /** The epoch whose key this one's key opens, so that newcomers read history; absent in the genesis only. */
  base: opt(3, uint(LIMITS.links)),
  /** That key, sealed: nonce and box. */
  before: opt(4, fixed(72)),
  /** Further keys, to which that of the base doesn't lead since somebody broke the way: their epochs descend from the base. */
  more: opt(
    5,
    list(
      struct({ base: req(0, uint(LIMITS.links)), before: req(1, fixed(72)) }),
      LIMITS.epochBoxes,
      1,
    ),
  ),
})
export type EpochStart = TypeOf<typeof epochStartCodec>

/** A joiner's request: both its signatures are over these bytes (SPEC section 8). */
export const joinRequestBodyCodec = struct({
  vaultId: req(0, id<VaultId>()),
  inviteKey: req(1, id<InviteKey>()),
  inviteLink: req(2, id<LinkHash>()),
  statement: req(3, statementCodec),
})
export type JoinRequestBody = TypeOf<typeof joinRequestBodyCodec>

export const joinRequestCodec = struct({
  body: req(0, bytes(LIMITS.joinRequestBody)),
  /** By the invite key: the joiner holds the code. */
  inviteSignature: req(1, fixed(64)),
  /** By the device's signing key: the joiner holds the keys. */
  deviceSignature: req(2, fixed(64)),
})
export type JoinRequest = TypeOf<typeof joinRequestCodec>

const genesisCodec = struct({
  kind: req(0, oneOf(VAULT_KINDS)),
  nonce: req(1, fixed(16)),
  statement: req(2, statementCodec),
  epoch: req(3, epochStartCodec),
  label: req(4, labelBox),
  relay: opt(5, id<RelayKey>()),
})

/** A device's head past which its changesets are void (SPEC section 5). */
export const cutCodec = struct({
  device: req(0, id<DeviceId>()),
  /** From 1, as in the changeset's header. */
  seq: req(1, uint()),
  hash: req(2, id<ChangesetHash>()),
})
export type Cut = TypeOf<typeof cutCodec>

/** Ascending by device, seq, hash. More than one head of a device: it had signed a number twice. */
const cuts = list(cutCodec, LIMITS.cuts)
const devices = (min: number) => list(id<DeviceId>(), LIMITS.devices, min)

/** What a link does. Tags are frozen. */
export const actionCodec = variant({
  genesis: [0, genesisCodec],
  relay: [1, struct({ relay: req(0, id<RelayKey>()) })],
  invite: [
    2,
    struct({
      inviteKey: req(0, id<InviteKey>()),
      role: req(1, roleCodec),
      /** Milliseconds since 1970 by the inviter's clock; the confirming client judges it. */
      expires: req(2, uint()),
      label: req(3, labelBox),
      /** Present: the joiner must be a device of this user. */
      userId: opt(4, id<UserId>(16)),
    }),
  ],
  'withdraw-invite': [3, struct({ inviteKey: req(0, id<InviteKey>()) })],
  admit: [
    4,
    struct({
      request: req(0, joinRequestCodec),
      wraps: req(1, fixed(32)),
      label: req(2, labelBox),
    }),
  ],
  'add-device': [
    5,
    struct({
      statement: req(0, statementCodec),
      role: req(1, roleCodec),
      wraps: req(2, fixed(32)),
      label: req(3, labelBox),
      /** 1: a recovery device, which no other device of its user can remove. */
      recovery: opt(4, uint(1)),
    }),
  ],
  remove: [
    6,
    struct({
      /** All of one user, ascending. */
      devices: req(0, devices(1)),
      cuts: req(1, cuts),
      /** Devices that descend from the removed ones and stay all the same, ascending. */
      kept: req(2, devices(0)),
      /** Present exactly when a removed device could read. */
      epoch: opt(3, epochStartCodec),
    }),
  ],
  'change-role': [
    7,
    struct({
      userId: req(0, id<UserId>(16)),
      role: req(1, roleCodec),
      cuts: req(2, cuts),
      /** Present exactly when a device ceases to read. */
      epoch: opt(3, epochStartCodec),
      /** Present exactly when a device begins to read: hash of the table with the key for it. */
      wraps: opt(4, fixed(32)),
    }),
  ],
  rotate: [8, struct({ epoch: req(0, epochStartCodec) })],
  rewrap: [9, struct({ device: req(0, id<DeviceId>()), wraps: req(1, fixed(32)) })],
  'raise-cut': [10, struct({ cuts: req(0, list(cutCodec, LIMITS.cuts, 1)) })],
  'add-member': [
    11,
    struct({
      /** Devices of one user who has none here. */
      statements: req(0, list(statementCodec, LIMITS.memberDevices, 1)),
      role: req(1, roleCodec),
      wraps: req(2, fixed(32)),
      /** One for each statement. */
      labels: req(3, list(labelBox, LIMITS.memberDevices, 1)),
    }),
  ],
  /** Names a snapshot (shared/log/snapshot.ts), signed by who made it: the link's author has computed it anew. */
  checkpoint: [12, struct({ snapshot: req(0, signedCodec) })],
  /** Ends forks: of each branch that is void one link, which this chain has another one in the place of; ascending. */
  'end-fork': [13, struct({ voids: req(0, list(memberHeadCodec, LIMITS.forkEnds, 1)) })],
})
export type Action = TypeOf<typeof actionCodec>
export type ActionOf<K extends Action['kind']> = Extract<Action, { kind: K }>['body']

export const linkCodec = struct({
  version: req(0, uint(255)),
  suite: req(1, uint(255)),
  n: req(2, uint(LIMITS.links)),
  author: req(3, id<DeviceId>()),
  /** Milliseconds since 1970 by the author's clock: shown, never judged. */
  time: req(4, uint()),
  action: req(5, actionCodec),
  /** Both absent in the genesis only, whose hash is the vault's id. */
  vaultId: opt(6, id<VaultId>()),
  prev: opt(7, id<LinkHash>()),
})
export type Link = TypeOf<typeof linkCodec>

/** Signed links of a membership chain (SPEC section 5). */
export const signedLink = new SignedKind<Link, LinkHash>('link', linkCodec)

/** One epoch key sealed to one device. */
export const wrapsCodec = list(
  struct({ device: req(0, id<DeviceId>()), box: req(1, fixed(148)) }),
  LIMITS.devices,
)
export type Wraps = TypeOf<typeof wrapsCodec>

/** Canonical bytes of a wrap table and the hash that a link names. */
export function encodeWraps(wraps: Wraps): { bytes: Bytes; hash: Bytes } {
  const table = encode(wrapsCodec, wraps)
  return { bytes: table, hash: hash('wraps', table) }
}

/** @throws CofferError `format` */
export function decodeWraps(table: Bytes): Wraps {
  return decode(wrapsCodec, table, 'a wrap table', LIMITS.entry)
}

/** The hash of a wrap table that a link names, or undefined for links that carry none. */
export function wrapsHashOf(action: Action): Bytes | undefined {
  switch (action.kind) {
    case 'genesis':
      return action.body.epoch.wraps
    case 'admit':
    case 'add-device':
    case 'add-member':
    case 'rewrap':
      return action.body.wraps
    case 'remove':
      return action.body.epoch?.wraps
    case 'change-role':
      return action.body.epoch?.wraps ?? action.body.wraps
    case 'rotate':
      return action.body.epoch.wraps
    case 'relay':
    case 'invite':
    case 'withdraw-invite':
    case 'raise-cut':
    case 'checkpoint':
    case 'end-fork':
      return undefined
  }
}

/** The epoch that a link starts, if it starts one. */
export function epochOf(action: Action): EpochStart | undefined {
  switch (action.kind) {
    case 'genesis':
    case 'remove':
    case 'change-role':
    case 'rotate':
      return action.body.epoch
    default:
      return undefined
  }
}
