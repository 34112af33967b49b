import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { cryptoReady } from '../crypto/hash.js'
import { verdictOf } from '../testing/refusal.js'
import { LIMITS } from '../limits.js'
import { signedLink } from './link.js'
import { epochAt, roleAt, rotationOwed } from './membership.js'
import { applyLink } from './validate.js'
import { verdict, withAction } from './testing/attack.js'
import { actor, inviteOf } from './testing/actors.js'
import { History } from './testing/history.js'
import { changesetOf } from './testing/removals.js'
import { active, after, fold, team } from './testing/team.js'

await cryptoReady

test('cuts name heads of whom loses the right to write, in order, and nobody else', () => {
  assert.is(
    after('remove bob/a cat/a cut:cat/a:1 cut:cat/a:2'),
    'holds',
    'it had signed a number twice',
  )
  assert.is(after('remove bob/a cat/a cut:cat/c:1'), 'tampering/bad-cut', 'a reader')
  assert.is(after('remove bob/a cat/a cut:bob/b:1'), 'tampering/bad-cut')
  assert.is(after('remove bob/a cat/a cut:cat/a:0'), 'tampering/bad-cut')
  const disordered = withAction((action) =>
    action.kind === 'remove'
      ? { ...action, body: { ...action.body, cuts: action.body.cuts.toReversed() } }
      : action,
  )
  assert.is(after('remove bob/a cat/a cut:cat/a:1 cut:cat/b:2', disordered), 'tampering/bad-cut')
})

test('a recovery device is its own business, or that of another person who may remove it', () => {
  const lines = ['V = add cat/a cat/r writer recovery', 'M3 -> V -> X']
  const becomes = (link: string) => verdict(team(...lines, `X = ${link}`), 'X')
  assert.is(becomes('remove cat/b cat/r'), 'tampering/not-authorised')
  assert.is(becomes('remove cat/a cat/a keep:cat/r,cat/b,cat/c'), 'holds')
  assert.is(
    becomes('remove cat/a cat/a'),
    'tampering/not-authorised',
    'it goes with nobody of its own person',
  )
  assert.is(becomes('remove cat/r cat/r'), 'holds')
  assert.is(becomes('remove bob/a cat/a,cat/b,cat/c,cat/r'), 'holds')
})

test('a role goes up with a wrap and down with a cut and a new key', () => {
  const up = fold('role bob/a dan writer')
  assert.is(roleAt(up, actor('dan/a').id), 'writer')
  assert.is(epochAt(up), 1)
  const down = fold('role bob/a cat viewer cut:cat/a:7')
  for (const name of ['cat/a', 'cat/b', 'cat/c']) assert.is(roleAt(down, actor(name).id), 'viewer')
  assert.is(epochAt(down), 2)
  assert.equal(down.devices.get(actor('cat/b').id)?.cuts, [
    { from: down.hashes.length - 1, heads: [] },
  ])
  const lower = fold('role bob/a cat reader cut:cat/a:7')
  assert.equal(
    ['cat/a', 'cat/b', 'cat/c'].map((name) => roleAt(lower, actor(name).id)),
    ['reader', 'reader', 'reader'],
  )
  assert.is(epochAt(lower), 1, 'they read on')
  const again = fold('role bob/a dan viewer', 'role bob/a dan reader')
  assert.is(roleAt(again, actor('dan/a').id), 'reader')
  assert.is(after('role bob/a dan viewer epoch:none'), 'tampering/bad-epoch')
  assert.is(after('role bob/a dan writer epoch:x'), 'tampering/bad-epoch')
})

test('a role is given and taken by those who may do both', () => {
  const no = 'tampering/not-authorised'
  assert.is(after('role bob/a dan admin'), no, 'an admin makes no admin')
  assert.is(after('role bob/a ann reader'), no)
  assert.is(after('role ann/a dan admin'), 'holds')
  assert.is(after('role cat/a dan writer'), no)
  assert.is(after('role cat/a cat reader'), 'holds', 'whoever steps down')
  assert.is(after('role dan/a dan writer'), no)
  assert.is(after('role ann/a ann admin'), 'tampering/last-owner')
  assert.is(after('role ann/a dan reader'), 'tampering/bad-role-change')
  assert.is(after('role ann/a dan runner'), 'tampering/bad-role-change')
  assert.is(after('role ann/a nobody reader'), 'tampering/bad-role-change')
})

test('the key is changed by writers, given again by readers', () => {
  assert.is(after('rotate cat/a'), 'holds')
  assert.is(after('rotate dan/a'), 'tampering/not-authorised')
  assert.is(after('rewrap dan/a cat/a'), 'holds')
  assert.is(after('rewrap dan/a nobody/a'), 'tampering/device-unknown')
})

test('a cut is raised by whoever could have made it, and only raised', () => {
  const cut = ['R = remove ann/a cat/a cut:cat/a:4', 'M3 -> R -> X']
  const becomes = (link: string) => verdict(team(...cut, `X = ${link}`), 'X')
  assert.is(becomes('raise bob/a cut:cat/a:6'), 'holds')
  assert.is(becomes('raise bob/a cut:cat/a:3'), 'tampering/bad-cut')
  assert.is(becomes('raise bob/a cut:dan/a:3'), 'tampering/bad-cut')
  assert.is(becomes('raise dan/a cut:cat/a:6'), 'tampering/not-authorised')
  const m = new History(team(...cut, 'X = raise bob/a cut:cat/a:6')).fold('X')
  assert.equal(m.devices.get(actor('cat/a').id)?.cuts, [
    {
      from: m.hashes.length - 2,
      heads: [4, 6].map((seq) => ({ seq, hash: changesetOf('cat/a', seq) })),
    },
  ])
})

