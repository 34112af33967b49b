import { fromHex, toHex, type Bytes } from './bytes.js'

declare const brand: unique symbol
type Id<Name extends string> = string & { readonly [brand]: Name }

// Ids are lower-case hex in memory (usable as map keys) and raw bytes on the wire and on disk.

/** BLAKE2b-256 of a vault's genesis link body. */
export type VaultId = Id<'vault'>
/** BLAKE2b-256 over a device's two public keys. */
export type DeviceId = Id<'device'>
/** 16 random bytes that name a person across vaults; the label is encrypted. */
export type UserId = Id<'user'>
/** BLAKE2b-256 of a signed link's body. */
export type LinkHash = Id<'link'>
/** BLAKE2b-256 of a signed changeset header's body. */
export type ChangesetHash = Id<'changeset'>
/** BLAKE2b-256 over changeset hash and index: one secret's put or delete. */
export type ChangeId = Id<'change'>
/** What ties an item's box to its key (SPEC section 6). */
export type Commitment = Id<'commitment'>
/** BLAKE2b-256 of a mailbox entry's bytes. */
export type EntryId = Id<'entry'>
/** Running hash over a mailbox's entry ids. */
export type LogHash = Id<'log'>
/** BLAKE2b-256 of a signed snapshot's body. */
export type SnapshotHash = Id<'snapshot'>
/** BLAKE2b-256 of a signed bundle's body. */
export type BundleHash = Id<'bundle'>
/** Ed25519 public key of a relay. */
export type RelayKey = Id<'relay'>
/** Ed25519 public key of an invite. */
export type InviteKey = Id<'invite'>

/** Hex id of raw bytes. The length is the codec's concern. */
export function idOf<T extends Id<string>>(bytes: Bytes): T {
  return toHex(bytes) as T
}

/** Raw bytes of an id. */
export function bytesOf(id: Id<string>): Bytes {
  const bytes = fromHex(id)
  if (bytes === undefined) throw new TypeError('an id is not lower-case hex')
  return bytes
}

/** Any of the ids above. */
export type AnyId = Id<string>
