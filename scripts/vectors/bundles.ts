import { readFileSync } from 'node:fs'
import * as path from 'node:path'
import type { Bytes } from '../../shared/bytes.js'
import { sign } from '../../shared/crypto/sign.js'
import type { ChangesetHash } from '../../shared/ids.js'
import {
  makeBundle,
  openBundle,
  sealBundle,
  type BundledVault,
  type BundleOrder,
  type OpenedBundle,
} from '../../daemon/core/vault/bundle.js'
import type { Identity } from '../../daemon/core/vault/chain.js'
import { Crew, put } from '../../daemon/core/vault/testing/crew.js'
import { seededRandom, type TestDevice } from '../../daemon/core/vault/testing/devices.js'
import { take } from '../../daemon/core/vault/testing/pair.js'
import { FOLDER, hex, type Json } from './people.js'
import { actorJson, tokenJson } from './sealed.js'

// Bundles: what a runner reads with no relay. Boxes hold true randomness: what was made once is kept, and read by coffer and
// by check.py alike.

export const FILE = 'bundles.json'

/** When they are read, and when the frozen one ends: milliseconds since 1970. */
export const NOW = 2_000_000
const EXPIRES = 3_000_000

/** The frozen file; made when there is none. */
export function bundlesJson(): Json {
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

type Story = {
  readonly crew: Crew
  readonly ci: TestDevice
  readonly other: TestDevice
  readonly sealer: TestDevice
}

/** Names of every kind: written twice, by two at once, sealed, beside what no runner reads, deleted. */
function story(): Story {
  const crew = new Crew()
  const [ci, other] = [crew.runner('ci'), crew.runner('other')]
  const sealer = crew.joined('sealer', 'sealer')
  const { owner } = crew
  const bob = crew.member('bob', 'writer')
  crew.grant(ci, ['A', 'TWICE', 'GONE'], { label: 'ci', org: 'acme', project: 'web' })
  crew.grant(other, ['A'])
  crew.write(owner, [put('A', 'one'), put('GONE', 'soon')])
  crew.write(owner, [put('A', 'two'), put('B', 'of members')])
  crew.write(owner, [put('S', 'sealed', [ci, other])])
  take(bob, crew.log)
  const apart = crew.apart(bob, [put('TWICE', "bob's")])
  crew.write(owner, [put('TWICE', "the owner's")])
  crew.log.push(...apart)
  crew.write(sealer, [put('FROM_SEALER', 'by a sealer', [ci])])
  crew.write(owner, [{ space: 'secret', name: 'GONE', value: undefined }])
  // A link that no changeset names: only the statement tells that it is missing.
  crew.member('eve', 'reader')
  for (const one of [owner, ci, other, sealer, bob]) take(one, crew.log)
  return { crew, ci, other, sealer }
}

const NAMES = ['A', 'S', 'TWICE', 'FROM_SEALER', 'GONE']

type How = {
  readonly by?: Identity
  readonly of?: Partial<BundledVault>
  readonly order?: Partial<BundleOrder>
}

function bundle({ crew, ci }: Story, { by, of, order }: How = {}): Bytes {
  const { replica, identity } = crew.owner
  const vault: BundledVault = {
    vaultId: replica.vaultId,
    chain: replica.chain,
    current: (space, name) => replica.current(space, name),
    chainEntries: (from) => replica.chainEntries(from),
    entriesOf: (hash) => replica.entriesOf(hash),
  }
  const env = { random: seededRandom('bundle'), now: () => 1_500_000 }
  const runner = ci.identity.device
  const wish = { runner, names: NAMES, expires: EXPIRES, ...order }
  return makeBundle(env, by ?? identity, { ...vault, ...of }, wish)
}

function make(): Json {
  const all = story()
  const { crew, ci, other } = all
  const file = bundle(all)
  return {
    actors: [
      { name: 'owner', one: crew.owner },
      { name: 'ci', one: ci },
      { name: 'other', one: other },
    ].map(actorJson),
    now: NOW,
    token: tokenJson(crew, ci, 'ci'),
    otherToken: tokenJson(crew, other, 'other'),
    file: hex(file),
    maker: crew.owner.identity.device,
    time: 1_500_000,
    expires: EXPIRES,
    // What is served first; a deleted name holds a change without a value.
    names: {
      A: [text('two')],
      S: [text('sealed')],
      TWICE: valuesOf(crew.owner, 'TWICE'),
      FROM_SEALER: [text('by a sealer')],
      GONE: [null],
    },
    refused: refused(all),
  }
}

function valuesOf({ replica }: TestDevice, name: string): string[] {
  const siblings = replica.current('secret', name)?.siblings ?? []
  return siblings.map((change) => hex(replica.value(change)))
}

const text = (value: string): string => hex(new TextEncoder().encode(value))

/** Files that don't count, for the runner `ci` with its token. */
function refused(all: Story): Json {
  const { crew, ci, other, sealer } = all
  const { owner } = crew
  const { replica } = owner
  const lesser = (how: How = {}): Bytes =>
    bundle(all, { ...how, order: { names: ['A'], ...how.order } })
  const file = lesser()
  const whole = openBundle(ci.identity, file)
  const again = (change: Partial<OpenedBundle>): Bytes => resealed(ci, { ...whole, ...change })
  const entriesOf = (hash: ChangesetHash): readonly Bytes[] => replica.entriesOf(hash)
  const older = replica.history('secret', 'A').at(-1)?.place?.changeset
  if (older === undefined) throw new TypeError('no older version')
  const beside = [...whole.entries, ...entriesOf(older)]
  const { body } = whole.signed
  const elsewhere = sign('snapshot', body, owner.identity.sign.privateKey)
  const forOther = lesser({ order: { runner: other.identity.device } })
  const stolen = { ...owner.identity, sign: other.identity.sign }
  const cases: [string, Bytes, string][] = [
    ['no bundle', file.slice(5), 'format/bundle'],
    ['sealed to another runner', forOther, 'cannot-decrypt/not-for-this-runner'],
    [
      'made for another runner, and sealed to this one',
      resealed(ci, openBundle(other.identity, forOther)),
      'tampering/bad-bundle',
    ],
    ['without its last link', again({ links: whole.links.slice(0, -1) }), 'tampering/bad-bundle'],
    ['without links', again({ links: [] }), 'tampering/bad-bundle'],
    ['with a link left out', again({ links: whole.links.toSpliced(3, 1) }), 'tampering/bad-bundle'],
    ['with a changeset that it does not name', again({ entries: beside }), 'tampering/bad-bundle'],
    ['without a changeset', again({ entries: whole.entries.slice(1) }), 'tampering/bad-bundle'],
    ['signed as a snapshot', again({ signed: { body, signature: elsewhere } }), BAD_SIGNATURE],
    ['signed by another device', lesser({ by: stolen }), BAD_SIGNATURE],
    ['made by a runner', lesser({ by: ci.identity }), 'tampering/bad-bundle'],
    ['made by a sealer', lesser({ by: sealer.identity }), 'tampering/bad-bundle'],
    ['that has ended', lesser({ order: { expires: NOW } }), 'expired/bundle-ended'],
    ['without its grant', lesser({ of: ungranted(replica) }), 'expired/bundle-ended'],
  ]
  return cases.map(([name, bytes, reason]) => ({ name, file: hex(bytes), refused: reason }))
}

const BAD_SIGNATURE = 'tampering/bad-signature'

function resealed(to: TestDevice, content: OpenedBundle): Bytes {
  const { device, box } = to.identity
  return sealBundle({ random: seededRandom('again') }, { device, box: box.publicKey }, content)
}

function ungranted(replica: TestDevice['replica']): Partial<BundledVault> {
  return {
    current: (space, name) => (space === 'setting' ? undefined : replica.current(space, name)),
  }
}
