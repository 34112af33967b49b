import { equal, toBase32, u32be, u64be } from '../../../shared/bytes.js'
import { decode, encode } from '../../../shared/codec.js'
import { hash } from '../../../shared/crypto/hash.js'
import { CofferError } from '../../../shared/errors.js'
import { bytesOf, type ChangesetHash, type VaultId } from '../../../shared/ids.js'
import { LIMITS } from '../../../shared/limits.js'
import {
  changeIdOf,
  checkStanding,
  signedHeader,
  type Header,
} from '../../../shared/log/changeset.js'
import { checkItem, decodeEntry, itemCodec } from '../../../shared/log/entry.js'
import { signedLink } from '../../../shared/log/link.js'
import { headOf, type Membership } from '../../../shared/log/membership.js'
import type { Signed } from '../../../shared/log/signed.js'
import { applyLink, openChain } from '../../../shared/log/validate.js'
import { checkWraps } from '../../../shared/log/wraps.js'
import { commitmentOf } from '../crypto/epoch.js'
import type { Chain } from './chain.js'
import { checkArrived } from './arrival.js'
import { gone, storedHeader } from './entries.js'
import { nodeOf, type Graph, type Node } from './graph.js'
import type { Opening } from './opening.js'
import { changeRecordCodec, metaCodec, type LogCursor, type Meta, type Reader } from './records.js'

/** The vault as it is in use. */
type InUse = {
  readonly vaultId: VaultId
  readonly chain: Chain
  readonly graph: Graph
  readonly cursor: LogCursor
  readonly opening: Opening
}

/** What was checked of a vault. */
export type Verified = {
  readonly links: number
  readonly changesets: number
  readonly items: number
  /** Items that this device has no key for, or not for their values: their hashes hold, they weren't opened. */
  readonly unopened: number
  readonly pos: number
  readonly fingerprint: string
}

function refuse(reason: string, what: string): never {
  throw new CofferError('tampering', what, { reason })
}

/**
 * What two people compare: equal exactly where they hold the same links and have read the same log to the same place.
 * 80 bits, `xxxx-xxxx-xxxx-xxxx` (SPEC section 9).
 */
export function vaultFingerprint(m: Membership, { generation, pos, logHash }: LogCursor): string {
  const { n, hash: link } = headOf(m)
  const place = [u64be(n), bytesOf(link), u64be(generation), u64be(pos), bytesOf(logHash)]
  const sum = hash('vault-fingerprint', bytesOf(m.vaultId), ...place)
  return toBase32(sum.subarray(0, 10)).replace(/(.{4})(?=.)/g, '$1-')
}

/** Says of what a check failed; anything that isn't a failed check is thrown on. */
function named(what: string, error: unknown): unknown {
  if (!(error instanceof CofferError)) return error
  const { code, reason = code, message } = error
  if (code === 'storage' && reason !== 'corrupt') return error
  return new CofferError('tampering', `${what}: ${message}`, {
    reason,
    next: 'run coffer doctor; compare coffer alarms on your other devices',
  })
}

/**
 * Checks all over again, from what is on this disk, whatever was believed when it came: the chain from its genesis, the
 * keys, each changeset's signature and standing, each item's hashes and that it opens, the place in the log.
 */
export class Verification {
  readonly #reader: Reader
  readonly #inUse: InUse
  /** What is here now; what comes meanwhile isn't checked. */
  readonly #length: number
  readonly #nodes: readonly (readonly [ChangesetHash, Node])[]
  readonly #cursor: LogCursor
  #items = 0
  #unopened = 0

  constructor(reader: Reader, inUse: InUse) {
    this.#reader = reader
    this.#inUse = inUse
    this.#length = inUse.chain.known().hashes.length
    this.#nodes = [...inUse.graph.nodes]
    this.#cursor = inUse.cursor
  }

  /** Links and changesets to check: as many steps. */
  get total(): number {
    return this.#length + this.#nodes.length
  }

  /**
   * One check a step, so that others get their turn in between.
   * @throws CofferError `tampering`, naming the first thing that fails; `storage`
   */
  *steps(): Generator<void, Verified> {
    const m = yield* this.#chain()
    try {
      this.#checkKeys(m)
      this.#checkLog()
    } catch (error) {
      throw named('the vault', error)
    }
    for (const [id, node] of this.#nodes) {
      try {
        this.#checkChangeset(m, id, node)
      } catch (error) {
        throw named(`changeset ${node.seq} of device ${node.device.slice(0, 12)}`, error)
      }
      yield
    }
    return {
      links: this.#length,
      changesets: this.#nodes.length,
      items: this.#items,
      unopened: this.#unopened,
      pos: this.#cursor.pos,
      fingerprint: vaultFingerprint(m, this.#cursor),
    }
  }

  *#chain(): Generator<void, Membership> {
    let m: Membership | undefined
    for (let n = 0; n < this.#length; n++) {
      try {
        m = this.#link(n, m)
      } catch (error) {
        throw named(`link ${n}`, error)
      }
      yield
    }
    return m ?? gone()
  }

