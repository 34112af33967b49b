import { utf8, type Bytes } from '../../shared/bytes.js'
import { encode } from '../../shared/codec.js'
import type { Random } from '../../shared/crypto/random.js'
import { bytesOf, idOf, type ChangeId, type ChangesetHash } from '../../shared/ids.js'
import { LIMITS } from '../../shared/limits.js'
import {
  changeIdOf,
  checkDeps,
  checkHeader,
  signedHeader,
  type DeviceHead,
  type Header,
  type ItemHeader,
} from '../../shared/log/changeset.js'
import { encodeEntry, partHash, type Item } from '../../shared/log/entry.js'
import { SUITE, VERSION } from '../../shared/log/link.js'
import { epochAt } from '../../shared/log/membership.js'
import type { Signed } from '../../shared/log/signed.js'
import { itemKey, sealPart } from '../../daemon/core/crypto/epoch.js'
import { metaCodec, type Meta, type Space } from '../../daemon/core/vault/records.js'
import { seededRandom } from '../../daemon/core/vault/testing/devices.js'
import { ANN, BOB, EPOCH_KEY, type Chain } from './chain.js'
import { hex, type Json, type Person } from './people.js'

// The changesets of the frozen vectors.

const WALL = 1_700_000_100_000

export type NamedChangeset = {
  readonly name: string
  readonly author: Person
  readonly header: Header
  readonly signed: Signed
  readonly hash: ChangesetHash
  readonly plain: readonly { readonly meta: Meta; readonly value: Bytes | undefined }[]
  readonly items: readonly Item[]
  readonly entries: readonly Bytes[]
}

type Write = {
  readonly space?: Space
  readonly name: string
  readonly value?: Bytes
  readonly note?: string
  readonly parents?: readonly ChangeId[]
}

function metaOf(
  { space = 'secret', name, value, note, parents = [] }: Write,
  counter: number,
): Meta {
  const kind = value === undefined ? 'delete' : 'put'
  const base = {
    space,
    name,
    kind,
    wall: WALL,
    counter,
    parents,
    size: value?.length ?? 0,
  } as const
  return note === undefined ? base : { ...base, note }
}

type Base = Omit<Header, 'items'>

function sealItem(
  { random, key }: { random: Random; key: Bytes },
  at: Base,
  index: number,
  { meta, value }: { meta: Meta; value: Bytes | undefined },
): { head: ItemHeader; item: Item } {
  const sealed = sealPart(key, at, index, 'meta', encode(metaCodec, meta), random)
  const head = { meta: partHash(sealed.box), metaCommitment: sealed.commitment }
  if (value === undefined) return { head, item: { meta: sealed.box } }
  const box = sealPart(key, at, index, 'value', value, random)
  return {
    head: { ...head, value: partHash(box.box), valueCommitment: box.commitment },
    item: { meta: sealed.box, value: box.box },
  }
}

export class Builder {
  readonly made: NamedChangeset[] = []
  readonly #chain: Chain
  readonly random: Random
  readonly #keyOf: (epoch: number) => Bytes
  #counter = 0

  /** @param keyOf the key of each epoch */
  constructor(
    chain: Chain,
    chance = 'vectors: history',
    keyOf: (epoch: number) => Bytes = () => EPOCH_KEY,
  ) {
    this.#chain = chain
    this.random = seededRandom(chance)
    this.#keyOf = keyOf
  }

