// Every cap in one place. Sizes are bytes, times are milliseconds, unless the name says otherwise.

const KiB = 1024
const MiB = 1024 * KiB

export const LIMITS = {
  /** One WebSocket frame between client and relay. */
  frame: 1 * MiB,
  /** One entry of a mailbox; a frame carries it with its envelope. */
  entry: 1 * MiB - 4 * KiB,
  /** A secret's value. */
  value: 512 * KiB,
  /** A secret's name, UTF-8. */
  name: 255,
  /** A note on a version, UTF-8. */
  note: 1 * KiB,
  /** A device or person label, UTF-8. */
  label: 255,
  /** Changes in one transaction. */
  items: 1000,
  /** All of one transaction's values. */
  transaction: 8 * MiB,
  /** Parents of one change. */
  parents: 64,
  /** Dependencies of one changeset. */
  deps: 32,
  /** Links of one vault's membership chain. */
  links: 100_000,
  /** Active devices of one vault. */
  devices: 1000,
  /** Open invites of one vault. */
  invites: 100,
  /** An invite's life. */
  inviteLife: 7 * 24 * 3600 * 1000,
  /** One line of the local protocol (a value is base64 inside JSON). */
  localLine: 16 * MiB,
  /** Items in one chunk entry of a changeset, by size. */
  chunk: 768 * KiB,
  /** Vaults one client may open on one relay connection. */
  vaultsPerConnection: 4096,
  /** A signed head, and a join request, with their signatures. */
  signedHead: 1 * KiB,
  joinRequest: 2 * KiB,
  /** CBOR nesting. */
  depth: 8,
  /** Handshake nonces live this long. */
  handshake: 30_000,
  /** A request that adds a link gives up on the relay after this. */
  linkTimeout: 5_000,
} as const

/** Plaintext sizes that a part is padded to, its 4-byte length prefix included. */
export const PADDING_BUCKETS = [
  256,
  1 * KiB,
  4 * KiB,
  16 * KiB,
  64 * KiB,
  256 * KiB,
  516 * KiB,
] as const
