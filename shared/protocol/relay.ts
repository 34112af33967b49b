import { bool, bytes, fixed, id, list, oneOf, opt, req, struct, text, uint } from '../codec.js'
import type { TypeOf } from '../codec.js'
import type { ErrorCode } from '../errors.js'
import type { EntryId, LinkHash, RelayKey, VaultId } from '../ids.js'
import { LIMITS } from '../limits.js'
import { deviceKeysCodec } from '../log/device.js'
import { messages } from './relay-frame.js'
import {
  foundCodec,
  lookupCodec,
  partCodec,
  putSnapshotCodec,
  snapshotPartCodec,
  snapshotPushCodec,
} from './relay-snapshot.js'
import { MAX_ORIGIN, NONCE_LENGTH } from './relay-handshake.js'

// The wire protocol between a device and a relay (SPEC section 9): binary WebSocket frames, each one
// deterministic CBOR message [type, request id, payload]. A client numbers its requests from 1, each id once
// while it is in flight; exactly one reply carries the same id. Handshake messages and pushes carry id 0.

/** Version of this protocol, in `hello`. There is one; the relay refuses others with reason `version`. */
export const RELAY_PROTOCOL = 1

/** The WebSocket subprotocol that a client offers and the relay selects. */
export const RELAY_SUBPROTOCOL = 'coffer.relay.v1'

/** Most entries in one frame, either way. */
export const FRAME_ENTRIES = 1000

const vaultId = id<VaultId>()
const entry = bytes(LIMITS.entry, 1)
const entryBodies = list(entry, FRAME_ENTRIES, 1)
const requestBytes = bytes(LIMITS.joinRequest, 1)
const headBytes = bytes(LIMITS.signedHead, 1)

/** A place in a vault's log, and the id of the entry there: absent at 0 (before the first entry) only. */
export const cursorCodec = struct({ pos: req(0, uint()), entryId: opt(1, id<EntryId>()) })
export type Cursor = TypeOf<typeof cursorCodec>

/** The cursor before the first entry. */
export const LOG_START: Cursor = { pos: 0 }

/** Head of a membership chain: how many links it has (the head's n + 1) and the hash of the last. */
export const chainHeadCodec = struct({
  length: req(0, uint(LIMITS.links + 1)),
  hash: req(1, id<LinkHash>()),
})
export type ChainHead = TypeOf<typeof chainHeadCodec>

export const REGISTRATION = ['open', 'token', 'closed'] as const
export type Registration = (typeof REGISTRATION)[number]

/** The codes of shared/errors.ts that a relay answers with; the index is the encoding, so order is frozen. */
export const RELAY_CODES = [
  'relay-refused',
  'limit',
  'format',
  'not-found',
  'refused',
  'tampering',
  'storage',
  'internal',
] as const satisfies readonly ErrorCode[]
export type RelayCode = (typeof RELAY_CODES)[number]

const vaultOnly = struct({ vaultId: req(0, vaultId) })

/** What a client sends. */
export const clientMessageCodec = messages('a client message', {
  /** First frame. `origin` is the relay's as the client dialled it (`originOf`). */
  hello: [
    0,
    struct({
      version: req(0, uint(255)),
      keys: req(1, deviceKeysCodec),
      nonce: req(2, fixed(NONCE_LENGTH)),
      origin: req(3, text(MAX_ORIGIN)),
    }),
  ],
  /** Second frame: `signAuth` over the transcript. */
  auth: [1, struct({ signature: req(0, fixed(64)) })],
  /**
   * Makes the vault of this chain: its genesis link entry and, when a device other than the genesis's brings a
   * lost vault back, the links up to one that makes it a member. Reply `created`. Doing it again is no error.
   */
  create: [
    2,
    struct({ links: req(0, entryBodies), token: opt(1, text(LIMITS.registrationToken)) }),
  ],
  /**
   * Reply `opened`; then `entries` pushes carry the log after the cursor, contiguous and without end, and
   * `head` and `joinRequest` pushes what other devices put. Opening an open vault starts again at the cursor.
   */
  open: [3, struct({ vaultId: req(0, vaultId), after: req(1, cursorCodec) })],
  /** Ends the pushes of a vault. Reply `done`. */
  close: [4, vaultOnly],
  /**
   * Appends entries in order, all or none; those already in the log keep their positions. `base` is a cursor
   * the client has seen. A link must follow the chain's head (else `chain-moved`). Reply `appended`: durable.
   */
  append: [
    5,
    struct({ vaultId: req(0, vaultId), base: req(1, cursorCodec), entries: req(2, entryBodies) }),
  ],
  /** Puts this device's newest signed head (shared/log/head). Reply `done`; other members get a push. */
  putHead: [6, struct({ vaultId: req(0, vaultId), head: req(1, headBytes) })],
  /** The latest signed head of each active device. Reply `heads`. */
  heads: [7, vaultOnly],
  /** The membership chain's link entries from the n-th on. Reply `chain`, as many as one frame holds. */
  chain: [8, struct({ vaultId: req(0, vaultId), from: req(1, uint(LIMITS.links)) })],
  /**
   * Puts a join request under its open invite (the newest replaces it). Reply `joined`; until the connection
   * ends it may read the chain, and gets `chainMoved` pushes.
   */
  join: [9, struct({ vaultId: req(0, vaultId), request: req(1, requestBytes) })],
  /** The pending join requests. Reply `joinRequests`. */
  joinRequests: [10, vaultOnly],
  /** Offers a snapshot that no checkpoint names yet; one is kept of a vault. Reply `done`; others get a push. */
  putSnapshot: [11, putSnapshotCodec],
  /** What a checkpoint's snapshot has in a slot. Reply `found`. */
  lookup: [12, lookupCodec],
  /** The rows of a checkpoint's snapshot, or the entries that it keeps, piece by piece. Reply `snapshotPart`. */
  snapshotPart: [13, snapshotPartCodec],
})
export type ClientMessage = TypeOf<typeof clientMessageCodec>

