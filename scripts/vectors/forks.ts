import { concatAll, type Bytes } from '../../shared/bytes.js'
import { sign } from '../../shared/crypto/sign.js'
import type { LinkHash } from '../../shared/ids.js'
import { encodeEntry } from '../../shared/log/entry.js'
import { mustLeave } from '../../shared/log/fork.js'
import { signedLink, SUITE, VERSION, type Action, type Link } from '../../shared/log/link.js'
import { headOf, type MemberHead, type Membership } from '../../shared/log/membership.js'
import type { Signed } from '../../shared/log/signed.js'
import { applyLink } from '../../shared/log/validate.js'
import { ANN, BOB, PHONE, RELAY, TV, type Chain } from './chain.js'
import { foldTo } from './judge.js'
import { hex, unhex, type Json, type Person } from './people.js'

// Branches of the vectors' chain: all follow its last link, each goes on in its own way, and some say which others are void.

export const FILE = 'forks.json'

/** Links behind the vectors' chain, or behind the first of another branch's. */
export class Branch {
  readonly entries: Bytes[] = []
  readonly membership: Membership
  readonly #time: number

  constructor({ links }: Chain, of: Chain, time: number, parent?: Branch) {
    this.membership = foldTo(of, links.at(-1)?.name ?? '')
    this.#time = time
    if (parent === undefined) return
    for (const { entry, signed } of parent.#made.slice(0, 1)) this.#take(entry, signed)
  }

  readonly #made: { readonly entry: Bytes; readonly signed: Signed }[] = []

  /** The next link, which nobody has judged. */
  next(author: Person, action: Action): Link {
    const { n, hash: prev } = headOf(this.membership)
    const { vaultId } = this.membership
    const time = this.#time + n
    const head = { version: VERSION, suite: SUITE, n: n + 1, author: author.id, time }
    return { ...head, action, vaultId, prev }
  }

  add(author: Person, action: Action): this {
    const signed = signedLink.make(this.next(author, action), author.sign.privateKey)
    this.#take(entryOf(signed), signed)
    return this
  }

  #take(entry: Bytes, signed: Signed): void {
    applyLink(this.membership, signed)
    this.entries.push(entry)
    this.#made.push({ entry, signed })
  }

  /** The place of its link n. */
  at(n: number): MemberHead {
    const hash = this.membership.hashes[n]
    if (hash === undefined) throw new TypeError(`no link ${n}`)
    return { n, hash }
  }
}

const entryOf = (signed: Signed): Bytes => encodeEntry({ kind: 'link', body: { signed } })
const relay: Action = { kind: 'relay', body: { relay: RELAY } }
const end = (...voids: readonly MemberHead[]): Action => ({ kind: 'end-fork', body: { voids } })
const ordered = (...heads: readonly MemberHead[]): MemberHead[] =>
  heads.toSorted((a, b) => a.n - b.n || (a.hash < b.hash ? -1 : 1))

export type Branches = {
  readonly all: readonly (readonly [name: string, branch: Branch])[]
  /** The first n at which they differ. */
  readonly n: number
}

export function makeBranches(chain: Chain): Branches {
  const n = headOf(chain.membership).n + 1
  const from = (time: number, parent?: Branch): Branch =>
    new Branch(chain, chain, 1_700_000_100_000 + time * 1000, parent)
  const open = from(1).add(PHONE, relay).add(ANN, relay)
  const lone = from(2).add(PHONE, relay)
  const first = from(3).add(ANN, relay)
  const goesOn = from(3)
    .add(ANN, relay)
    .add(ANN, end(...ordered(open.at(n), lone.at(n))))
  const sibling = from(4, first).add(PHONE, relay)
  const left = from(5).add(ANN, relay)
  const right = from(6).add(PHONE, relay)
  const [l, r] = [left.at(n), right.at(n)]
  const promoted: Action = {
    kind: 'change-role',
    body: { userId: BOB.userId, role: 'owner', cuts: [] },
  }
  return {
    n,
    all: [
      ['nobody has ended it', open],
      ['one link', lone],
      ['goes on', goesOn],
      ['parts from that behind its first link', sibling],
      ['ended, and void by another', left.add(ANN, end(r))],
      ['void by that, and ended', right.add(PHONE, end(l))],
      [
        'ended by an owner of its own',
        from(7)
          .add(ANN, promoted)
          .add(BOB, end(open.at(n))),
      ],
    ],
  }
}

