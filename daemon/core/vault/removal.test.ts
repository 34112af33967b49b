import fc from 'fast-check'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { fromUtf8, utf8, type Bytes } from '../../../shared/bytes.js'
import { cryptoReady, hash as sha } from '../../../shared/crypto/hash.js'
import { idOf, type ChangesetHash } from '../../../shared/ids.js'
import { LIMITS } from '../../../shared/limits.js'
import { decodeEntry } from '../../../shared/log/entry.js'
import { epochAt, roleAt } from '../../../shared/log/membership.js'
import { Graph } from './graph.js'
import { headsOf, planRewrap } from './removing.js'
import { Team } from './testing/team.js'

// People who come, go, and are cut off, with real keys: what each device shows in the end.

await cryptoReady

/** Ann owns, Bob writes, Cat reads; each has read all. */
function team(): Team {
  const one = new Team('ann/a')
  one.member('ann/a', ['bob/b'], 'writer')
  one.member('ann/a', ['cat/c'], 'reader')
  one.readAll()
  return one
}

test('a removed member opens nothing that was written by who knows of the removal', () => {
  const t = team()
  t.write('ann/a', 'x', 'before')
  t.remove('ann/a', 'bob/b')
  t.write('ann/a', 'x', 'after')
  t.readAll()
  assert.is(t.value('cat/c', 'x'), 'after')
  assert.is(t.value('bob/b', 'x'), 'before', 'even with the whole log')
  assert.equal([...t.of('bob/b').replica.chain.keys.keys()], [1])
  assert.equal([...t.of('cat/c').replica.chain.keys.keys()], [1, 2])
})

test('who comes after a removal reads the history from before it', () => {
  const t = team()
  t.write('bob/b', 'x', 'old')
  t.remove('ann/a', 'bob/b')
  t.rotate('ann/a')
  t.member('ann/a', ['dan/d'], 'reader')
  assert.equal(t.read('dan/d'), [])
  assert.is(t.value('dan/d', 'x'), 'old')
  assert.equal(
    [...t.of('dan/d').replica.chain.keys.keys()].toSorted((a, b) => a - b),
    [1, 2, 3],
  )
})

test('a backdated write is void for everyone, and what was there before stands', () => {
  const t = team()
  t.write('bob/b', 'x', 'known')
  t.remove('ann/a', 'bob/b')
  // Bob hasn't read of it, or says so: the write names the chain of before.
  t.write('bob/b', 'x', 'backdated')
  t.write('bob/b', 'new', 'backdated')
  for (const name of ['ann/a', 'cat/c']) {
    t.read(name)
    assert.is(t.value(name, 'x'), 'known')
    assert.is(t.value(name, 'new'), undefined)
    assert.equal(
      t
        .of(name)
        .replica.lost()
        .map((one) => one.name),
      ['x', 'new'],
    )
    t.restart(name)
    assert.is(t.value(name, 'x'), 'known')
    assert.is(t.of(name).replica.lost().length, 2)
  }
})

test('whoever built on a write that is void later supersedes what that had superseded', () => {
  const t = team()
  t.member('ann/a', ['dan/d'], 'writer')
  t.write('ann/a', 'x', 'first')
  t.read('bob/b')
  const second = t.write('bob/b', 'x', 'second', { hidden: true })
  // Ann cuts Bob off before that; Dan saw it by another way, and wrote before he heard of the cut.
  t.read('dan/d', [...t.log, ...second])
  const third = t.write('dan/d', 'x', 'third', { hidden: true })
  t.remove('ann/a', 'bob/b')
  t.log.push(...second, ...third)
  t.read('ann/a')
  assert.is(t.value('ann/a', 'x'), 'third')
  assert.not(t.of('ann/a').replica.get('secret', 'x')?.conflict)
  assert.equal(t.of('ann/a').replica.lost(), [], 'it was built on')
})