test('a member comes with all devices at once, and only where nobody can be taken for somebody else', () => {
  assert.is(after('member bob/a eve/a,eve/b writer'), 'holds')
  assert.is(after('member bob/a eve/a admin'), 'tampering/not-authorised')
  assert.is(after('member cat/a eve/a reader'), 'tampering/not-authorised')
  assert.is(after('member ann/a eve/a runner'), 'tampering/not-authorised')
  assert.is(after('member ann/a dan/z reader'), 'tampering/user-known')
  assert.is(after('member ann/a eve/a,finn/a reader'), 'tampering/bad-proof')
  const twice = withAction((action) =>
    action.kind === 'add-member'
      ? { ...action, body: { ...action.body, statements: action.body.statements.slice(0, 1) } }
      : action,
  )
  assert.is(after('member ann/a eve/a,eve/b reader', twice), 'tampering/bad-proof')
  const user = 'G = genesis ann/a user\nX = member ann/a bob/a reader\nG -> X'
  assert.is(verdict(user, 'X'), 'tampering/foreign-user')
})

test('two who remove each other: whoever comes first stays, on every client', () => {
  const branches = team('P = remove bob/a cat/a', 'Q = role ann/a bob reader', 'M3 -> P', 'M3 -> Q')
  const history = new History(branches)
  assert.equal(active(history.fold('P')).includes('cat/a'), false)
  assert.is(roleAt(history.fold('Q'), actor('bob/a').id), 'reader')
  // The loser's link names a head that isn't there any more, whoever shows it.
  const late = new History(
    team('P = remove bob/a cat/a', 'Q = role ann/a bob reader', 'M3 -> P -> Q'),
  )
  assert.is(roleAt(late.fold('Q'), actor('bob/a').id), 'reader', 'planned anew it holds')
})

test('a stolen device of a user vault can be got rid of, with all that it brought in', () => {
  const script = `
    G = genesis ann/a user
    P = add ann/a ann/b owner
    T = add ann/b ann/thief owner recovery
    X = remove ann/a ann/b
    G -> P -> T -> X
  `
  assert.is(verdict(script, 'X'), 'holds')
})

test('an older recovery device removes one that a thief made', () => {
  const script = `
    G = genesis ann/a user
    R = add ann/a ann/r owner recovery
    P = add ann/a ann/b owner
    T = add ann/b ann/thief owner recovery
    X = remove ann/r ann/thief
    G -> R -> P -> T -> X
  `
  assert.is(verdict(script, 'X'), 'holds')
})

test('lowering a user gives none of their devices a right that it lacked', () => {
  const h = new History(`
    G = genesis ann/a project
    M = member ann/a bob/a writer
    S = add bob/a bob/ci sealer
    X = role ann/a bob reader
    G -> M -> S -> X
  `)
  const m = h.fold('X')
  assert.is(roleAt(m, actor('bob/ci').id), 'viewer')
})

test('lowering to sealer gives a viewer no write', () => {
  const h = new History(`
    G = genesis ann/a project
    M = member ann/a bob/a writer
    S = add bob/a bob/tv viewer
    X = role ann/a bob sealer
    G -> M -> S -> X
  `)
  assert.is(roleAt(h.fold('X'), actor('bob/tv').id), 'viewer')
})

test('a stranger takes no id of a user who was here', () => {
  const script = `
    G = genesis ann/a project
    M = member ann/a bob/a writer
    R = remove ann/a bob/a
    I = invite ann/a code reader
    X = admit ann/a code bob/z
    G -> M -> R -> I -> X
  `
  assert.is(verdict(script, 'X'), 'tampering/user-known')
})

test('whoever leaves has made the key that is to shut them out: another writer owes a new one', () => {
  assert.ok(rotationOwed(fold('remove cat/a cat/a')))
  assert.ok(rotationOwed(fold('role cat/a cat viewer')))
  assert.not(rotationOwed(fold('remove cat/a cat/a', 'rotate bob/a')))
  assert.not(rotationOwed(fold('remove bob/a cat/a')))
  assert.not(rotationOwed(fold('role cat/a cat reader')), 'they read on')
})

test('the last links of a chain are for who manages', () => {
  const m = fold('rotate cat/a')
  const room = LIMITS.links - LIMITS.linksReserve
  while (m.hashes.length <= room) m.hashes.push(m.hashes[0]!)
  const link = (by: string) => {
    const { id, pair } = actor(by)
    const body = {
      version: 1,
      suite: 1,
      n: m.hashes.length,
      author: id,
      time: 0,
      vaultId: m.vaultId,
      prev: m.hashes[0]!,
      action: { kind: 'withdraw-invite' as const, body: { inviteKey: inviteOf('none').key } },
    }
    return verdictOf(() => applyLink(m, signedLink.make(body, pair.privateKey)))
  }
  assert.is(link('dan/a'), 'limit/members')
  assert.is(link('ann/a'), 'tampering/invite-unknown')
})

test.run()
