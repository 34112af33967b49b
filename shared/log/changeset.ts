import { concat, u32be, u64be } from '../bytes.js'
import { fixed, id, list, oneOf, opt, req, struct, uint, type TypeOf } from '../codec.js'
import { hash } from '../crypto/hash.js'
import { CofferError } from '../errors.js'
import {
  bytesOf,
  idOf,
  type ChangeId,
  type ChangesetHash,
  type DeviceId,
  type VaultId,
} from '../ids.js'
import { LIMITS } from '../limits.js'
import { memberHeadCodec, SUITE, VERSION } from './link.js'
import { epochAt, linkAt, roleAt, type Membership } from './membership.js'
import { checkReaderForm, checkReaders, invalid } from './readers.js'
import { RIGHTS } from './roles.js'
import { SignedKind, type Signed } from './signed.js'

/** One device's place in the history: its changeset `seq` and that changeset's hash. */
export const deviceHeadCodec = struct({
  device: req(0, id<DeviceId>()),
  seq: req(1, uint()),
  hash: req(2, id<ChangesetHash>()),
})
export type DeviceHead = TypeOf<typeof deviceHeadCodec>

/**
 * How an item's keys came to be, where they don't derive from the epoch's: `value` has a random key for its value,
 * which only its readers are given; `item` has one for its meta as well, since its author can't read the vault.
 */
export const SEALED = ['value', 'item'] as const

/** What a header says of one item: hashes of the ciphertexts, commitments to the keys, who is given them beside. */
export const itemHeaderCodec = struct({
  meta: req(0, fixed(32)),
  metaCommitment: req(1, fixed(32)),
  /** Both absent in a delete. */
  value: opt(2, fixed(32)),
  valueCommitment: opt(3, fixed(32)),
  /** Places in the header's `readers` of the runners that are given its keys, ascending. */
  readers: opt(4, list(uint(LIMITS.runners - 1), LIMITS.runners, 1)),
  /** Hash of its boxes: present where there are readers, or a box for the epoch. */
  boxes: opt(5, fixed(32)),
  sealed: opt(6, oneOf(SEALED)),
})
export type ItemHeader = TypeOf<typeof itemHeaderCodec>

export const headerCodec = struct({
  version: req(0, uint(255)),
  suite: req(1, uint(255)),
  vaultId: req(2, id<VaultId>()),
  device: req(3, id<DeviceId>()),
  /** From 1, without gaps. */
  seq: req(4, uint()),
  /** The chain as its author knew it; never goes back. */
  memberHead: req(5, memberHeadCodec),
  /** The epoch in force at memberHead. */
  epoch: req(6, uint()),
  /** Heads of the other devices' changesets that this one builds on. */
  deps: req(7, list(deviceHeadCodec, LIMITS.deps)),
  items: req(8, list(itemHeaderCodec, LIMITS.items, 1)),
  /** The device's changeset before; absent at seq 1 only. */
  prev: opt(9, id<ChangesetHash>()),
  /** The runners to which keys of items are boxed, ascending. */
  readers: opt(10, list(id<DeviceId>(), LIMITS.runners, 1)),
})
export type Header = TypeOf<typeof headerCodec>

/** Signed headers of changesets (SPEC section 6). */
export const signedHeader = new SignedKind<Header, ChangesetHash>('changeset', headerCodec)

/** The id of the change at `index` of a changeset. */
export function changeIdOf(changeset: ChangesetHash, index: number): ChangeId {
  return idOf(hash('change', bytesOf(changeset), u32be(index)))
}

/** Where a device stands: what its next changeset must follow. */
export type DeviceTail = {
  readonly seq: number
  readonly hash: ChangesetHash
  readonly memberN: number
}

function refuse(reason: string, what: string): never {
  throw invalid(reason, what)
}

/**
 * Checks that its author may have written a changeset where it stood: version, vault, signature, member head, role,
 * epoch. `m` holds the header's memberHead. Never looks at today's roles.
 * @throws CofferError `tampering` with the rule's name as reason, or `format`
 */