test('a cut that is raised brings back what it had cut off', () => {
  const t = team()
  const late = t.write('bob/b', 'x', 'late', { hidden: true })
  t.remove('ann/a', 'bob/b')
  t.log.push(...late)
  t.readAll()
  assert.is(t.value('ann/a', 'x'), undefined)
  const device = t.of('bob/b').identity.device
  t.link('ann/a', ({ graph }) => {
    const [hash] = [...graph.nodes].find(([, node]) => node.device === device) ?? []
    if (hash === undefined) throw new TypeError('not here')
    return { action: { kind: 'raise-cut', body: { cuts: [{ device, seq: 1, hash }] } } }
  })
  t.readAll()
  for (const name of ['ann/a', 'cat/c']) {
    assert.is(t.value(name, 'x'), 'late')
    assert.equal(t.of(name).replica.lost(), [])
  }
})

test('a reader who was lowered reads no more, and reads all again when raised', () => {
  const t = team()
  t.role('ann/a', 'cat/c', 'viewer')
  t.write('ann/a', 'x', 'hidden')
  t.readAll()
  assert.is(t.value('cat/c', 'x'), undefined)
  assert.equal(t.of('cat/c').replica.waiting(), [], 'it counts, unopened')
  t.restart('cat/c')
  t.write('ann/a', 'y', 'in the same batch')
  t.role('ann/a', 'cat/c', 'reader')
  t.read('cat/c')
  assert.is(t.value('cat/c', 'x'), 'hidden')
  assert.is(t.value('cat/c', 'y'), 'in the same batch')
  t.restart('cat/c')
  assert.is(t.value('cat/c', 'x'), 'hidden')
})

test('who may no longer write keeps drafts that are never sent', () => {
  const t = team()
  const { replica, store } = t.of('bob/b')
  store.write(replica.write([{ space: 'secret', name: 'x', value: new Uint8Array(1) }]).ops)
  t.role('ann/a', 'bob/b', 'reader')
  t.read('bob/b')
  assert.is(replica.sealNext({ entries: 1, bytes: 1 }), undefined)
  assert.is(replica.draftCount, 1)
  t.role('ann/a', 'bob/b', 'writer')
  t.read('bob/b')
  assert.ok(replica.sealNext({ entries: 1, bytes: 1 }))
})

test('in an org the directory and the settings are the admins’, but for what each says of itself', () => {
  const t = new Team('ann/a', 'org')
  t.member('ann/a', ['bob/b'], 'writer')
  t.readAll()
  const { device, userId } = t.of('bob/b').identity
  t.write('ann/a', 'p', 'true', { space: 'vault' })
  t.readAll()
  t.write('bob/b', 'p', 'false', { space: 'vault' })
  t.write('bob/b', 'member/x', 'false', { space: 'setting' })
  t.write('bob/b', `device/${device}`, 'laptop', { space: 'setting' })
  t.write('bob/b', `user/${userId}/name`, 'Bob', { space: 'setting' })
  t.read('ann/a')
  assert.is(t.value('ann/a', 'p', 'vault'), 'true')
  assert.is(t.value('ann/a', 'member/x', 'setting'), undefined)
  assert.is(t.value('ann/a', `device/${device}`, 'setting'), 'laptop')
  assert.is(t.value('ann/a', `user/${userId}/name`, 'setting'), 'Bob')
})

test('a wrap that was bad is given again, and everything opens', () => {
  const t = team()
  t.rotate('ann/a')
  const last = t.log.at(-1) ?? new Uint8Array()
  t.write('ann/a', 'x', 'value')
  // Cat's disk lost the key; the others go on.
  t.read('cat/c', t.log)
  const cat = t.of('cat/c')
  cat.store.write([{ table: 'epochKey', key: Uint8Array.of(0, 0, 0, 2), value: undefined }])
  assert.is(decodeEntry(last).kind, 'link')
  t.restart('cat/c')
  t.write('ann/a', 'y', 'later')
  t.read('cat/c')
  assert.equal(
    t
      .of('cat/c')
      .replica.waiting()
      .map(({ waits }) => waits),
    ['key'],
  )
  t.link('ann/a', (parts) => planRewrap(parts, t.of('cat/c').identity.device))
  t.read('cat/c')
  assert.is(t.value('cat/c', 'y'), 'later')
})