  #latest(author: Person): NamedChangeset | undefined {
    return this.made.findLast((one) => one.author === author)
  }

  head(name: string): DeviceHead {
    const { author, header, hash } = this.get(name)
    return { device: author.id, seq: header.seq, hash }
  }

  get(name: string): NamedChangeset {
    const found = this.made.find((one) => one.name === name)
    if (found === undefined) throw new TypeError(`no ${name}`)
    return found
  }

  change(name: string, index: number): ChangeId {
    return changeIdOf(this.get(name).hash, index)
  }

  /**
   * @param at `inline`: how many items stand in the first entry, the rest in a second one; `after`: what it follows
   * (null: nothing), by default the author's last
   */
  write(
    name: string,
    author: Person,
    at: { n: number; deps?: string[]; inline?: number; after?: string | null },
    writes: readonly Write[],
  ): void {
    const { vaultId, links, membership } = this.#chain
    const { after } = at
    const chosen = typeof after === 'string' ? this.get(after) : this.#latest(author)
    const before = after === null ? undefined : chosen
    const epoch = epochAt(membership, at.n)
    const base: Base = {
      version: VERSION,
      suite: SUITE,
      vaultId,
      device: author.id,
      seq: (before?.header.seq ?? 0) + 1,
      memberHead: { n: at.n, hash: links[at.n]?.hash ?? idOf(new Uint8Array(32)) },
      epoch,
      deps: (at.deps ?? []).map((dep) => this.head(dep)),
      ...(before === undefined ? {} : { prev: before.hash }),
    }
    const plain = writes.map((one) => ({ meta: metaOf(one, this.#counter++), value: one.value }))
    const how = { random: this.random, key: this.#keyOf(epoch) }
    const sealed = plain.map((one, index) => sealItem(how, base, index, one))
    const header: Header = { ...base, items: sealed.map((one) => one.head) }
    const signed = signedHeader.make(header, author.sign.privateKey)
    const hash = signedHeader.id(signed)
    const tail = before && {
      seq: before.header.seq,
      hash: before.hash,
      memberN: before.header.memberHead.n,
    }
    checkHeader(membership, signed, tail)
    checkDeps(header, (dep) => {
      const found = this.made.find((one) => one.hash === dep)
      return (
        found && {
          device: found.author.id,
          seq: found.header.seq,
          memberN: found.header.memberHead.n,
        }
      )
    })
    const items = sealed.map((one) => one.item)
    const entries = entriesOf(signed, hash, items, at.inline)
    this.made.push({ name, author, header, signed, hash, plain, items, entries })
  }
}

/** A changeset's entries: `first` of its items stand in the first one, by default all. */
function entriesOf(
  signed: Signed,
  changeset: ChangesetHash,
  items: readonly Item[],
  first = items.length,
): Bytes[] {
  const body = { signed, items: items.slice(0, first) }
  const entries = [encodeEntry({ kind: 'changeset', body })]
  const rest = items.slice(first)
  if (rest.length > 0)
    entries.push(encodeEntry({ kind: 'items', body: { changeset, first, items: rest } }))
  return entries
}

export function makeHistory(chain: Chain): Builder {
  const builder = new Builder(chain)
  builder.write('put', ANN, { n: 5 }, [
    { name: 'GITHUB_TOKEN', value: utf8('hunter2'), note: 'from the old vault' },
  ])
  const token = builder.change('put', 0)
  builder.write('delete', BOB, { n: 5, deps: ['put'] }, [
    { name: 'GITHUB_TOKEN', parents: [token] },
  ])
  builder.write('three', ANN, { n: 7, deps: ['delete'], inline: 1 }, [
    { name: 'db/password', value: new Uint8Array(252).fill(0x61) },
    { name: 'db/user', value: new Uint8Array(253).fill(0x62) },
    { name: 'leer ∅', value: new Uint8Array(0) },
  ])
  builder.write('sibling', BOB, { n: 7 }, [{ name: 'db/password', value: utf8('other\n') }])
  return builder
}

function metaJson({ note, ...meta }: Meta): Json {
  return { ...meta, note: note ?? null }
}

export function changesetJson(one: NamedChangeset): Json {
  const { name, author, header, signed, hash, plain, entries } = one
  const items = plain.map(({ meta, value }, index) => {
    const text = value === undefined ? null : hex(value)
    return { id: changeIdOf(hash, index), meta: metaJson(meta), value: text }
  })
  return {
    name,
    author: author.name,
    seq: header.seq,
    body: hex(signed.body),
    hash,
    entries: entries.map(hex),
    items,
  }
}

/** The largest value: too long to print, so its plaintext is a rule and its ciphertext a hash. */
function largest(chain: Chain, random: Random): Json {
  const value = Uint8Array.from({ length: LIMITS.value }, (_, i) => (i * 7 + (i >> 8)) & 255)
  const at = { vaultId: chain.vaultId, device: ANN.id, seq: 9, epoch: 1 }
  const { box, commitment } = sealPart(EPOCH_KEY, at, 2, 'value', value, random)
  return {
    rule: 'byte i is (7 i + floor(i / 256)) mod 256',
    length: value.length,
    seq: at.seq,
    device: at.device,
    epoch: 1,
    index: 2,
    nonce: hex(box.slice(0, 24)),
    boxLength: box.length,
    partHash: hex(partHash(box)),
    commitment: hex(commitment),
    itemKey: hex(itemKey(EPOCH_KEY, at, 2, 'value')),
  }
}

export function historyJson(chain: Chain, builder: Builder): Json {
  return {
    vaultId: hex(bytesOf(chain.vaultId)),
    changesets: builder.made.map(changesetJson),
    largest: largest(chain, builder.random),
  }
}
