import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { Bytes } from '../../../shared/bytes.js'
import { cryptoReady } from '../../../shared/crypto/hash.js'
import type { ChangesetHash } from '../../../shared/ids.js'
import { signedHeader, type Header } from '../../../shared/log/changeset.js'
import { decodeEntry } from '../../../shared/log/entry.js'
import { Team } from './testing/team.js'

// A number that was signed twice: a relay orders both, so that nobody waits for what one member has met and another hasn't.

await cryptoReady

/** Bob signs on twice from one place: two branches of two changesets each, in no log yet. */
function twice(): { t: Team; one: Bytes[]; two: Bytes[] } {
  const t = new Team('ann/a')
  t.member('ann/a', ['bob/b'], 'writer')
  t.readAll()
  t.anew('bob/b', 'bob/again')
  t.read('bob/again')
  const write = (as: string): Bytes[] =>
    ['x', 'y'].flatMap((name) => t.write(as, name, as, { hidden: true }))
  return { t, one: write('bob/b'), two: write('bob/again') }
}

/** Ann starts the log over, and reads this one; what she would send then. */
function rescued(t: Team, log: readonly Bytes[]): Bytes[] {
  const { replica, store } = t.of('ann/a')
  store.write(replica.rewind())
  t.read('ann/a', log)
  store.write(replica.restoreLost().ops)
  return replica.outbox().map(({ body }) => body)
}

type Sent = { readonly hash: ChangesetHash; readonly header: Header }

function headers(bodies: readonly Bytes[]): Sent[] {
  return bodies.flatMap((body) => {
    const entry = decodeEntry(body)
    if (entry.kind !== 'changeset') return []
    const { signed } = entry.body
    return [{ hash: signedHeader.id(signed), header: signedHeader.read(signed) }]
  })
}

test('a relay that lost both branches is sent both, one whole before the other', () => {
  const { t, one, two } = twice()
  const chain = [...t.log]
  t.log.push(...one, ...two)
  assert.ok(t.read('ann/a').includes('equivocation'))
  t.write('ann/a', 'z', 'own', { hidden: true })
  const sent = headers(rescued(t, chain))
  const bob = t.of('bob/b').identity.device
  const bobs = sent.filter(({ header }) => header.device === bob)
  assert.is(sent.length, 5, 'and her own')
  assert.equal(
    bobs.map(({ header }) => header.seq),
    [1, 2, 1, 2],
  )
  assert.is(bobs[1]?.header.prev, bobs[0]?.hash)
  assert.is(bobs[3]?.header.prev, bobs[2]?.hash)
})

test('a relay that holds one branch is sent the other', () => {
  for (const pick of [0, 1]) {
    const { t, one, two } = twice()
    const held = [...t.log, ...(pick === 0 ? one : two)]
    t.log.push(...one, ...two)
    t.read('ann/a')
    assert.equal(rescued(t, held), pick === 0 ? two : one)
  }
})

test('what a relay would take in no entry stays here, with what its author built on it', () => {
  const { t, one, two } = twice()
  const { replica, store } = t.of('bob/again')
  const value = new Uint8Array(500 * 1024)
  store.write(
    replica.write(['x', 'y'].map((name) => ({ space: 'secret' as const, name, value }))).ops,
  )
  const large = (replica.sealNext({ entries: 1, bytes: 1 })?.entries ?? []).map(({ body }) => body)
  assert.is(large.length, 2)
  const behind = t.write('bob/again', 'z', 'behind', { hidden: true })
  const rest = ['1', '2', '3', '4'].flatMap((name) =>
    t.write('bob/b', name, name, { hidden: true }),
  )
  const held = [...t.log, ...one, ...rest]
  t.log.push(...one, ...rest, ...two, ...large, ...behind)
  t.read('ann/a')
  assert.equal(rescued(t, held), two)
})

test('attack 43: a removal names the heads of both branches: everybody shows the same, whichever came first', () => {
  for (const pick of [0, 1]) {
    const { t, one, two } = twice()
    t.member('ann/a', ['cem/c'], 'writer')
    const log = [...t.log]
    t.log.push(...one, ...two)
    t.remove('ann/a', 'bob/b')
    const cuts = t.of('ann/a').replica.membership?.devices.get(t.of('bob/b').identity.device)?.cuts
    assert.is(cuts?.at(-1)?.heads.length, 2, 'both heads are named')
    const link = t.log.slice(-1)
    t.read('cem/c', [...log, ...(pick === 0 ? [...one, ...two] : [...two, ...one]), ...link])
    for (const name of ['x', 'y']) {
      const [ann, cem] = ['ann/a', 'cem/c'].map((who) =>
        t
          .of(who)
          .replica.current('secret', name)
          ?.siblings.map(({ id }) => id),
      )
      assert.is(ann?.length, 2, 'each branch counts')
      assert.equal(cem, ann)
    }
  }
})

test('what a removal had not met of a device that signed twice is void for everybody, and listed', () => {
  const { t, one, two } = twice()
  t.log.push(...one)
  t.remove('ann/a', 'bob/b')
  t.log.push(...two)
  t.read('ann/a')
  assert.is(t.value('ann/a', 'x'), 'bob/b')
  assert.equal(
    t
      .of('ann/a')
      .replica.lost()
      .map(({ name }) => name)
      .toSorted(),
    ['x', 'y'],
  )
})

test('nothing builds on what a cut has voided', () => {
  const { t, one } = twice()
  t.remove('ann/a', 'bob/b')
  t.log.push(...one)
  t.read('ann/a')
  const [sent] = headers(t.write('ann/a', 'x', 'own'))
  assert.equal(sent?.header.deps, [])
})

test.run()
