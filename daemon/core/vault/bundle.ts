import { concat, equal, utf8, type Bytes } from '../../../shared/bytes.js'
import {
  bytes,
  decode,
  encode,
  fixed,
  id,
  list,
  req,
  struct,
  uint,
  type TypeOf,
} from '../../../shared/codec.js'
import { domain } from '../../../shared/crypto/hash.js'
import { CofferError } from '../../../shared/errors.js'
import {
  bytesOf,
  type BundleHash,
  type ChangeId,
  type ChangesetHash,
  type DeviceId,
  type VaultId,
} from '../../../shared/ids.js'
import { LIMITS } from '../../../shared/limits.js'
import { memberHeadCodec, VERSION } from '../../../shared/log/link.js'
import { headOf, roleAt } from '../../../shared/log/membership.js'
import { RIGHTS } from '../../../shared/log/roles.js'
import { signedCodec, SignedKind, type Signed } from '../../../shared/log/signed.js'
import { open, openSealed, seal, sealTo } from '../crypto/seal.js'
import type { Chain, Identity } from './chain.js'
import type { Change } from './change.js'
import { grantName } from './grants.js'
import type { Current } from './names.js'
import type { Env, Space } from './records.js'

// A bundle (SPEC section 8): what one runner needs to read its secrets with no relay. The chain and the changesets are in
// it verbatim, so its maker can leave out, never forge; its statement says which of their changes counted.

/** What the maker of a bundle signs. */
const bundleCodec = struct({
  version: req(0, uint(255)),
  vaultId: req(1, id<VaultId>()),
  /** Who made it. */
  device: req(2, id<DeviceId>()),
  /** The chain's head when it was made: the last of its links. */
  memberHead: req(3, memberHeadCodec),
  /** Whose it is. */
  runner: req(4, id<DeviceId>()),
  /** When it was made, and until when it is read, milliseconds since 1970. */
  time: req(5, uint()),
  expires: req(6, uint()),
  /** The changes that count, ascending. */
  changes: req(7, list(id<ChangeId>(), LIMITS.bundleChanges)),
})
export type Bundle = TypeOf<typeof bundleCodec>

/** Signed statements of bundles. */
const signedBundle = new SignedKind<Bundle, BundleHash>('bundle', bundleCodec)

const contentCodec = struct({
  signed: req(0, signedCodec),
  /** Link entries from the genesis on. */
  links: req(1, list(bytes(LIMITS.entry), LIMITS.links)),
  /** The entries of the changesets, each changeset's in order. */
  entries: req(2, list(bytes(LIMITS.entry), LIMITS.listed)),
})

const fileCodec = struct({
  /** The content's key, in a box to the runner. */
  key: req(0, fixed(80)),
  content: req(1, bytes(LIMITS.bundle)),
})

const MAGIC = utf8('coffer-bundle-1\n')

/** The vault that a bundle is made of. */
export type BundledVault = {
  readonly vaultId: VaultId
  readonly chain: Chain
  readonly current: (space: Space, name: string) => Current | undefined
  /** Link entries from the n-th on. */
  readonly chainEntries: (from: number) => readonly Bytes[]
  readonly entriesOf: (hash: ChangesetHash) => readonly Bytes[]
}

export type BundleOrder = {
  readonly runner: DeviceId
  /** The secrets that go in, by name. */
  readonly names: readonly string[]
  /** Milliseconds since 1970. */
  readonly expires: number
}

/**
 * The file of a bundle. Every name's changes must be sealed, sent or not, and boxed to the runner.
 * @throws CofferError `limit` (reason `bundle`) when it would be too large; `storage`
 */
export function makeBundle(
  env: Pick<Env, 'random' | 'now'>,
  identity: Identity,
  vault: BundledVault,
  { runner, names, expires }: BundleOrder,
): Bytes {
  const m = vault.chain.known()
  const to = m.devices.get(runner)
  if (to === undefined) throw new TypeError('a bundle for nobody')
  const changes = [
    ...names.flatMap((name) => vault.current('secret', name)?.siblings ?? []),
    ...(vault.current('setting', grantName(runner))?.siblings ?? []),
  ]
  const statement: Bundle = {
    version: VERSION,
    vaultId: vault.vaultId,
    device: identity.device,
    memberHead: headOf(m),
    runner,
    time: env.now(),
    expires,
    changes: [...new Set(changes.map((change) => change.id))].toSorted(),
  }
  const changesets = new Set(changes.map(changesetOf))
  const content: OpenedBundle = {
    signed: signedBundle.make(statement, identity.sign.privateKey),
    links: vault.chainEntries(0),
    entries: [...changesets].flatMap((hash) => vault.entriesOf(hash)),
  }
  return sealBundle(env, { device: runner, box: to.keys.box }, content)
}