test('a raised cut takes nothing back that counted', () => {
  const t = team()
  t.write('bob/b', 'x', 'counts')
  t.remove('ann/a', 'bob/b')
  t.readAll()
  assert.is(t.value('ann/a', 'x'), 'counts')
  const { device } = t.of('bob/b').identity
  const hash = idOf<ChangesetHash>(new Uint8Array(32))
  t.link('ann/a', () => ({
    action: { kind: 'raise-cut', body: { cuts: [{ device, seq: 2, hash }] } },
  }))
  t.read('ann/a')
  assert.is(t.value('ann/a', 'x'), 'counts')
})

test('who leaves names no head that never reached the log: else nothing of theirs would count', () => {
  const t = team()
  t.write('bob/b', 'x', 'sent')
  t.readAll()
  t.write('bob/b', 'y', 'on its way', { hidden: true })
  t.remove('bob/b', 'bob/b')
  t.read('ann/a')
  assert.is(t.value('ann/a', 'x'), 'sent')
})

test('a device that signed a number very often is cut at as many heads as a link may name', () => {
  const graph = new Graph()
  const { device } = team().of('bob/b').identity
  for (let i = 0; i <= LIMITS.cuts; i++) {
    const hash = idOf<ChangesetHash>(sha('test-changeset', utf8(`${i}`)))
    graph.add(hash, {
      device,
      seq: 1,
      memberN: 1,
      refs: [],
      met: 1,
      pos: undefined,
      kept: undefined,
    })
  }
  const cuts = headsOf(graph, new Set([device]))
  assert.is(cuts.length, LIMITS.cuts)
  assert.equal(
    cuts.map(({ hash }) => hash),
    cuts.map(({ hash }) => hash).toSorted(),
  )
})

/** What a device shows: every name with its live values, and what is void. */
function shown(t: Team, name: string): string {
  const { replica } = t.of(name)
  const names = [...replica.live('secret')].flatMap(({ siblings }) =>
    siblings.map((one) => `${one.name}=${fromUtf8(replica.value(one))}`),
  )
  return JSON.stringify([
    names.toSorted(),
    replica
      .lost()
      .map(({ id }) => String(id))
      .toSorted(),
  ])
}

/** What Bob wrote from his `n`-th write on. */
function cutOff(n: number): RegExp {
  return new RegExp(`=bob [${n}-9]`)
}

test('whatever the order in which changesets arrive around a removal, all devices show the same', () => {
  const orders = fc.array(fc.nat(1000), { minLength: 12, maxLength: 12 })
  fc.assert(
    fc.property(orders, fc.nat(3), (order, cutAt) => {
      const t = new Team('ann/a')
      t.member('ann/a', ['bob/b'], 'writer')
      t.member('ann/a', ['dan/d'], 'writer')
      t.readAll()
      const links = [...t.log]
      const all: Bytes[] = []
      for (let n = 0; n < 4; n++) {
        if (n === cutAt) {
          t.remove('ann/a', 'bob/b')
          links.push(t.log.at(-1) ?? new Uint8Array())
        }
        all.push(...t.write('bob/b', `s${n % 2}`, `bob ${n}`))
        t.read('dan/d')
        all.push(...t.write('dan/d', `s${n % 2}`, `dan ${n}`))
      }
      t.read('ann/a')
      const shuffled = all
        .map((body, i) => ({ body, at: order[i] ?? 0 }))
        .toSorted((a, b) => a.at - b.at)
        .map(({ body }) => body)
      for (const [n, log] of [
        [...links, ...shuffled],
        [...links.slice(0, 3), ...shuffled, ...links.slice(3)],
        [...links.slice(0, 3), ...shuffled.slice(0, 4), ...links.slice(3), ...shuffled.slice(4)],
      ].entries()) {
        t.anew('ann/a', `anew/${n}`)
        for (let end = 1; end <= log.length; end++) {
          t.read(`anew/${n}`, log.slice(0, end))
          // Once the removal is known, nothing shows that it cut off, at no point.
          if (n === 0) assert.not.match(shown(t, `anew/${n}`), cutOff(cutAt))
        }
        assert.is(shown(t, `anew/${n}`), shown(t, 'ann/a'), `order ${n}`)
      }
      assert.is(epochAt(t.of('ann/a').replica.chain.known()), 2)
      const { device } = t.of('bob/b').identity
      assert.is(roleAt(t.of('ann/a').replica.chain.known(), device), undefined)
    }),
    { numRuns: 40 },
  )
})

test.run()
