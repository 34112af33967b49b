import { bytesOf, idOf, type VaultId } from '../../shared/ids.js'
import type { Bytes } from '../../shared/bytes.js'
import { signedHeader, type Header } from '../../shared/log/changeset.js'
import { encodeEntry } from '../../shared/log/entry.js'
import { encodeWraps, signedLink, SUITE, VERSION, type Action } from '../../shared/log/link.js'
import { epochStart, sealBefore, vaultContext, wrapFor } from '../../daemon/core/crypto/epoch.js'
import { seededRandom } from '../../daemon/core/vault/testing/devices.js'
import { ANN } from './chain.js'
import { hex, person, seed, type FrozenWraps, type Person } from './people.js'
import { flip, type Refused } from './refused.js'
import { refusedRemovals } from './refused-removals.js'
import { DAN, DESK, epochKey, PHONE, type Team } from './team.js'

// What must be refused around removals and new keys, beside the links of a team: changesets, keys, and links of user vaults.

const LABEL = seed('label')

export function refusedOfTeam(team: Team, frozen: FrozenWraps): Refused[] {
  return [
    ...refusedRemovals(team),
    ...starts(),
    ...changesets(team),
    ...befores(team),
    ...wraps(team, frozen),
  ]
}

/** A user vault, and what may not come behind its genesis. */
function starts(): Refused[] {
  const nonce = seed('user vault').slice(0, 16)
  const table = encodeWraps([{ device: ANN.id, box: new Uint8Array(148) }])
  const epoch = epochStart(seed('user vault key'), table.hash)
  const genesis = { kind: 'user' as const, nonce, statement: ANN.statement, epoch, label: LABEL }
  const common = { version: VERSION, suite: SUITE, author: ANN.id, time: 1 }
  const make = (n: number, action: Action, rest: object = {}): Bytes => {
    const signed = signedLink.make({ ...common, n, action, ...rest }, ANN.sign.privateKey)
    return encodeEntry({ kind: 'link', body: { signed } })
  }
  const first = { kind: 'genesis' as const, body: genesis }
  const signed = signedLink.make({ ...common, n: 0, action: first }, ANN.sign.privateKey)
  const prev = signedLink.id(signed)
  const vaultId = idOf<VaultId>(bytesOf(prev))
  const start = hex(encodeEntry({ kind: 'link', body: { signed, wraps: table.bytes } }))
  const after = (name: string, refused: string, action: Action): Refused => {
    const bytes = hex(make(1, action, { vaultId, prev }))
    return { name: `start: ${name}`, input: { as: 'start', genesis: start, bytes }, refused }
  }
  const early = { ...genesis, epoch: { ...epoch, base: 1, before: new Uint8Array(72) } }
  const member = (one: Person): Action => ({
    kind: 'add-member',
    body: { statements: [one.statement], role: 'reader', wraps: LABEL, labels: [LABEL] },
  })
  const role = { userId: ANN.userId, role: 'reader' as const, cuts: [] }
  const alone = { devices: [ANN.id], cuts: [], kept: [], epoch }
  return [
    {
      name: 'start: a first epoch with one before it',
      input: {
        as: 'start',
        genesis: null,
        bytes: hex(make(0, { kind: 'genesis', body: early })),
      },
      refused: 'tampering/bad-epoch',
    },
    after('a member of a user vault', 'tampering/foreign-user', member(person('bob/desk'))),
    after('a role in a user vault', 'tampering/foreign-user', { kind: 'change-role', body: role }),
    after('the last device of a user vault', 'tampering/last-owner', {
      kind: 'remove',
      body: alone,
    }),
  ]
}

