import { readFileSync } from 'node:fs'
import * as path from 'node:path'
import { utf8, type Bytes } from '../../shared/bytes.js'
import { hash } from '../../shared/crypto/hash.js'
import { idOf } from '../../shared/ids.js'
import { changeIdOf, signedHeader, type Header } from '../../shared/log/changeset.js'
import { encodeEntry } from '../../shared/log/entry.js'
import { formatToken, type Token } from '../../daemon/core/vault/token.js'
import type { TestDevice } from '../../daemon/core/vault/testing/devices.js'
import { changeset, forge, take } from '../../daemon/core/vault/testing/pair.js'
import { Crew, put } from '../../daemon/core/vault/testing/crew.js'
import { openedBy, type Opened } from './sealed-reading.js'
import { FOLDER, hex, type Json } from './people.js'

// Sealed items, readers, grants and tokens. Boxes hold true randomness: what was made once is kept, and read by coffer and
// by check.py alike.

export const FILE = 'sealed.json'

type Actor = { readonly name: string; readonly one: TestDevice }

/** The frozen file; made when there is none. */
export function sealedJson(): Json {
  try {
    const frozen: unknown = JSON.parse(readFileSync(path.join(FOLDER, FILE), 'utf8'))
    if (isJson(frozen)) return frozen
  } catch {
    // There is none yet.
  }
  return make()
}

function isJson(value: unknown): value is Json {
  if (typeof value === 'object' && value !== null) return Object.values(value).every(isJson)
  return value === null || ['string', 'number', 'boolean'].includes(typeof value)
}

export function actorJson({ name, one }: Actor): Json {
  const { device, userId, statement } = one.identity
  const { sign, box } = statement.keys
  const seedOf = (type: string): Bytes => hash(`test-${type}`, utf8(name))
  const seeds = { signSeed: hex(seedOf('sign')), boxSeed: hex(seedOf('box')) }
  return { name, device, userId, sign: hex(sign), box: hex(box), ...seeds }
}

export function openedJson({ changeset: of, index, meta, value }: Opened): Json {
  const { note, ...rest } = meta
  const text = value === undefined ? null : hex(value)
  return { id: changeIdOf(of, index), meta: { ...rest, note: note ?? null }, value: text }
}

function make(): Json {
  const crew = new Crew()
  const [ci, other] = [crew.runner('ci'), crew.runner('other')]
  const sealer = crew.joined('sealer', 'sealer')
  const { owner } = crew
  crew.write(owner, [put('A', 'one'), put('B', 'of members')])
  crew.grant(ci, ['A'], { label: 'ci', org: 'acme', project: 'web' })
  crew.write(owner, [put('A', 'two')])
  crew.write(owner, [put('S', 'sealed', [ci, other]), put('B', 'plain beside it')])
  crew.write(owner, [put('S', 'sealed to nobody', [])])
  crew.write(sealer, [put('A', 'by a sealer', [ci])])
  crew.write(owner, [{ space: 'secret', name: 'A', value: undefined }])
  const actors = [
    { name: 'owner', one: owner },
    { name: 'ci', one: ci },
    { name: 'other', one: other },
    { name: 'sealer', one: sealer },
  ]
  for (const { one } of actors) take(one, crew.log)
  return {
    actors: actors.map(actorJson),
    epochKey: hex(owner.replica.chain.current().key),
    log: crew.log.map(hex),
    opened: Object.fromEntries(
      actors.map(({ name, one }) => [name, openedBy(one, crew.log).map(openedJson)]),
    ),
    refused: refused(crew, ci, other, sealer),
    token: tokenJson(crew, ci, 'ci'),
  }
}

/** The token of the runner that was let in by link 2. */
export function tokenJson({ owner }: Crew, runner: TestDevice, name: string): Json {
  const m = owner.replica.chain.known()
  const n = 2
  const token: Token = {
    url: 'wss://relay.example:8443',
    relay: m.relays[0]?.relay ?? idOf(hash('vector', utf8('relay'))),
    vaultId: m.vaultId,
    memberHead: { n, hash: m.hashes[n] ?? idOf(new Uint8Array(32)) },
    signSeed: hash('test-sign', utf8(name)),
    boxSeed: hash('test-box', utf8(name)),
    userId: runner.identity.userId,
    expires: 1_800_000_000_000,
  }
  const { signSeed, boxSeed, ...rest } = token
  return { ...rest, signSeed: hex(signSeed), boxSeed: hex(boxSeed), text: formatToken(token) }
}

/** Changesets that don't count, each the next of its author: entry, and the rule that it breaks. */
function refused(crew: Crew, ci: TestDevice, other: TestDevice, sealer: TestDevice): Json {
  const { owner } = crew
  const [both = new Uint8Array()] = crew.apart(owner, [put('N', 'new', [ci, other])])
  const [blind = new Uint8Array()] = crew.apart(sealer, [put('N', 'new', [ci])])
  const { signed, items } = changeset(both)
  const header = signedHeader.read(signed)
  const [one] = header.items
  if (one === undefined) throw new TypeError('no item')
  const stripped = items.map(({ meta, value }) =>
    value === undefined ? { meta } : { meta, value },
  )
  const twisted = (change: Partial<Header>): Bytes =>
    forge(owner, both, (h) => ({ ...h, ...change }))
  const all = header.readers ?? []
  const outsider = [owner.identity.device, ...all.slice(1)].toSorted()
  const bare = encodeEntry({ kind: 'changeset', body: { signed, items: stripped } })
  const cases: [string, Bytes, string][] = [
    ['readers out of order', twisted({ readers: all.toReversed() }), 'bad-readers'],
    [
      'an item’s readers out of order',
      twisted({ items: [{ ...one, readers: [1, 0] }] }),
      'bad-readers',
    ],
    ['a reader that is no runner', twisted({ readers: outsider }), 'bad-readers'],
    ['without its boxes', bare, 'bad-item'],
    ['a name hidden by who reads', twisted({ items: [{ ...one, sealed: 'item' }] }), 'bad-readers'],
    ['a sealer’s in the clear', forge(sealer, blind, unhidden), 'not-authorised'],
  ]
  return cases.map(([name, entry, reason]) => ({ name, entry: hex(entry), reason }))
}

/** A header whose items are sealed as by somebody who reads the vault. */
function unhidden(header: Header): Header {
  const items = header.items.map((one) => ({ ...one, sealed: 'value' as const }))
  return { ...header, items }
}