export function checkStanding(m: Membership, signed: Signed, header: Header): void {
  if (header.version !== VERSION || header.suite !== SUITE) {
    throw new CofferError(
      'format',
      'a changeset is of a version or suite that this program lacks',
      {
        reason: 'suite',
        next: 'upgrade coffer on this machine',
      },
    )
  }
  if (header.vaultId !== m.vaultId) refuse('foreign-vault', 'it belongs to another vault')
  const device = m.devices.get(header.device)
  if (device === undefined) return refuse('unknown-author', 'its author is no device of the vault')
  signedHeader.check(signed, device.keys.sign)
  const { n } = header.memberHead
  if (n >= m.hashes.length || linkAt(m, n) !== header.memberHead.hash) {
    refuse('unknown-link', 'it names a link that is not in the chain')
  }
  const role = roleAt(m, header.device, n)
  if (role === undefined || !RIGHTS[role].writes)
    refuse('not-authorised', 'its author may not write')
  if (header.epoch !== epochAt(m, n))
    refuse('wrong-epoch', 'it names an epoch that was not in force')
  checkReaders(m, header, role)
}

/**
 * Checks what a header says of its place among its author's changesets, and its form.
 * @param tail the author's changeset before, undefined for its first
 * @throws CofferError `tampering`
 */
export function checkTurn(header: Header, tail: DeviceTail | undefined): void {
  checkTail(header, tail)
  checkShape(header)
}

/** `checkStanding` and `checkTurn` of a header that nobody has read yet; the deps are the caller's (`checkDeps`). */
export function checkHeader(m: Membership, signed: Signed, tail: DeviceTail | undefined): Header {
  const header = signedHeader.read(signed)
  checkStanding(m, signed, header)
  checkTurn(header, tail)
  return header
}

/**
 * Checks that dependencies, all known, are the changesets that the header takes them for, and that its author knew
 * at least the links that they were written under: whoever builds on a change can't claim not to know its chain.
 * @throws CofferError `tampering`
 */
export function checkDeps(
  header: Header,
  known: (hash: ChangesetHash) => { device: DeviceId; seq: number; memberN: number } | undefined,
): void {
  for (const dep of header.deps) {
    const at = known(dep.hash)
    if (at?.device !== dep.device || at.seq !== dep.seq) {
      refuse('bad-deps', 'a dependency is not the one that it names')
    }
    if (at.memberN > header.memberHead.n) {
      refuse('member-head-back', 'its member head is behind that of a dependency')
    }
  }
}

function checkTail(header: Header, tail: DeviceTail | undefined): void {
  if (header.seq !== (tail?.seq ?? 0) + 1)
    refuse('bad-seq', `its sequence number ${header.seq} is out of turn`)
  if (header.prev !== tail?.hash) refuse('bad-prev', "it doesn't follow its author's last one")
  if (tail !== undefined && header.memberHead.n < tail.memberN)
    refuse('member-head-back', 'its member head goes back')
}

function checkShape(header: Header): void {
  const devices = header.deps.map((dep) => dep.device)
  if (devices.includes(header.device)) refuse('bad-deps', 'it depends on its own author')
  if (devices.some((device, i) => i > 0 && device <= (devices[i - 1] ?? ''))) {
    refuse('bad-deps', 'its dependencies are unordered or doubled')
  }
  for (const item of header.items) {
    if ((item.value === undefined) !== (item.valueCommitment === undefined)) {
      refuse('bad-item', 'an item has half a value')
    }
  }
  checkReaderForm(header)
}

/** What a device's next changeset must follow, once `header` holds. */
export function tailAfter(header: Header, changeset: ChangesetHash): DeviceTail {
  return { seq: header.seq, hash: changeset, memberN: header.memberHead.n }
}

/** Associated data of an item's part (SPEC section 6): where the ciphertext stands, in fixed widths. */
export function partContext(
  at: Pick<Header, 'vaultId' | 'device' | 'seq' | 'epoch'>,
  index: number,
  part: 'meta' | 'value',
): Uint8Array {
  return concat(
    Uint8Array.of(VERSION, SUITE),
    bytesOf(at.vaultId),
    bytesOf(at.device),
    u64be(at.seq),
    u32be(at.epoch),
    u32be(index),
    Uint8Array.of(part === 'meta' ? 0 : 1),
  )
}
