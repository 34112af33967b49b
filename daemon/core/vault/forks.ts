import { bytesOf, idOf, type DeviceId, type LinkHash } from '../../../shared/ids.js'
import { type Bytes } from '../../../shared/bytes.js'
import { decode, encode } from '../../../shared/codec.js'
import { CofferError } from '../../../shared/errors.js'
import { LIMITS } from '../../../shared/limits.js'
import { signedHeader } from '../../../shared/log/changeset.js'
import { deviceIdOf, type DeviceKeys } from '../../../shared/log/device.js'
import { decodeEntry } from '../../../shared/log/entry.js'
import type { Head } from '../../../shared/log/head.js'
import { statementsOf } from '../../../shared/log/joining.js'
import { signedLink, type Link } from '../../../shared/log/link.js'
import { roleAt, type MemberHead } from '../../../shared/log/membership.js'
import { RIGHTS } from '../../../shared/log/roles.js'
import type { Signed } from '../../../shared/log/signed.js'
import { checkTable } from '../../../shared/log/wraps.js'
import type { Alarm } from './alarm.js'
import type { Chain } from './chain.js'
import { forkRecordCodec, type Op, type Row } from './records.js'

/** A link of another branch, as it came. */
export type Other = { readonly link: Link; readonly hash: LinkHash; readonly body: Bytes }

/** What became of a link beside the chain. */
type Aside = {
  readonly ops: Op[]
  readonly alarms: readonly Alarm[]
  readonly foreign: boolean
}

/** Somebody who is in and writes stands on another branch, which begins with this link. */
export type Fork = MemberHead & {
  readonly device: DeviceId
  /** It was said in a signed head, and may be taken back by the next. */
  readonly said: boolean
}

/**
 * Links beside this device's chain (SPEC section 5). A link that lost a race is one, and no fork as long as nobody builds on
 * it; a fork is open once a device that is in and writes has signed something on such a branch. Then reads go on and writes
 * stop, until an owner says which branch is void.
 */
export class Forks {
  readonly #chain: Chain
  readonly others = new Map<LinkHash, Other>()
  readonly #known = new Map<LinkHash, Fork>()
  #bytes = 0

  constructor(chain: Chain) {
    this.#chain = chain
  }

  restore({ table, key, value }: Row): void {
    const hash = idOf<LinkHash>(key)
    if (table === 'other') return this.#keep({ ...linkOf(value), hash, body: value })
    const { said, ...fork } = decode(forkRecordCodec, value, 'a fork record', LIMITS.storeValue)
    this.#known.set(hash, { ...fork, hash, said: said !== undefined })
  }

