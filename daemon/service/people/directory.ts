import type { Bytes } from '../../../shared/bytes.js'
import {
  decode,
  encode,
  id,
  oneOf,
  opt,
  req,
  struct,
  text,
  type TypeOf,
} from '../../../shared/codec.js'
import { CofferError } from '../../../shared/errors.js'
import type { RelayKey, VaultId } from '../../../shared/ids.js'
import { LIMITS } from '../../../shared/limits.js'
import { VAULT_KINDS } from '../../../shared/log/link.js'
import type { Current } from '../../core/vault/names.js'
import type { Replica } from '../../core/vault/replica.js'

// The directory (SPEC section 13): the user vault's space `vault` names this person's orgs, an org vault's
// space `vault` its projects. An entry's name is the vault's id in hex, its value this record.

/** The space of a vault in which its directory stands. */
export const DIRECTORY_SPACE = 'vault'

export const directoryRecordCodec = struct({
  kind: req(0, oneOf(VAULT_KINDS)),
  /** As its maker typed it. */
  title: req(1, text(LIMITS.name)),
  /** Where the vault is, once it has a relay; both or neither. */
  url: opt(2, text(LIMITS.relayUrl)),
  relay: opt(3, id<RelayKey>()),
})
export type DirectoryRecord = TypeOf<typeof directoryRecordCodec>

/** More than a record has with all fields at their limits. */
const MAX_RECORD = 2048

export function encodeRecord(record: DirectoryRecord): Bytes {
  return encode(directoryRecordCodec, record)
}

/** @throws CofferError `format`: not a record, or a relay without its key. */
export function decodeRecord(bytes: Bytes): DirectoryRecord {
  const record = decode(directoryRecordCodec, bytes, 'a directory entry', MAX_RECORD)
  if ((record.url === undefined) !== (record.relay === undefined)) {
    throw new CofferError('format', 'a directory entry names half a relay', { reason: 'malformed' })
  }
  return record
}

/** Whether an entry's name can be a vault's id. */
export function isVaultId(name: string): name is VaultId {
  return /^[0-9a-f]{64}$/.test(name)
}

/** One vault of a directory, under the name that it is shown by. */
export type Listed = DirectoryRecord & { readonly vaultId: VaultId; readonly name: string }

/**
 * The vaults of one kind, in the order of their shown names. Of those with one title, made apart, the least vault id is
 * shown as TITLE, the next ones as TITLE~2, TITLE~3: on each device alike. Titles are made without a `~N` at their
 * end; one that has it all the same (from a device that broke the rule) never takes another's shown name.
 */
export function listed(
  entries: Iterable<readonly [VaultId, DirectoryRecord]>,
  kind: DirectoryRecord['kind'],
): Listed[] {
  const sorted = [...entries]
    .filter(([, record]) => record.kind === kind)
    .toSorted(
      ([a, x], [b, y]) => Number(isTilded(x.title)) - Number(isTilded(y.title)) || (a < b ? -1 : 1),
    )
  const taken = new Set<string>()
  const out = sorted.map(([vaultId, record]) => {
    let name = record.title
    for (let n = 2; taken.has(name); n++) name = `${record.title}~${n}`
    taken.add(name)
    return { ...record, vaultId, name }
  })
  return out.toSorted((a, b) => (a.name < b.name ? -1 : 1))
}

function isTilded(title: string): boolean {
  return /~[0-9]+$/.test(title)
}

/** The readable entries of one vault's directory, kept until it changes. */
export class Directory {
  readonly #onError: (error: unknown) => void
  #entries: ReadonlyMap<VaultId, DirectoryRecord> | undefined

  constructor(onError: (error: unknown) => void) {
    this.#onError = onError
  }

  /** To be called when names of the directory's space changed. */
  changed(): void {
    this.#entries = undefined
  }

  /** By vault id. Entries that can't be read are passed over and reported. */
  entries(replica: Replica): ReadonlyMap<VaultId, DirectoryRecord> {
    this.#entries ??= new Map(
      [...replica.live(DIRECTORY_SPACE)].flatMap((one) => this.#read(replica, one)),
    )
    return this.#entries
  }

  #read(replica: Replica, { winner }: Current): [VaultId, DirectoryRecord][] {
    if (!isVaultId(winner.name)) return []
    try {
      return [[winner.name, decodeRecord(replica.value(winner))]]
    } catch (error) {
      this.#onError(error)
      return []
    }
  }
}
