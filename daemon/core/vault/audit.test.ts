import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { idOf, type RelayKey } from '../../../shared/ids.js'
import { cryptoReady } from '../../../shared/crypto/hash.js'
import { verdictOf } from '../../../shared/testing/refusal.js'
import { auditOf } from './audit.js'
import { checkLock, lockOf } from './lock-file.js'
import { newsOf } from './news.js'
import { Team } from './testing/team.js'
import type { Verified } from './verify.js'

// What people can tell afterwards of a team whose members came, wrote, changed and were removed.

await cryptoReady

const relay = idOf<RelayKey>(new Uint8Array(32).fill(9))

/** Ann owns, Bob writes, Cat reads. Bob is removed after a write, and backdates another. */
function story(): Team {
  const t = new Team('ann/a')
  t.link('ann/a', () => ({ action: { kind: 'relay', body: { relay } } }))
  t.member('ann/a', ['bob/b', 'bob/phone'], 'writer')
  t.member('ann/a', ['cat/c'], 'reader')
  t.member('ann/a', ['dan/d'], 'viewer')
  t.readAll()
  t.write('bob/b', 'x', 'known')
  t.role('ann/a', 'cat/c', 'admin')
  t.remove('ann/a', 'bob/b', 'bob/phone')
  t.write('bob/b', 'late', 'backdated')
  t.write('ann/a', 'x', 'after')
  t.readAll()
  return t
}

const short = (t: Team): ((device: string) => string) => {
  const names = new Map([...t.devices].map(([name, { identity }]) => [identity.device, name]))
  return (device) => names.get(device as never) ?? '?'
}

test('an audit tells who did what to whom, each change behind the links that its author knew', () => {
  const t = story()
  const name = short(t)
  const lines = auditOf(t.of('cat/c').replica, () => true).map((entry) => {
    if (entry.kind === 'change') {
      const { change, device, isVoid } = entry
      return `${name(device)} ${change?.kind} ${change?.name}${isVoid ? ' (void)' : ''}`
    }
    const { link, deed } = entry
    const whom =
      deed === undefined ? '' : ` ${deed.devices.map(name).toSorted().join()} ${deed.role ?? ''}`
    return `${name(link.author)} ${link.action.kind}${whom}`
  })
  assert.equal(lines, [
    'ann/a genesis',
    'ann/a relay',
    'ann/a add-member bob/b,bob/phone writer',
    'ann/a add-member cat/c reader',
    'ann/a add-member dan/d viewer',
    'bob/b put x',
    'bob/b put late (void)',
    'ann/a change-role cat/c admin',
    'ann/a remove bob/b,bob/phone ',
    'ann/a put x',
  ])
  const one = auditOf(t.of('cat/c').replica, ({ name: written }) => written === 'late')
  assert.is(one.filter(({ kind }) => kind === 'change').length, 1)
  const unread = auditOf(t.of('dan/d').replica, () => true)
  const unopened = unread.filter((entry) => entry.kind === 'change' && entry.change === undefined)
  assert.is(unopened.length, 3, 'who may not read sees that somebody wrote')
})

test('attack 40: whoever came, went or was changed is news to all but who did it', () => {
  const t = story()
  const name = short(t)
  const told = (who: string): string[] =>
    newsOf(t.of(who).replica, 1).map(
      ({ kind, devices, role }) => `${kind} ${devices.map(name).toSorted().join()} ${role ?? ''}`,
    )
  assert.equal(told('cat/c'), [
    'joined bob/b,bob/phone writer',
    'joined cat/c reader',
    'joined dan/d viewer',
    'role cat/c admin',
    'removed bob/b,bob/phone ',
  ])
  assert.equal(told('ann/a'), [])
})

test('a cut off head is not missed: a lock from before the removal holds, one from after it cuts nothing', () => {
  const t = new Team('ann/a')
  t.link('ann/a', () => ({ action: { kind: 'relay', body: { relay } } }))
  t.member('ann/a', ['bob/b'], 'writer')
  t.member('ann/a', ['cat/c'], 'reader')
  t.readAll()
  const first = t.write('bob/b', 'x', '1')
  t.readAll()
  const second = t.write('bob/b', 'x', '2', { hidden: true })
  t.read('bob/b', [...t.log, ...second])
  const ahead = lockOf(t.of('bob/b').replica)
  const { replica } = t.of('cat/c')
  assert.is(first.length, 1)
  assert.equal(checkLock(replica, ahead), { links: 0, changesets: 1 }, 'it may still come')
  t.remove('ann/a', 'bob/b')
  t.read('cat/c')
  assert.equal(checkLock(replica, ahead), { links: 0, changesets: 0 }, 'nobody will have it')
  const later = { ...ahead, memberHead: lockOf(replica).memberHead }
  assert.equal(checkLock(replica, later), { links: 0, changesets: 1 }, 'it was written after that')
  assert.is(
    verdictOf(() => checkLock(replica, { ...ahead, relay: idOf<RelayKey>(new Uint8Array(32)) })),
    'tampering/lock-relay',
  )
})

test('a vault with removals, epochs and cuts verifies, for those too who may not read all of it', () => {
  const t = story()
  const verify = (who: string): Verified => {
    const steps = t.of(who).replica.verification().steps()
    for (;;) {
      const step = steps.next()
      if (step.done === true) return step.value
    }
  }
  const ann = verify('ann/a')
  assert.equal([ann.links, ann.changesets, ann.items, ann.unopened], [7, 3, 3, 0])
  assert.is(verify('cat/c').fingerprint, ann.fingerprint)
  const dan = verify('dan/d')
  assert.equal([dan.items, dan.unopened, dan.fingerprint], [3, 3, ann.fingerprint])
  t.restart('cat/c')
  assert.is(verify('cat/c').fingerprint, ann.fingerprint)
})

test.run()