/**
 * The file that brings a content to a runner. Anybody who knows its box key can make one: only what is signed in the
 * content counts. @throws CofferError `limit` (reason `bundle`)
 */
export function sealBundle(
  { random }: Pick<Env, 'random'>,
  to: { readonly device: DeviceId; readonly box: Bytes },
  opened: OpenedBundle,
): Bytes {
  const content = encode(contentCodec, opened)
  if (content.length > LIMITS.bundle - 4096) throw tooLarge()
  const key = random(32)
  const box = { key: sealTo(to.box, key), content: seal(key, aadOf(to.device), content, random) }
  return concat(MAGIC, encode(fileCodec, box))
}

function changesetOf({ place }: Change): ChangesetHash {
  if (place === undefined) throw new TypeError('a draft in a bundle')
  return place.changeset
}

function aadOf(runner: DeviceId): Bytes {
  return concat(domain('bundle-file'), bytesOf(runner))
}

function tooLarge(): CofferError {
  return new CofferError('limit', `a bundle holds at most ${LIMITS.bundle} bytes`, {
    reason: 'bundle',
    next: 'name fewer secrets with --only',
  })
}

/** A bundle that was opened; nothing of it has been checked. */
export type OpenedBundle = TypeOf<typeof contentCodec>

/**
 * Opens a file of a bundle. @throws CofferError `format` (reason `bundle`) for another file; `cannot-decrypt` (reason
 * `not-for-this-runner`) for one of another runner, or changed
 */
export function openBundle({ device, box: pair }: Identity, file: Bytes): OpenedBundle {
  if (!equal(file.subarray(0, MAGIC.length), MAGIC)) throw noBundle()
  const { key: box, content } = decode(
    fileCodec,
    file.subarray(MAGIC.length),
    'a bundle',
    LIMITS.bundle,
  )
  const key = openSealed(pair, box)
  const plain = key && open(key, aadOf(device), content)
  if (plain !== undefined) return decode(contentCodec, plain, 'a bundle', LIMITS.bundle)
  throw new CofferError('cannot-decrypt', 'the bundle is for another runner, or was changed', {
    reason: 'not-for-this-runner',
    next: 'use the token of the runner that it was made for',
  })
}

function noBundle(): CofferError {
  return new CofferError('format', 'the file is no bundle', {
    reason: 'bundle',
    next: 'make one: coffer bundle create --for RUNNER -o FILE',
  })
}

/**
 * What a bundle's maker signed, once its links are in the chain: by a device that reads and writes at the bundle's
 * last link, for this runner.
 * @throws CofferError `tampering` (`bad-signature`, `bad-bundle`), `format`
 */
export function checkStatement(chain: Chain, runner: DeviceId, signed: Signed): Bundle {
  const bundle = signedBundle.read(signed)
  const m = chain.known()
  const maker = m.devices.get(bundle.device)
  if (maker === undefined) throw bad('its maker is no device of the vault')
  signedBundle.check(signed, maker.keys.sign)
  const { n, hash } = headOf(m)
  const role = roleAt(m, maker.id)
  // A sealer writes without reading: it knows no values that it could choose between.
  if (role === undefined || !RIGHTS[role].reads || !RIGHTS[role].writes)
    throw bad('its maker may not read and write in the vault')
  if (bundle.version !== VERSION || bundle.vaultId !== chain.vaultId)
    throw bad('it is of another vault')
  if (bundle.runner !== runner) throw bad('it was made for another runner')
  if (bundle.memberHead.n !== n || bundle.memberHead.hash !== hash)
    throw bad('its links are not those that it was made with')
  return bundle
}

/** A bundle that doesn't hold. */
export function bad(why: string): CofferError {
  return new CofferError('tampering', `the bundle doesn't hold: ${why}`, {
    reason: 'bad-bundle',
    next: 'have a member make another, and bring it by a way that nobody else writes to',
  })
}
