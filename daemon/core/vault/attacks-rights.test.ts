import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { utf8, type Bytes } from '../../../shared/bytes.js'
import { cryptoReady } from '../../../shared/crypto/hash.js'
import { signedHeader, type Header } from '../../../shared/log/changeset.js'
import { decodeEntry, encodeEntry } from '../../../shared/log/entry.js'
import { headOf, roleAt } from '../../../shared/log/membership.js'
import { planRemoval } from './removing.js'
import { reload, type TestDevice } from './testing/devices.js'
import { changeset, forge, pair, reasons, take, write } from './testing/pair.js'
import { Team } from './testing/team.js'

// Attacks by THREAT-MODEL.md's numbers, with real keys: what members and removed ones write without the right to,
// and what an old disk or an old log brings back.

await cryptoReady

/** Ann owns, Bob administers, Cat writes, Dan reads; each has read all. */
function team(): Team {
  const one = new Team('ann/a')
  one.member('ann/a', ['bob/b'], 'admin')
  one.member('ann/a', ['cat/c'], 'writer')
  one.member('ann/a', ['dan/d'], 'reader')
  one.readAll()
  return one
}

const memberHeadOf = ({ replica }: TestDevice): Header['memberHead'] =>
  headOf(replica.chain.known())

test('attack 29: a removed member backdates a write, by its chain, its place or what it builds on', () => {
  const t = team()
  t.write('cat/c', 'x', 'known')
  t.readAll()
  t.remove('ann/a', 'cat/c')
  const cat = t.of('cat/c')
  const [late = new Uint8Array()] = t.write('cat/c', 'x', 'backdated', { hidden: true })
  t.write('ann/a', 'y', 'after')
  const [after = new Uint8Array()] = t.log.slice(-1)
  const { header: seen, hash } = headerOf(after)
  const dep = { device: seen.device, seq: seen.seq, hash }
  // It says that it knew of its removal; or that it didn't, and builds on what was written after it.
  const told = forge(cat, late, (header) => ({
    ...header,
    memberHead: memberHeadOf(t.of('ann/a')),
  }))
  const built = forge(cat, late, (header) => ({ ...header, deps: [dep] }))
  t.log.push(told, built, late)
  for (const name of ['ann/a', 'bob/b', 'dan/d']) {
    assert.equal(t.read(name), ['not-authorised', 'member-head-back'], name)
    assert.is(t.value(name, 'x'), 'known', name)
    t.restart(name)
    assert.is(t.value(name, 'x'), 'known', name)
  }
})

function headerOf(body: Bytes): { header: Header; hash: ReturnType<typeof signedHeader.id> } {
  const { signed } = changeset(body)
  return { header: signedHeader.read(signed), hash: signedHeader.id(signed) }
}

test('attack 35: a write under an epoch that is over, or never was, counts for nobody', () => {
  const t = team()
  // Sealed under the first epoch, as who wants a removed reader to read it would.
  const [old = new Uint8Array()] = t.write('cat/c', 'x', 'old key', { hidden: true })
  t.remove('ann/a', 'dan/d')
  t.readAll()
  const cat = t.of('cat/c')
  const memberHead = memberHeadOf(cat)
  t.log.push(
    forge(cat, old, (header) => ({ ...header, memberHead })),
    forge(cat, old, (header) => ({ ...header, memberHead, epoch: 3 })),
  )
  assert.equal(t.read('ann/a'), ['wrong-epoch', 'wrong-epoch'])
  assert.is(t.value('ann/a', 'x'), undefined)
  assert.equal(t.of('ann/a').replica.waiting(), [], 'nor does it wait for a key')
})

test('attacks 22, 49: a removal whose new key is withheld is not in force, and its true pair is', () => {
  const t = team()
  t.remove('ann/a', 'dan/d')
  const link = t.log.pop() ?? new Uint8Array()
  const entry = decodeEntry(link)
  if (entry.kind !== 'link') throw new TypeError('no link')
  const bare = encodeEntry({ kind: 'link', body: { signed: entry.body.signed } })
  t.log.push(bare)
  assert.equal(t.read('bob/b'), ['bad-wraps'])
  const { replica } = t.of('bob/b')
  assert.is(roleAt(replica.chain.known(), t.of('dan/d').identity.device), 'reader')
  t.log.push(link)
  assert.equal(t.read('bob/b'), [])
  assert.equal([...replica.chain.keys.keys()], [1, 2])
})

