import { u32be, utf8, type Bytes } from '../../../shared/bytes.js'
import { CofferError } from '../../../shared/errors.js'
import type { DeviceId, LinkHash, UserId, VaultId } from '../../../shared/ids.js'
import type { SignKeyPair } from '../../../shared/crypto/sign.js'
import { decodeEntry, encodeEntry } from '../../../shared/log/entry.js'
import type { DeviceStatement } from '../../../shared/log/device.js'
import {
  decodeWraps,
  signedLink,
  SUITE,
  VERSION,
  type Action,
  type Link,
} from '../../../shared/log/link.js'
import { epochAt, headOf, roleAt, type Membership } from '../../../shared/log/membership.js'
import { RIGHTS, type Role } from '../../../shared/log/roles.js'
import type { Signed } from '../../../shared/log/signed.js'
import { applyLink, openChain } from '../../../shared/log/validate.js'
import { checkTable, checkWraps } from '../../../shared/log/wraps.js'
import { genesisContext, unwrap, vaultContext } from '../crypto/epoch.js'
import type { BoxKeyPair } from '../crypto/seal.js'
import { alarmOf, type Alarm } from './alarm.js'
import { boxesOf, keyBefore, unreached } from './epochs.js'
import type { Op } from './records.js'

/** This device, as its vaults see it. */
export type Identity = {
  readonly device: DeviceId
  readonly userId: UserId
  readonly statement: DeviceStatement
  readonly sign: SignKeyPair
  readonly box: BoxKeyPair
}

type Taken = {
  readonly ops: readonly Op[]
  /** What the link that was added does; undefined when none was. */
  readonly added: Action | undefined
  readonly alarms: readonly Alarm[]
}

const NOTHING: Taken = { ops: [], added: undefined, alarms: [] }

/** A vault's membership chain on this device, and the epoch keys that its links gave to it. */
export class Chain {
  readonly #identity: Identity
  readonly vaultId: VaultId
  readonly keys = new Map<number, Bytes>()
  membership: Membership | undefined
  /** Own link on the present head that the relay hasn't answered; no other may be signed there. */
  #proposed: Bytes | undefined
  /** The newest epoch whose key is known to lead to all others held. */
  #whole: number | undefined

  constructor(identity: Identity, vaultId: VaultId) {
    this.#identity = identity
    this.vaultId = vaultId
  }

  get proposed(): Bytes | undefined {
    return this.#proposed
  }

  /** @throws CofferError `stale` (reason `loading`) before the genesis is known */
  known(): Membership {
    if (this.membership !== undefined) return this.membership
    throw new CofferError('stale', 'the vault is still loading', {
      reason: 'loading',
      next: 'try again when coffer status says ready',
    })
  }

  /** This device's role now; undefined while it isn't in, or no longer. */
  get role(): Role | undefined {
    return this.membership && roleAt(this.membership, this.#identity.device)
  }

  get mayWrite(): boolean {
    return this.role !== undefined && RIGHTS[this.role].writes
  }

  /** Whether this device may change the key: it reads, too. */
  get mayRotate(): boolean {
    return this.mayWrite && this.role !== undefined && RIGHTS[this.role].reads
  }

  /** Restores what the store holds: link entries by n, keys, an own link under way. */
  restore(
    links: readonly Bytes[],
    keys: ReadonlyMap<number, Bytes>,
    proposed: Bytes | undefined,
  ): void {
    for (const body of links) {
      const entry = decodeEntry(body)
      if (entry.kind !== 'link') throw corrupt()
      if (this.membership === undefined) this.membership = openChain(entry.body.signed)
      else applyLink(this.membership, entry.body.signed)
    }
    for (const [epoch, key] of keys) this.keys.set(epoch, key)
    this.#proposed = proposed
  }

  /**
   * Takes one link entry in: applies the next one, passes over known ones, raises an alarm on any other.
   * `body` is the entry's bytes.
   */
  take(body: Bytes, signed: Signed, wraps: Bytes | undefined): Taken {
    try {
      const link = signedLink.read(signed)
      const known = this.membership?.hashes[link.n]
      if (known !== undefined) return this.#again(link, signed, known)
      // A true link with a false table must not take the place of the true pair, which may follow.
      checkTable(link, wraps)
      return this.#apply(body, signed, wraps)
    } catch (error) {
      return { ...NOTHING, alarms: [alarmOf(error, 'link')] }
    }
  }

  /** A link in the place of one that holds: the same again, or, if a member signed it, one branch of a fork. */
  #again(link: Link, signed: Signed, known: LinkHash): Taken {
    if (known === signedLink.id(signed)) return NOTHING
    const { n, author } = link
    if (link.vaultId !== this.vaultId) {
      throw new CofferError('tampering', 'a link belongs to another vault', {
        reason: 'foreign-vault',
      })
    }
    const member = this.known().devices.get(author)
    if (member === undefined) {
      throw new CofferError('tampering', "a link's author is no device of the vault", {
        reason: 'unknown-author',
      })
    }
    signedLink.check(signed, member.keys.sign)
    // Own links that lost a race were sent: whoever shows one again proves nothing against anybody.
    const own = author === this.#identity.device
    const reason = own ? 'withdrawn-link' : 'fork'
    const detail = `link ${n} is another than the one that this device holds`
    return { ...NOTHING, alarms: [{ reason, detail }] }
  }