/** What a relay sends: replies, then pushes. */
export const relayMessageCodec = messages('a relay message', {
  challenge: [
    32,
    struct({
      relayKey: req(0, id<RelayKey>()),
      nonce: req(1, fixed(NONCE_LENGTH)),
      signature: req(2, fixed(64)),
    }),
  ],
  /** The device is authenticated. What this relay allows: a client stays below, or is refused. */
  welcome: [
    33,
    struct({
      registration: req(0, oneOf(REGISTRATION)),
      /** Vaults that this connection may hold open. */
      vaults: req(1, uint()),
      /** Requests in flight. */
      inFlight: req(2, uint()),
      /** Requests a second, sustained, and at once. */
      rate: req(3, uint()),
      burst: req(4, uint()),
    }),
  ],
  /** The request failed and changed nothing. SPEC section 9 lists the reasons; `retryAfter` is milliseconds. */
  refused: [
    34,
    struct({
      code: req(0, oneOf(RELAY_CODES)),
      reason: req(1, text(64)),
      retryAfter: opt(2, uint()),
    }),
  ],
  created: [35, struct({ head: req(0, cursorCodec), existed: req(1, bool) })],
  opened: [
    36,
    struct({
      head: req(0, cursorCodec),
      generation: req(1, uint()),
      /** Entries up to and including this position are pruned. */
      floor: req(2, uint()),
      memberHead: req(3, chainHeadCodec),
    }),
  ],
  /** `positions[i]` is where entries[i] stands, `head` the log's head after the append. */
  appended: [
    37,
    struct({ positions: req(0, list(uint(), FRAME_ENTRIES, 1)), head: req(1, cursorCodec) }),
  ],
  done: [38, struct({})],
  heads: [39, struct({ heads: req(0, list(headBytes, LIMITS.devices)) })],
  /** Link entries from..from+n-1; empty when `from` is the chain's length. */
  chain: [
    40,
    struct({
      from: req(0, uint(LIMITS.links)),
      entries: req(1, list(entry, FRAME_ENTRIES)),
      head: req(2, chainHeadCodec),
    }),
  ],
  /** `member`: the device is one already, the request was not needed. */
  joined: [41, struct({ member: req(0, bool), head: req(1, chainHeadCodec) })],
  joinRequests: [42, struct({ requests: req(0, list(requestBytes, LIMITS.invites)) })],
  found: [43, foundCodec],
  snapshotPart: [44, partCodec],
  /** Push: a member offers a snapshot. */
  snapshot: [45, snapshotPushCodec],

  /** Push: entries at from, from+1, …; the vault's log head was `head` when they were read. */
  entries: [
    48,
    struct({
      vaultId: req(0, vaultId),
      from: req(1, uint()),
      entries: req(2, entryBodies),
      head: req(3, uint()),
    }),
  ],
  /** Push: another device put its signed head. */
  head: [49, struct({ vaultId: req(0, vaultId), head: req(1, headBytes) })],
  /** Push: a join request arrived. */
  joinRequest: [50, struct({ vaultId: req(0, vaultId), request: req(1, requestBytes) })],
  /** Push to joiners: the chain has grown; read it with `chain`. */
  chainMoved: [51, struct({ vaultId: req(0, vaultId), head: req(1, chainHeadCodec) })],
  /** Push: the relay ended this vault's pushes; `not-found` when the device is a member no more. */
  closed: [
    52,
    struct({
      vaultId: req(0, vaultId),
      code: req(1, oneOf(RELAY_CODES)),
      reason: req(2, text(64)),
    }),
  ],
  /** Push: the relay is going down; requests in flight are finished, new ones refused. Come back after. */
  draining: [53, struct({ retryAfter: req(0, uint()) })],
})
export type RelayMessage = TypeOf<typeof relayMessageCodec>

/** WebSocket close codes, beside the standard ones (1009: a frame too large, 1012: going down). */
export const CLOSE_CODES = {
  /** A frame that isn't a message of the table, or a text frame. */
  malformed: 4400,
  /** The handshake failed or took too long. */
  unauthenticated: 4401,
  /** A cap of connections or a sustained rate was exceeded. */
  limit: 4429,
} as const