test('attack 33: a removed member with the whole log and the whole relay has no key to what came after', () => {
  const t = team()
  t.remove('ann/a', 'dan/d')
  t.write('ann/a', 'x', 'after')
  t.readAll()
  assert.equal([...t.of('dan/d').replica.chain.keys.keys()], [1])
  assert.is(t.value('dan/d', 'x'), undefined)
  // Nor has it one to the next.
  t.rotate('bob/b')
  t.write('bob/b', 'x', 'later')
  t.read('dan/d')
  assert.equal([...t.of('dan/d').replica.chain.keys.keys()], [1])
})

test('attack 53: what a cut erased is listed, and comes back when the cut is raised', () => {
  const t = team()
  t.write('cat/c', 'x', 'honest')
  t.readAll()
  const { device } = t.of('cat/c').identity
  t.link('bob/b', (parts) => {
    const plan = planRemoval(parts, new Set([device]))
    const { action } = plan
    if (action.kind !== 'remove') throw new TypeError('no removal')
    return { ...plan, action: { ...action, body: { ...action.body, cuts: [] } } }
  })
  t.readAll()
  for (const name of ['ann/a', 'dan/d']) {
    assert.is(t.value(name, 'x'), undefined, name)
    const lost = t.of(name).replica.lost()
    assert.equal(
      lost.map((one) => one.name),
      ['x'],
      name,
    )
  }
  t.link('ann/a', ({ graph }) => {
    const [hash] = [...graph.nodes].find(([, node]) => node.device === device) ?? []
    if (hash === undefined) throw new TypeError('not here')
    return { action: { kind: 'raise-cut', body: { cuts: [{ device, seq: 1, hash }] } } }
  })
  t.readAll()
  for (const name of ['ann/a', 'bob/b', 'dan/d']) assert.is(t.value(name, 'x'), 'honest', name)
})

test('attacks 9, 13: an old change shown again, or as a newer one, rolls nothing back', () => {
  const { a, b, log } = pair()
  const [old = new Uint8Array()] = write(a, 'x', utf8('old'))
  const [fresh = new Uint8Array()] = write(a, 'x', utf8('new'))
  const shown = [...log, old, fresh, old, fresh]
  take(b, shown.slice(0, log.length + 2))
  const outcome = take(b, shown)
  assert.equal(reasons(outcome), [])
  assert.is(b.replica.get('secret', 'x')?.siblings.length, 1)
  assert.equal(b.replica.history('secret', 'x').length, 2)
  // A later number on an old change isn't its author's.
  const { signed, items } = changeset(old)
  const header = signedHeader.read(signed)
  const renumbered = signedHeader.make(
    { ...header, seq: 3, prev: headerOf(fresh).hash },
    b.identity.sign.privateKey,
  )
  const body = { signed: { body: renumbered.body, signature: signed.signature }, items }
  const again = encodeEntry({ kind: 'changeset', body })
  assert.equal(reasons(take(b, [...shown, again])), ['bad-signature'])
  assert.equal(b.replica.value(b.replica.get('secret', 'x')!.winner), utf8('new'))
})

test('attack 43: a disk put back from a backup meets its own later writes before it signs again', () => {
  const { a, b, log } = pair()
  const one = write(a, 'x', utf8('one'))
  take(a, [...log, ...one])
  const backup = a.store.copy()
  const two = write(a, 'y', utf8('two'))
  const whole = [...log, ...one, ...two]
  take(a, whole)
  const store = backup
  const restored: TestDevice = { ...a, store, env: { ...a.env, reader: store } }
  restored.replica = reload(restored)
  const hidden: TestDevice = { ...restored, store: store.copy() }
  hidden.env = { ...hidden.env, reader: hidden.store }
  hidden.replica = reload(hidden)
  assert.equal(reasons(take(restored, whole)), ['own-write-unknown'])
  const three = write(restored, 'z', utf8('three'))
  assert.is(headerOf(three[0]!).header.seq, 3)
  // A relay that hides them makes it sign their number again: whoever sees both says so.
  const twice = write(hidden, 'z', utf8('twice'))
  assert.is(headerOf(twice[0]!).header.seq, 2)
  assert.equal(reasons(take(b, [...whole, ...twice])), ['equivocation'])
})

test.run()