  #apply(body: Bytes, signed: Signed, wraps: Bytes | undefined): Taken {
    let link: Link
    if (this.membership === undefined) {
      const opened = openChain(signed)
      if (opened.vaultId !== this.vaultId) {
        throw new CofferError('tampering', 'the genesis is of another vault', {
          reason: 'fake-genesis',
        })
      }
      this.membership = opened
      link = signedLink.read(signed)
    } else {
      link = applyLink(this.membership, signed)
    }
    const ops: Op[] = [{ table: 'link', key: u32be(link.n), value: body }]
    if (this.#proposed !== undefined) ops.push(...this.withdraw())
    const alarms: Alarm[] = []
    try {
      this.#takeKeys(this.membership, link, wraps, ops)
    } catch (error) {
      alarms.push(alarmOf(error, 'link'))
    }
    return { ops, added: link.action, alarms }
  }

  /** The epoch keys that a link's wraps give to this device: the one in them, and those that this one opens. */
  #takeKeys(m: Membership, link: Link, wraps: Bytes | undefined, ops: Op[]): void {
    checkWraps(m, link, wraps)
    const { device, box } = this.#identity
    const table = wraps === undefined ? [] : decodeWraps(wraps)
    if (!table.some((wrap) => wrap.device === device)) return
    const epoch = epochAt(m, link.n)
    const start = m.epochs[epoch - 1]?.start
    if (start === undefined) throw corrupt()
    const { action } = link
    const vault =
      action.kind === 'genesis' ? genesisContext(action.body.nonce) : vaultContext(m.vaultId)
    ops.push(this.#keep(epoch, unwrap(table, box, { vault, epoch, device, start })))
    this.#takeHistory(m, epoch, ops)
  }

  #keep(epoch: number, key: Bytes): Op {
    this.keys.set(epoch, key)
    return { table: 'epochKey', key: u32be(epoch), value: key }
  }

  /**
   * The keys of the epochs before, each opened by a later one. A member who held them all along checks the newest step
   * only, and that it leads to all that newcomers will need.
   * @throws CofferError `tampering` (reason `bad-before`, `skipped-epoch`), once all is kept that does open
   */
  #takeHistory(m: Membership, from: number, ops: Op[]): void {
    const failed: unknown[] = []
    const todo = [from]
    for (let epoch = todo.pop(); epoch !== undefined; epoch = todo.pop()) {
      const [start, key] = [m.epochs[epoch - 1]?.start, this.keys.get(epoch)]
      if (start === undefined || key === undefined) continue
      for (const box of boxesOf(start)) {
        try {
          const opened = keyBefore(m, epoch, key, box)
          if (opened === undefined || this.keys.has(box.base)) continue
          ops.push(this.#keep(box.base, opened))
          todo.push(box.base)
        } catch (error) {
          failed.push(error)
        }
      }
    }
    if (failed.length > 0) throw failed[0]
    this.#checkWhole(m, from)
  }

  /** Whether the newest key leads to all that are held; it does when it opens the one before, and that one did. */
  #checkWhole(m: Membership, epoch: number): void {
    const { base } = m.epochs[epoch - 1]?.start ?? {}
    const follows = base === epoch - 1 && this.#whole === base
    if (!follows && unreached(m, this.keys, epoch).length > 0) {
      throw new CofferError('tampering', "an epoch's key leads past ones before it", {
        reason: 'skipped-epoch',
        next: 'have a member with the right to write change the key: coffer project rotate',
      })
    }
    this.#whole = epoch
  }

  /**
   * Signs a link on the present head and remembers it: the caller makes the ops durable before it sends the
   * entry. It takes effect only when it is met (`take`).
   * @throws CofferError `conflict` (reason `link-under-way`) while an own one on this head has no answer
   */
  propose(action: Action, wraps: Bytes | undefined, now: number): { ops: Op[]; entry: Bytes } {
    if (this.#proposed !== undefined) {
      throw new CofferError('conflict', 'another change of members is under way', {
        reason: 'link-under-way',
        next: 'try again in a moment',
      })
    }
    const head = headOf(this.known())
    const link = {
      version: VERSION,
      suite: SUITE,
      n: head.n + 1,
      author: this.#identity.device,
      time: now,
      action,
      vaultId: this.vaultId,
      prev: head.hash,
    }
    const entry = linkEntry(signedLink.make(link, this.#identity.sign.privateKey), wraps)
    this.#proposed = entry
    return { ops: [{ table: 'meta', key: PROPOSED, value: entry }], entry }
  }

  /** Forgets the proposed link: it lost, or it is in. */
  withdraw(): Op[] {
    this.#proposed = undefined
    return [{ table: 'meta', key: PROPOSED, value: undefined }]
  }

  /** The current epoch and its key. @throws CofferError `cannot-decrypt` when this device has none */
  current(): { epoch: number; key: Bytes } {
    const epoch = epochAt(this.known())
    const key = this.keys.get(epoch)
    if (key === undefined) {
      throw new CofferError('cannot-decrypt', 'this device holds no key of the vault', {
        reason: 'no-key',
        next: 'let it in with coffer device confirm on another one, or wait until the vault is loaded',
      })
    }
    return { epoch, key }
  }
}

/** Key of the meta record that keeps the proposed link. */
export const PROPOSED = utf8('proposed')

/** An entry of one signed link and its wraps. */
export function linkEntry(signed: Signed, wraps: Bytes | undefined): Bytes {
  return encodeEntry({ kind: 'link', body: wraps === undefined ? { signed } : { signed, wraps } })
}

function corrupt(): CofferError {
  return new CofferError('storage', "the vault's chain on this disk is damaged", {
    reason: 'corrupt',
    next: 'run coffer doctor --repair',
  })
}

/** Signs the genesis of a new vault, whose body is all that its id depends on. */
export function signGenesis(
  identity: Identity,
  action: Extract<Action, { kind: 'genesis' }>,
  now: number,
): Signed {
  const link = { version: VERSION, suite: SUITE, n: 0, author: identity.device, time: now, action }
  return signedLink.make(link, identity.sign.privateKey)
}