/** The last n up to which both have the same links. */
export function partingOf(a: Membership, b: Membership): number {
  return a.hashes.findIndex((hash, n) => b.hashes[n] !== hash) - 1
}

export function forksJson(chain: Chain): Json {
  const { all, n } = makeBranches(chain)
  const pairs = all.flatMap((own) => all.filter((one) => one !== own).map((other) => [own, other]))
  return {
    branches: all.map(([name, { entries, membership }]) => ({
      name,
      links: entries.map(hex),
      voids: [...membership.voids].map(([hash, { from, by }]) => ({ hash, from, by })),
    })),
    leaves: pairs.flatMap(([own, other]) => {
      if (own === undefined || other === undefined) return []
      const [a, b] = [own[1].membership, other[1].membership]
      const base = partingOf(a, b)
      return [{ own: own[0], other: other[0], base, leaves: mustLeave(a, b, base) }]
    }),
    refused: refusedEnds(chain, n),
  }
}

export type RefusedEnd = {
  readonly name: string
  /** The branch behind which it comes. */
  readonly after: string
  readonly entry: string
  readonly refused: string
}

/** Ends of forks that don't count. */
export function refusedEnds(chain: Chain, n: number): RefusedEnd[] {
  const { all } = makeBranches(chain)
  const [[after, open] = [], [, lone] = [], [, goesOn] = []] = all
  if (after === undefined || open === undefined) throw new TypeError('no branch')
  if (lone === undefined || goesOn === undefined) throw new TypeError('no branch')
  const voids = ordered(lone.at(n), goesOn.at(n))
  const head = headOf(open.membership).n
  const one = (name: string, refused: string, by: Person, heads: readonly MemberHead[]) => {
    const signed = signedLink.make(open.next(by, end(...heads)), by.sign.privateKey)
    return { name, after, entry: hex(entryOf(signed)), refused }
  }
  const at = (place: number, hash: LinkHash): MemberHead => ({ n: place, hash })
  const other = lone.at(n).hash
  const forked = 'tampering/bad-fork'
  return [
    one('by a writer', 'tampering/not-authorised', BOB, voids),
    one('by a viewer', 'tampering/not-authorised', TV, voids),
    one('that names a link of its own chain', forked, ANN, [open.at(n)]),
    one('that names the link before it', forked, ANN, [open.at(head)]),
    one('with its own chain beside another', forked, ANN, ordered(open.at(n), lone.at(n))),
    one('that names another beginning', forked, ANN, [at(0, other)]),
    one('that names a link past the head', forked, ANN, [at(head + 1, other)]),
    one('out of order', forked, ANN, voids.toReversed()),
    one('that names a link twice', forked, ANN, [lone.at(n), lone.at(n)]),
    ...[0, 17].map((count) => ({
      name: `that names ${count} links`,
      after,
      entry: hex(entryOf(listing(open, lone.at(n), count))),
      refused: 'format/malformed',
    })),
  ]
}

/** An end of so many links, as no encoder makes one: of none, or of more than 16. */
function listing(branch: Branch, void_: MemberHead, count: number): Signed {
  const { body } = signedLink.make(branch.next(ANN, end(void_)), ANN.sign.privateKey)
  // {0: n, 1: hash[32]}, in a list of one: the n of the vectors' chain is one byte.
  const item = `a200${hex(Uint8Array.of(void_.n))}015820${void_.hash}`
  const [before, behind, ...rest] = hex(body).split(`81${item}`)
  if (before === undefined || behind === undefined || rest.length > 0)
    throw new TypeError('no list')
  const list = hex(Uint8Array.of(0x80 + count)).concat(item.repeat(count))
  const bytes = concatAll([before, list, behind].map(unhex))
  return { body: bytes, signature: sign('link', bytes, ANN.sign.privateKey) }
}