  #keep(other: Other): void {
    this.others.set(other.hash, other)
    this.#bytes += other.body.length
  }

  /** Whether a branch has a link that ends a fork. */
  get hasEnd(): boolean {
    for (const { link } of this.others.values()) if (link.action.kind === 'end-fork') return true
    return false
  }

  /** Forks that nobody has ended, the first first. */
  get open(): Fork[] {
    const m = this.#chain.membership
    if (m === undefined || this.#known.size === 0) return []
    return [...this.#known.values()]
      .filter(({ n, hash, device }) => {
        const ended = m.voids.has(hash) || m.hashes[n] === hash
        return !ended && roleAt(m, device) !== undefined
      })
      .toSorted((a, b) => a.n - b.n || (a.hash < b.hash ? -1 : 1))
  }

  /**
   * Takes a link that isn't the next one nor a known one, where it stands on another branch. `foreign`: nothing else is to
   * be done with it, since it follows no link of this chain.
   */
  take(body: Bytes, signed: Signed, wraps: Bytes | undefined): Aside {
    try {
      return this.#take(body, signed, wraps) ?? { ops: [], alarms: [], foreign: false }
    } catch (error) {
      // What is wrong with it the chain's own check says.
      if (error instanceof CofferError) return { ops: [], alarms: [], foreign: false }
      throw error
    }
  }

  #take(body: Bytes, signed: Signed, wraps: Bytes | undefined): Aside | undefined {
    const m = this.#chain.membership
    if (m === undefined) return undefined
    const link = signedLink.read(signed)
    const { n, prev, author } = link
    if (link.vaultId !== m.vaultId || n === 0 || prev === undefined) return undefined
    const hash = signedLink.id(signed)
    const before = this.pathTo(prev)
    const parts = m.hashes[n - 1] === prev && n < m.hashes.length && m.hashes[n] !== hash
    if (before === undefined && !parts) return undefined
    const keys = m.devices.get(author)?.keys ?? broughtIn(before ?? [], author)
    if (keys === undefined) return undefined
    signedLink.check(signed, keys.sign)
    checkTable(link, wraps)
    const ops = this.#hold({ link, hash, body })
    if (before === undefined) return { ops, alarms: [], foreign: false }
    // The first alone may have lost a race: only what builds on it tells that somebody follows it.
    ops.push(...this.#note(this.firstOf(hash), author))
    const detail = `link ${n} is on another branch of the chain`
    return { ops, alarms: [{ reason: 'fork', detail }], foreign: true }
  }

  #hold(other: Other): Op[] {
    const full = this.others.size >= LIMITS.otherLinks || this.#bytes >= LIMITS.otherBytes
    if (full || this.others.has(other.hash)) return []
    this.#keep(other)
    return [{ table: 'other', key: bytesOf(other.hash), value: other.body }]
  }

  /** A changeset that doesn't count, where its author signed it on a branch: any bytes, as a relay gives them. */
  takeChangeset(signed: Signed): Op[] {
    try {
      const { memberHead, device } = signedHeader.read(signed)
      const keys = this.#chain.membership?.devices.get(device)?.keys
      const first = this.firstOf(memberHead.hash)
      if (keys === undefined || first === undefined) return []
      return signedHeader.holds(signed, keys.sign) ? this.#note(first, device) : []
    } catch (error) {
      // It is no changeset: what is wrong with it was said already.
      if (error instanceof CofferError) return []
      throw error
    }
  }

  /** What was written on another branch waits for no link. @throws CofferError `tampering` (reason `unknown-link`) */
  checkBranch(signed: Signed): void {
    if (this.others.size === 0) return
    if (!this.others.has(signedHeader.read(signed).memberHead.hash)) return
    throw new CofferError('tampering', 'a changeset was written on another branch of the chain', {
      reason: 'unknown-link',
    })
  }

  /** Another device's head, whose signature holds. */
  takeHead({ memberHead, device }: Head): Op[] {
    const m = this.#chain.membership
    const here = m?.hashes[memberHead.n]
    if (here === memberHead.hash) return this.#unsay(device)
    const first = this.firstOf(memberHead.hash) ?? (here === undefined ? undefined : memberHead)
    return this.#note(first, device, true)
  }

  #unsay(device: DeviceId): Op[] {
    const gone = [...this.#known.values()].filter((one) => one.said && one.device === device)
    return gone.map(({ hash }) => {
      this.#known.delete(hash)
      return { table: 'fork', key: bytesOf(hash), value: undefined }
    })
  }

  #note(first: MemberHead | undefined, device: DeviceId, said = false): Op[] {
    const m = this.#chain.membership
    if (m === undefined || first === undefined) return []
    const role = roleAt(m, device)
    const known = this.#known.get(first.hash)
    const proved = known !== undefined && (said || !known.said)
    if (role === undefined || !RIGHTS[role].writes || proved) return []
    if (known === undefined && this.#known.size >= LIMITS.forks) return []
    this.#known.set(first.hash, { n: first.n, hash: first.hash, device, said })
    return [forkOp(first, device, said)]
  }

  /** The link with which the branch begins that a link of another branch is on. */
  firstOf(hash: LinkHash): MemberHead | undefined {
    const first = this.pathTo(hash)?.[0]
    return first && { n: first.link.n, hash: first.hash }
  }

  /** A branch up to one of its links, from the first that isn't in this chain. */
  pathTo(hash: LinkHash): Other[] | undefined {
    const path: Other[] = []
    let other = this.others.get(hash)
    while (other !== undefined) {
      path.unshift(other)
      other = this.others.get(other.link.prev ?? other.hash)
      if (other !== undefined && path.includes(other)) return undefined
    }
    return path.length === 0 ? undefined : path
  }

  /** The ends of branches, the longest first. */
  tips(): Other[] {
    const followed = new Set([...this.others.values()].map(({ link }) => link.prev))
    return [...this.others.values()]
      .filter(({ hash }) => !followed.has(hash))
      .toSorted((a, b) => b.link.n - a.link.n || (a.hash < b.hash ? -1 : 1))
  }

  /** What this device says of its chain: while a fork is open, its own link in the place where the branches part. */
  headToSay(head: MemberHead): MemberHead {
    const m = this.#chain.membership
    const [first] = this.open
    const hash = first && m?.hashes[first.n]
    return first === undefined || hash === undefined ? head : { n: first.n, hash }
  }
}

/** The record of a fork. */
export function forkOp({ n, hash }: MemberHead, device: DeviceId, said: boolean): Op {
  const value = encode(forkRecordCodec, said ? { n, device, said: 1 } : { n, device })
  return { table: 'fork', key: bytesOf(hash), value }
}

/** The keys of a device that a branch lets in. */
function broughtIn(path: readonly Other[], device: DeviceId): DeviceKeys | undefined {
  const all = path.flatMap(({ link: { action } }) => statementsOf(action))
  return all.map(({ keys }) => keys).find((keys) => deviceIdOf(keys) === device)
}

function linkOf(body: Bytes): Pick<Other, 'link'> {
  const entry = decodeEntry(body)
  if (entry.kind !== 'link') throw new TypeError('a record of another branch is no link')
  return { link: signedLink.read(entry.body.signed) }
}
