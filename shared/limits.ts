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
  /** A device or person label, UTF-8 (an encrypted label stays in the smallest bucket). */
  label: 128,
  /** Changes in one transaction. */
  items: 1000,
  /** Values in one answer that reads many: what is past it comes with the next call. */
  page: 8 * MiB,
  /** All of one transaction's values. */
  transaction: 8 * MiB,
  /** A Containerfile that is read for its mounts. */
  buildFile: 1 * MiB,
  /** A template that is filled with secrets. */
  template: 8 * MiB,
  /** The same with its values in their places. */
  filled: 64 * MiB,
  /** A bundle: what a runner reads with no relay; and the changes that it names. */
  bundle: 64 * MiB,
  bundleChanges: 16_384,
  /** Parents of one change. */
  parents: 64,
  /** Dependencies of one changeset. */
  deps: 32,
  /** Branches of a chain that one link ends, and links of others that a device keeps for one vault. */
  forkEnds: 16,
  otherLinks: 1000,
  otherBytes: 8 * MiB,
  /** Forks that a device keeps for one vault. */
  forks: 64,
  /** Ends of other branches that a relay knows of a device which signed a number twice. */
  branches: 16,
  /** Links of one vault's membership chain. */
  links: 100_000,
  /** The last of them are for who manages: nobody else can fill a chain so that nobody can be removed. */
  linksReserve: 1000,
  /** All of a chain's link entries, as a joiner or the loser of a race takes them at once. */
  chain: 48 * MiB,
  /** Active devices of one vault. */
  devices: 1000,
  /** Devices of a member that one link lets in, and heads in the cuts of one link. */
  memberDevices: 32,
  cuts: 1000,
  /** Keys of epochs before that one more holds, beside that of its base. */
  epochBoxes: 16,
  /** Active runners of one vault: then a header that names them all for each of its items fits its entry. */
  runners: 40,
  /** Open invites of one vault. */
  invites: 100,
  /** Orgs that a home waits to be let into, and project names whose vault it remembers. */
  orgJoins: 16,
  pins: 1000,
  /** Files of selection that a home has allowed. */
  allowed: 256,
  /** A relay's URL, and the token that it may ask for where a vault is made. */
  relayUrl: 255,
  registrationToken: 256,
  /** An invite's life. */
  inviteLife: 7 * 24 * 3600 * 1000,
  /** One line of the local protocol (a value is base64 inside JSON). */
  localLine: 16 * MiB,
  /** Changes in one snapshot: their rows fit a frame. A vault with more isn't pruned. */
  snapshotRows: 60_000,
  /** A signed snapshot, and the rows of one of its leaves: as many as a name may have siblings in a frame. */
  signedSnapshot: 128 * KiB,
  leafRows: 512 * KiB,
  /** Entries after a snapshot before which no other is made. */
  snapshotAfter: 64,
  /** Entries between two checkpoints, each of which adds a link for ever: unless told otherwise, least and most. */
  checkpointAfter: 50_000,
  checkpointAfterMin: 64,
  checkpointAfterMax: 10_000_000,
  /** Items in one chunk entry of a changeset, by size. */
  chunk: 768 * KiB,
  /** Vaults one client may open on one relay connection, and requests that it may have in flight. */
  vaultsPerConnection: 4096,
  inFlight: 64,
  /** A relay's connections of one device (the oldest goes), and those that haven't finished their handshake. */
  connectionsPerDevice: 8,
  relayHandshakes: 1000,
  /** A mailbox: an entry or register, a snapshot, what links and registers may use above the quota, waiting writes. */
  mailboxEntry: 1 * MiB,
  mailboxSnapshot: 64 * MiB,
  mailboxReserve: 16 * MiB,
  mailboxQueue: 64 * MiB,
  /** A signed head, and a join request, with their signatures; a join request without them. */
  signedHead: 1 * KiB,
  joinRequest: 2 * KiB,
  joinRequestBody: 1 * KiB,
  /** Grants of runners in one vault of which it is kept that a person was told. */
  grantsTold: 1000,
  /** Entries of one audit: with names at their longest they fit a line of the local protocol. */
  audit: 5000,
  /** A lock file, in UTF-16 units, and the changesets that it names. */
  lockFile: 8 * KiB,
  lockHeads: 32,
  /** An invite code's content. */
  inviteCode: 1 * KiB,
  /** A runner's token: its content, the certificates in it, and as text. A grant lives at most five years. */
  token: 24 * KiB,
  tokenCa: 16 * KiB,
  tokenText: 40 * KiB,
  grantLife: 5 * 366 * 24 * 3600 * 1000,
  /** A runner trusts its relay's log no longer after a member's newest signed head, unless told otherwise. */
  runnerMaxAge: 24 * 3600 * 1000,
  /** An encrypted label in a link, and a link's table of wraps. */
  labelBox: 512,
  wraps: 256 * KiB,
  /** Ciphertexts of one change: its meta, and what its value has beyond the plaintext at most. */
  metaBox: 8 * KiB,
  valueBox: (512 + 8) * KiB,
  /** Bytes of one plain-block request: argv, cwd and a few variables. */
  plainRequest: 1 * MiB,
  /** A launcher gives up on a daemon that says nothing for this long. */
  plainAnswer: 60_000,
  /** An Earthly secret provider gives up after this: Earthly itself would wait for ever. */
  provider: 10_000,
  /** Rows of a listing that names secrets of several vaults. */
  listed: 200_000,
  /** A path that a client names, UTF-8 (Linux PATH_MAX). */
  path: 4096,
  /** A Fluvio connector's configuration. */
  connectorConfig: 64 * KiB,
  /** A reference as typed; a variable that selects; a message or a next step for a person: in UTF-16 units. */
  reference: 2048,
  variable: 4096,
  message: 2048,
  /** Characters of a generated value. */
  generated: 4096,
  /** A socket path that the kernel takes whole; Node 20 silently cuts a longer one. */
  socketPath: 103,
  /** A passphrase, UTF-8. */
  passphrase: 1024,
  /** An OpenPGP key and an OpenPGP message, armored; what a message may hold once it is decrypted and unpacked. */
  pgpKey: 256 * KiB,
  pgpMessage: 1 * MiB,
  pgpText: 512 * KiB,
  /** A backup once it is decrypted, and encrypted; older versions of a secret whose dates it tells. */
  backup: 128 * MiB,
  backupFile: 192 * MiB,
  backupOlder: 100,
  /** Keys that one message is encrypted to, and what one message of secrets holds. */
  pgpKeys: 16,
  pgpSecrets: 4 * MiB,
  /** Argon2id memory in KiB: floor, ceiling, and what `init` takes unless told otherwise. */
  argon2MemoryMin: 64 * 1024,
  argon2MemoryMax: 1024 * 1024,
  argon2Memory: 256 * 1024,
  /** Argon2id passes: ceiling, and what `init` takes. */
  argon2TimeMax: 16,
  argon2Time: 3,
  /** Local files read whole: keystore, device, key file, layout, pointer; configuration apart. */
  homeFile: 16 * KiB,
  configFile: 64 * KiB,
  /** An Earthfile, and how many of them one may lead to. */
  earthfile: 1 * MiB,
  earthfiles: 200,
  /** Connections to the local socket, requests in work on one of them, bytes of half-sent requests over all. */
  localConnections: 512,
  localInflight: 64,
  localPartial: 64 * MiB,
  /** A local request must be whole this long after its first byte (a fresh connection: after the accept). */
  localRequestTime: 20_000,
  /** Unsent bytes at which a subscriber is dropped, and at which no more requests of a connection are read. */
  subscriberQueue: 1 * MiB,
  /** A local peer that takes none of its answer for this long is dropped. */
  localWriteTime: 30_000,
  /** One daemon log file; one older is kept. */
  logFile: 1 * MiB,
  /** From the first try to reach the daemon to giving up. */
  daemonStart: 20_000,
  /** A command that starts the daemon keeps others from starting one for this long. */
  startTurn: 5_000,
  /** A stopping daemon waits this long for requests in work. */
  daemonDrain: 5_000,
  /** A write whose clock is further ahead of ours is flagged and doesn't move our clock. */
  clockAhead: 3600 * 1000,
  /** Changesets of one vault that may wait for something missing, their items (freed, all fit one batch), their bytes. */
  pending: 10_000,
  pendingItems: 20_000,
  pendingBytes: 64 * MiB,
  /** Those among them that wait for a link, which an honest relay orders first; and their bytes. */
  pendingStrange: 16,
  pendingStrangeBytes: 8 * MiB,
  /** Handshake nonces live this long. */
  handshake: 30_000,
  /** A request that adds a link gives up on the relay after this. */
  linkTimeout: 5_000,
  /** A key of the local store. */
  storeKey: 1 * KiB,
  /** A record of the local store, sealing included. */
  storeValue: 2 * MiB,
  /** Steps of one batch of the local store. */
  storeOps: 100_000,
  /** All keys and values of one batch of the local store. */
  storeBatch: 64 * MiB,
  /** Entries of one page read from the local store. */
  storePageEntries: 1000,
  /** Bytes of one page read from the local store, its last entry beyond them. */
  storePage: 4 * MiB,
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
