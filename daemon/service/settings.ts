import {
  bytes,
  decode,
  encode,
  id,
  list,
  opt,
  req,
  struct,
  text,
  uint,
  type TypeOf,
} from '../../shared/codec.js'
import type { Random } from '../../shared/crypto/random.js'
import { CofferError } from '../../shared/errors.js'
import type { RelayKey, VaultId } from '../../shared/ids.js'
import { LIMITS } from '../../shared/limits.js'
import { Secret } from '../../shared/redacted.js'
import { openLocal, sealLocal, type LocalKeys } from '../core/crypto/passphrase.js'
import { readPrivate, writeAtomic } from '../home/files.js'
import type { Home } from '../home/home.js'

// `settings` (SPEC section 4): what this home remembers beside its keys, sealed under the device-store key: names of
// orgs, relays and codes don't stand on the disk in the clear.

/** A relay as `relay set` named it. */
const relayCodec = struct({
  url: req(0, text(LIMITS.relayUrl)),
  key: req(1, id<RelayKey>()),
  /** PEM text of certificates trusted beside the system's. */
  ca: opt(2, text(LIMITS.configFile)),
  /** What a relay with registration by token asks for when a vault is made. */
  registration: opt(3, text(LIMITS.registrationToken)),
})
export type RelaySettings = TypeOf<typeof relayCodec>

const joinCodec = struct({
  /** The invite code as given, in its one form. */
  code: req(0, text(1024)),
  /** The request's bytes, as they are put at the relay each time. */
  request: req(1, bytes(LIMITS.joinRequest)),
  fingerprint: req(2, text(19)),
  /** Milliseconds since 1970 after which the invite is no good. */
  expires: req(3, uint()),
})
export type PendingJoin = TypeOf<typeof joinCodec>

/** Which project a name meant when it was used first (SPEC section 13). */
const pinCodec = struct({
  org: req(0, id<VaultId>()),
  name: req(1, text(LIMITS.name + 8)),
  project: req(2, id<VaultId>()),
})

/** A `.coffer.yaml` that `allow` let map secrets, as it was then (SPEC section 12). */
const allowedCodec = struct({
  path: req(0, text(LIMITS.path)),
  digest: req(1, bytes(32)),
})

const peopleCodec = struct({
  /** Orgs that this person waits to be let into. */
  joins: req(0, list(joinCodec, LIMITS.orgJoins)),
  /** The oldest first. */
  pins: req(1, list(pinCodec, LIMITS.pins)),
})

const settingsCodec = struct({
  version: req(0, uint(255)),
  /** This person's own vault. */
  vault: req(1, id<VaultId>()),
  relay: opt(2, relayCodec),
  /** What `select` chose. */
  org: opt(3, id<VaultId>()),
  project: opt(4, id<VaultId>()),
  /** Present until this device has been let in. */
  join: opt(5, joinCodec),
  /** Vaults whose history has not come once as a whole: a name missing there isn't missing yet. */
  loading: req(6, list(id<VaultId>(), LIMITS.vaultsPerConnection)),
  /** What is remembered of other people's orgs. */
  people: opt(10, peopleCodec),
  /** Files that were allowed, the oldest first. */
  allowed: opt(11, list(allowedCodec, LIMITS.allowed)),
})

export type Settings = Omit<TypeOf<typeof settingsCodec>, 'version'>

const VERSION = 1
const NO_AAD = new Uint8Array(0)
const MAX_BYTES =
  LIMITS.configFile +
  2 * LIMITS.homeFile +
  40 * LIMITS.vaultsPerConnection +
  4096 * LIMITS.orgJoins +
  400 * LIMITS.pins +
  (LIMITS.path + 64) * LIMITS.allowed

/** Reads and replaces the settings of one open home. */
export class SettingsFile {
  readonly #write: (settings: Settings) => void
  #current: Settings

  private constructor(write: (settings: Settings) => void, current: Settings) {
    this.#write = write
    this.#current = current
  }

  /** Settings that no file keeps: of a device that is here for a moment. */
  static inMemory(first: Settings): SettingsFile {
    return new SettingsFile(() => undefined, first)
  }

  /** Makes the file, replacing what an interrupted `init` left. @throws CofferError `storage`, `home`. */
  static create(home: Home, keys: LocalKeys, random: Random, first: Settings): SettingsFile {
    const write = writer(home, keys, random)
    write(first)
    return new SettingsFile(write, first)
  }

  /** @throws CofferError `home` (reason `no-settings`, `newer`), `cannot-decrypt`, `format`. */
  static open(home: Home, keys: LocalKeys, random: Random): SettingsFile {
    const path = home.file('settings')
    const sealed = readPrivate(path, { maxBytes: MAX_BYTES, uid: home.uid })
    if (sealed === undefined) {
      throw new CofferError('home', `${path} is missing`, {
        reason: 'no-settings',
        next: 'join as a new device from another one: coffer device add',
      })
    }
    const plain = openLocal('settings', keys.deviceStore, NO_AAD, sealed)
    const { version, ...settings } = decode(
      settingsCodec,
      plain.reveal(),
      'the settings file',
      MAX_BYTES,
    )
    plain.wipe()
    if (version !== VERSION) {
      throw new CofferError('home', 'the settings file was made by a newer coffer', {
        reason: 'newer',
        next: 'upgrade coffer on this machine',
      })
    }
    return new SettingsFile(writer(home, keys, random), settings)
  }

  get current(): Settings {
    return this.#current
  }

  /**
   * Replaces the named fields; `undefined` takes one out. Durable when it returns.
   * @throws CofferError `storage`; the settings are then as before.
   */
  update(change: { readonly [K in keyof Settings]?: Settings[K] | undefined }): void {
    const merged = { ...this.#current, ...change }
    const { vault = this.#current.vault, loading = [], ...rest } = merged
    const { relay, org, project, join, people, allowed } = rest
    const next: Settings = {
      vault,
      loading,
      ...(relay === undefined ? {} : { relay }),
      ...(org === undefined ? {} : { org }),
      ...(project === undefined ? {} : { project }),
      ...(join === undefined ? {} : { join }),
      ...(people === undefined ? {} : { people }),
      ...(allowed === undefined ? {} : { allowed }),
    }
    this.#write(next)
    this.#current = next
  }
}

function writer(home: Home, keys: LocalKeys, random: Random): (settings: Settings) => void {
  return (settings) => {
    const plain = new Secret(encode(settingsCodec, { version: VERSION, ...settings }))
    const sealed = sealLocal('settings', keys.deviceStore, NO_AAD, plain, random)
    plain.wipe()
    writeAtomic(home.file('settings'), sealed)
  }
}
