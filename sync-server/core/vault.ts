import type { Bytes } from '../../shared/bytes.js'
import { CofferError } from '../../shared/errors.js'
import type { DeviceId, EntryId, InviteKey, RelayKey, VaultId } from '../../shared/ids.js'
import { decodeEntry, entryIdOf, type Entry } from '../../shared/log/entry.js'
import {
  Roster,
  headOf,
  linkAt,
  relayOf,
  roleAt,
  type Membership,
} from '../../shared/log/membership.js'
import { signedLink, type Link } from '../../shared/log/link.js'
import { applyLink, openChain } from '../../shared/log/validate.js'
import { checkWraps } from '../../shared/log/wraps.js'
import type { ChainHead } from '../../shared/protocol/relay.js'
import { encodeWriter, takeChangeset, takeMoreItems, type Writer } from './writer.js'

/**
 * What the relay knows of a vault: the fold of its chain, and where each device stands as a writer. Values:
 * an append makes a new one, and the old one stays as it was.
 */
export type VaultState = {
  readonly membership: Membership
  readonly writers: ReadonlyMap<DeviceId, Writer>
}

export type Candidate = { readonly id: EntryId; readonly body: Bytes }

/** What entries make of a vault: the new state, and which links and writers they changed. */
export type Plan = {
  readonly state: VaultState
  /** New links' entry bodies by their number. */
  readonly links: readonly { readonly n: number; readonly body: Bytes }[]
  readonly writers: ReadonlySet<DeviceId>
  /** Invites that the new links closed. */
  readonly closedInvites: readonly InviteKey[]
}

/** An entry with the id that makes it idempotent. */
export function candidate(body: Bytes): Candidate {
  return { id: entryIdOf(body), body }
}

/** A copy whose containers `applyLink` may change. Records are immutable and shared. */
function copyOf(m: Membership): Membership {
  return {
    ...m,
    hashes: [...m.hashes],
    devices: new Roster(m.devices),
    invites: new Map(m.invites),
    epochs: [...m.epochs],
    commitments: new Set(m.commitments),
    relays: [...m.relays],
    checkpoints: [...m.checkpoints],
    voids: new Map(m.voids),
  }
}

export function chainHead(state: VaultState): ChainHead {
  const { n, hash } = headOf(state.membership)
  return { length: n + 1, hash }
}

/** The head of the chain's first `length` links. */
export function headAt({ membership }: VaultState, length: number): ChainHead {
  return { length, hash: linkAt(membership, length - 1) }
}

/** Whether the device is an active member now. */
export function isMember(state: VaultState, device: DeviceId): boolean {
  return roleAt(state.membership, device) !== undefined
}

function linkOf(body: Bytes): Extract<Entry, { kind: 'link' }>['body'] {
  const entry = decodeEntry(body)
  if (entry.kind === 'link') return entry.body
  throw new CofferError('format', 'a chain consists of links', { reason: 'not-a-link' })
}

/**
 * The state of a vault that starts with these link entries, the genesis first.
 * @throws CofferError of the rule that is broken
 */
export function openVault(links: readonly Bytes[]): { vaultId: VaultId; state: VaultState } {
  const [first, ...rest] = links
  if (first === undefined) throw new CofferError('format', 'no genesis', { reason: 'not-a-link' })
  const genesis = linkOf(first)
  const membership = openChain(genesis.signed)
  checkWraps(membership, signedLink.read(genesis.signed), genesis.wraps)
  for (const body of rest) addLink(membership, linkOf(body))
  return { vaultId: membership.vaultId, state: { membership, writers: new Map() } }
}

/** Applies one stored link to a chain that is being loaded. */
export function addStoredLink(membership: Membership, body: Bytes): void {
  applyLink(membership, linkOf(body).signed)
}

function addLink(membership: Membership, entry: Extract<Entry, { kind: 'link' }>['body']): Link {
  const link = signedLink.read(entry.signed)
  const head = headOf(membership)
  if (link.vaultId === membership.vaultId && (link.n !== head.n + 1 || link.prev !== head.hash)) {
    throw new CofferError('relay-refused', 'the chain has another head', { reason: 'chain-moved' })
  }
  applyLink(membership, entry.signed)
  checkWraps(membership, link, entry.wraps)
  return link
}

/**
 * Checks entries that are not in the log yet, in order, and says what they make of the vault. The state is
 * left as it was. Who sends them doesn't count, only who signed: members resend what a relay lost.
 * @param relay this relay's key: content is ordered by the relay that the chain names, and by no other
 * @throws CofferError of the rule that is broken; nothing of the whole list is then accepted
 */
export function planEntries(
  state: VaultState,
  entries: readonly Candidate[],
  relay: RelayKey,
): Plan {
  let membership = state.membership
  const writers = new Map(state.writers)
  const links: { n: number; body: Bytes }[] = []
  const changed = new Set<DeviceId>()
  const before = new Set(openKeys(membership))
  for (const { body } of entries) {
    const entry = decodeEntry(body)
    if (entry.kind === 'link') {
      if (links.length === 0) membership = copyOf(membership)
      links.push({ n: addLink(membership, entry.body).n, body })
      continue
    }
    if (relayOf(membership) !== relay) {
      throw new CofferError('relay-refused', 'the chain names another relay', {
        reason: 'other-relay',
      })
    }
    const [device, writer] =
      entry.kind === 'changeset'
        ? takeChangeset(membership, writers, entry.body.signed, entry.body.items)
        : takeMoreItems(writers, entry.body)
    writers.set(device, writer)
    changed.add(device)
  }
  const now = new Set(openKeys(membership))
  const closedInvites = [...before].filter((key) => !now.has(key))
  return { state: { membership, writers }, links, writers: changed, closedInvites }
}

function openKeys(membership: Membership): InviteKey[] {
  return [...membership.invites.values()]
    .filter((invite) => invite.state === 'open')
    .map((invite) => invite.key)
}

/** The register that a writer's state is kept in. */
export function writerBody(state: VaultState, device: DeviceId): Bytes | undefined {
  const writer = state.writers.get(device)
  return writer && encodeWriter(writer)
}
