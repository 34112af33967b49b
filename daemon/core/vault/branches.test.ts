import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { Bytes } from '../../../shared/bytes.js'
import { cryptoReady } from '../../../shared/crypto/hash.js'
import type { ChangesetHash } from '../../../shared/ids.js'
import { signedHeader, type Header } from '../../../shared/log/changeset.js'
import { decodeEntry } from '../../../shared/log/entry.js'
import { Team } from './testing/team.js'

// A number that was signed twice, of which an honest relay orders one: nobody else's writes may wait behind the other.

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

test('a relay that lost both branches is sent one, whole', () => {
  const { t, one, two } = twice()
  const chain = [...t.log]
  t.log.push(...one, ...two)
  assert.ok(t.read('ann/a').includes('equivocation'))
  t.write('ann/a', 'z', 'own', { hidden: true })
  const sent = headers(rescued(t, chain))
  const bob = t.of('bob/b').identity.device
  const [first, second] = sent.filter(({ header }) => header.device === bob)
  assert.is(sent.length, 3, 'and her own')
  assert.is(first?.header.seq, 1)
  assert.is(second?.header.prev, first?.hash)
})

test('of a relay that holds one branch nothing is asked for the other', () => {
  for (const pick of [0, 1]) {
    const { t, one, two } = twice()
    const held = [...t.log, ...(pick === 0 ? one : two)]
    t.log.push(...one, ...two)
    t.read('ann/a')
    assert.equal(rescued(t, held), [])
  }
})

test('the other branch leaves the outbox once the log has shown which one the relay holds', () => {
  const { t, one, two } = twice()
  const chain = [...t.log]
  t.log.push(...one)
  t.read('ann/a')
  const sent = rescued(t, chain)
  assert.equal(sent, one)
  const own = t.write('ann/a', 'z', 'own', { hidden: true })
  t.read('ann/a', [...chain, ...two])
  const { replica, store } = t.of('ann/a')
  store.write(replica.restoreLost().ops)
  assert.equal(
    replica.outbox().map(({ body }) => body),
    own,
  )
  t.restart('ann/a')
  assert.is(t.of('ann/a').replica.outboxCount, 1)
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