  #link(n: number, before: Membership | undefined): Membership {
    const entry = decodeEntry(this.#reader.get('link', u32be(n)) ?? gone())
    if (entry.kind !== 'link') return gone()
    const { signed, wraps } = entry.body
    const m = before ?? openChain(signed)
    if (before !== undefined) applyLink(before, signed)
    else if (m.vaultId !== this.#inUse.vaultId) refuse('fake-genesis', 'it is of another vault')
    checkWraps(m, signedLink.read(signed), wraps)
    if (m.hashes[n] !== this.#inUse.chain.known().hashes[n])
      refuse('fork', 'another link is in use')
    return m
  }

  #checkKeys(m: Membership): void {
    for (const [epoch, key] of this.#inUse.chain.keys) {
      const start = m.epochs[epoch - 1]?.start
      const stored = this.#reader.get('epochKey', u32be(epoch))
      const holds = start !== undefined && equal(commitmentOf(key), start.commitment)
      if (!holds || stored === undefined || !equal(stored, key))
        refuse(
          'key-commitment',
          `the key of epoch ${epoch} is not the one that members committed to`,
        )
    }
  }

  /** The running hash is kept at each place that was read, and ends where the cursor says. */
  #checkLog(): void {
    const { pos, logHash } = this.#cursor
    // Who went on from a snapshot never read what is before it.
    const first = this.#inUse.graph.base?.pos ?? 1
    for (let at = first; at < pos; at++)
      if (this.#reader.get('log', u64be(at)) === undefined) gone()
    const last = pos === 0 ? undefined : (this.#reader.get('log', u64be(pos)) ?? gone())
    if (last !== undefined && !equal(last, bytesOf(logHash)))
      refuse('two-logs', `the log's hash at ${pos} is not the cursor's`)
  }

  #checkChangeset(m: Membership, id: ChangesetHash, node: Node): void {
    const { chain, graph } = this.#inUse
    const signed: Signed = storedHeader(this.#reader, id)
    const header = signedHeader.read(signed)
    const { refs, device, seq, memberN } = nodeOf(header, node.met)
    if (signedHeader.id(signed) !== id) refuse('bad-hash', 'it is another than the one in use')
    const same = device === node.device && seq === node.seq && memberN === node.memberN
    if (!same || refs.join() !== node.refs.join())
      refuse('bad-graph', 'it stands elsewhere than its header says')
    checkStanding(m, signed, header)
    checkArrived({ chain, graph }, { signed, header, checked: true, kept: node.kept })
    for (const index of header.items.keys()) this.#checkOne(id, header, index)
  }

  #checkOne(id: ChangesetHash, header: Header, index: number): void {
    const record = this.#reader.get('item', bytesOf(changeIdOf(id, index))) ?? gone()
    const item = decode(itemCodec, record, 'a stored item', LIMITS.frame)
    const of = header.items[index] ?? gone()
    checkItem(of, item)
    this.#items++
    const at = { header, index, one: of, item }
    const { opening } = this.#inUse
    const meta = opening.meta(at)
    if (meta !== undefined) this.#checkShown(id, header, index, meta)
    const value = opening.value(at)
    if (value !== undefined && value.length !== meta?.size)
      refuse('bad-size', 'a value has another size than was signed')
    // It isn't this device's to open, or its value is sealed to others.
    if (meta === undefined || (value === undefined && item.value !== undefined)) this.#unopened++
  }

  #checkShown(id: ChangesetHash, header: Header, index: number, meta: Meta): void {
    const stored = this.#reader.get('change', bytesOf(changeIdOf(id, index))) ?? gone()
    const shown = decode(changeRecordCodec, stored, 'a change record', LIMITS.storeValue)
    const { device, place } = shown
    const here = device === header.device && place?.changeset === id && place.index === index
    if (!here || !equal(encode(metaCodec, shown), encode(metaCodec, meta)))
      refuse('bad-item', 'what is shown of it is not what was signed')
  }
}