/** A changeset by `by` behind its changeset `tail`, written under link `n`. */
function changeset(
  { chain, history }: Team,
  [name, refused, tail, by]: readonly [name: string, refused: string, tail: string, by: Person],
  { n, ...over }: Partial<Header> & { readonly n: number },
): Refused {
  const { header, hash, items } = history.get(tail)
  const link = chain.links[n]
  if (link === undefined) throw new TypeError('no link')
  const memberHead = { n, hash: link.hash }
  const next = { ...header, seq: header.seq + 1, prev: hash, memberHead, deps: [], ...over }
  const signed = signedHeader.make(next, by.sign.privateKey)
  const bytes = hex(encodeEntry({ kind: 'changeset', body: { signed, items } }))
  return {
    name: `team: ${name}`,
    input: { as: 'changeset', tail, bytes },
    refused: `tampering/${refused}`,
  }
}

function changesets(team: Team): Refused[] {
  const no = 'not-authorised'
  const wrong = 'wrong-epoch'
  const dep = team.history.head('desk-4')
  const early = { n: 7, epoch: 1, deps: [dep] }
  const other = { n: 8, epoch: 2, deps: [{ ...dep, seq: 3 }] }
  const stolen = { n: 8, epoch: 2, deps: [{ ...dep, device: ANN.id }] }
  const add = changeset.bind(undefined, team)
  return [
    add(['a write of whom its own link removes', no, 'desk-5', DESK], { n: 9, epoch: 3 }),
    add(['a write after a removal', no, 'desk-5', DESK], { n: 12, epoch: 5 }),
    add(['a write by who was lowered', no, 'dan-2', DAN], { n: 8, epoch: 2 }),
    add(['a write under the key of before', wrong, 'ann-2', ANN], { n: 9, epoch: 2 }),
    add(['a write under a key to come', wrong, 'ann-2', ANN], { n: 9, epoch: 4 }),
    add(['a write that hides what it builds on', 'member-head-back', 'phone-1', PHONE], early),
    add(['a write that takes a dependency for another', 'bad-deps', 'phone-1', PHONE], other),
    add(
      ["a write on another's changeset in its author's name", 'bad-deps', 'phone-1', PHONE],
      stolen,
    ),
  ]
}

/** Boxes in the place of that of epoch 3, which opens epoch 2. */
function befores({ membership }: Team): Refused[] {
  const box = (epoch: number): Bytes => {
    return membership.epochs[epoch - 1]?.start.before ?? new Uint8Array(72)
  }
  const random = seededRandom('vectors: before')
  const sealed = (over: { base?: number; vaultId?: VaultId; key?: Bytes }): Bytes => {
    const { base = 2, vaultId = membership.vaultId, key = epochKey(2) } = over
    return sealBefore(epochKey(3), key, { vaultId, base, epoch: 3 }, random)
  }
  const before = (name: string, bytes: Bytes, epoch = 3): Refused => ({
    name: `before: ${name}`,
    input: { as: 'before', epoch, bytes: hex(bytes) },
    refused: 'tampering/bad-before',
  })
  return [
    before('that its author sealed no key in', box(4), 4),
    before('a flipped bit', flip(box(3), 60)),
    before("another epoch's box", box(2)),
    before('made for another base', sealed({ base: 1 })),
    before('made for another vault', sealed({ vaultId: idOf(seed('another vault')) })),
    before('the key of another epoch', sealed({ key: epochKey(1) })),
    before('a key too short', sealed({ key: epochKey(2).slice(1) })),
  ]
}

/** Wraps of the fifth epoch that aren't what they must be. */
function wraps({ membership }: Team, frozen: FrozenWraps): Refused[] {
  const vault = vaultContext(membership.vaultId)
  const wrap = (name: string, key: Bytes, epoch: number): Refused => {
    const make = (): Bytes => encodeWraps(wrapFor(key, vault, epoch, [PHONE.keys])).bytes
    const bytes = hex(frozen.keep(`refused: ${name}`, make))
    const input = { as: 'wrap', link: 'rewrap', device: PHONE.name, bytes } as const
    return { name: `team wrap: ${name}`, input, refused: 'tampering/bad-wrap' }
  }
  return [
    wrap('the key of before', epochKey(3), 5),
    wrap('of the epoch before', epochKey(5), 4),
    wrap('for nobody', seed('no key'), 5),
  ]
}
