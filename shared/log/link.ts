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
import type { DeviceId, InviteKey, LinkHash, RelayKey, UserId, VaultId } from '../ids.js'
import { LIMITS } from '../limits.js'
import { statementCodec } from './device.js'
import { roleCodec } from './roles.js'
import { SignedKind } from './signed.js'

/** The kinds of vault (SPEC section 5): a person's own, a team's directory, a project's secrets. */
export const VAULT_KINDS = ['user', 'org', 'project'] as const
export type VaultKind = (typeof VAULT_KINDS)[number]

/** Version of the formats and, in the suite byte, of the primitives. */
export const VERSION = 1
export const SUITE = 1

const labelBox = bytes(LIMITS.labelBox)

/** What starts an epoch: the key's commitment, its public box key, the hash of the table of wraps. */
export const epochStartCodec = struct({
  commitment: req(0, fixed(32)),
  box: req(1, fixed(32)),
  wraps: req(2, fixed(32)),
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

/** What a link does. Tags are frozen; those of later actions are free from 6. */
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
    }),
  ],
})
export type Action = TypeOf<typeof actionCodec>

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
      return action.body.wraps
    case 'relay':
    case 'invite':
    case 'withdraw-invite':
      return undefined
  }
}
