import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { cryptoReady } from '../crypto/hash.js'
import { CofferError } from '../errors.js'
import { idOf, type LinkHash, type VaultId } from '../ids.js'
import { LIMITS } from '../limits.js'
import { makeStatement } from './device.js'
import { encodeWraps } from './link.js'
import { activeDevices, epochAt, openInvites, relayOf, roleAt } from './membership.js'
import { mayBringOwn, mayGrant, RIGHTS, ROLES } from './roles.js'
import { actor, emptyWraps, userOf } from './testing/actors.js'
import { History, type Twist } from './testing/history.js'
import { verdict, withAction, withLink } from './testing/attack.js'
import { verdictOf } from '../testing/refusal.js'
import { applyLink } from './validate.js'
import { checkWraps } from './wraps.js'

await cryptoReady

const BASE = `
  G = genesis ann/laptop project
  I = invite ann/laptop code writer
  A = admit ann/laptop code bob/desk
  B = add bob/desk bob/phone reader
  C = invite bob/desk own reader bob
  D = admit bob/phone own bob/tablet
  R = relay ann/laptop here
  G -> I -> A -> B -> C -> D -> R
`

test('a chain that holds folds into who is in, as what, since when', () => {
  const history = new History(BASE)
  const m = history.fold('R')
  assert.is(m.vaultId, history.hash('G'))
  const roles = ['ann/laptop', 'bob/desk', 'bob/phone', 'bob/tablet'].map((name) =>
    roleAt(m, actor(name).id),
  )
  assert.equal(roles, ['owner', 'writer', 'reader', 'reader'])
  assert.is(roleAt(m, actor('bob/desk').id, 1), undefined)
  assert.is(roleAt(m, actor('bob/desk').id, 2), 'writer')
  assert.equal(
    [...m.invites.values()].map((invite) => invite.state),
    ['used', 'used'],
  )
  assert.is(epochAt(m), 1)
  assert.is(epochAt(m, 0), 1)
  assert.ok(relayOf(m))
  assert.is(relayOf(history.fold('D')), undefined)
  assert.is(m.devices.get(actor('bob/phone').id)?.addedBy, actor('bob/desk').id)
})

test('a genesis that is none is refused', () => {
  const G = 'G = genesis ann/laptop project'
  assert.is(verdict(G, 'G'), 'holds')
  assert.is(verdict(G, 'G', withLink({ n: 1 })), 'tampering/bad-chain')
  assert.is(
    verdict(G, 'G', withLink({ vaultId: idOf<VaultId>(new Uint8Array(32)) })),
    'tampering/bad-chain',
  )
  assert.is(
    verdict(G, 'G', withLink({ prev: idOf<LinkHash>(new Uint8Array(32)) })),
    'tampering/bad-chain',
  )
  assert.is(verdict(G, 'G', withLink({ author: actor('eve/x').id })), 'tampering/bad-chain')
  assert.is(verdict(G, 'G', { signer: 'eve/x' }), 'tampering/bad-signature')
  assert.is(verdict('R = relay ann/laptop here', 'R'), 'tampering/bad-chain')
  const { keys, userId } = actor('ann/laptop')
  const forged = makeStatement(keys, userId, actor('eve/x').pair.privateKey)
  const stolen = withAction((action) =>
    action.kind === 'genesis' ? { ...action, body: { ...action.body, statement: forged } } : action,
  )
  assert.is(verdict(G, 'G', stolen), 'tampering/bad-proof')
})

test('a link of another vault, place or author is refused', () => {
  const other = new History('G = genesis eve/x project')
  assert.is(verdict(BASE, 'R', withLink({ vaultId: other.vaultId })), 'tampering/foreign-vault')
  assert.is(verdict(BASE, 'R', withLink({ n: 7 })), 'tampering/bad-chain')
  assert.is(verdict(BASE, 'R', withLink({ n: LIMITS.links + 1 })), 'format/malformed')
  assert.is(verdict(BASE, 'R', withLink({ prev: other.hash('G') })), 'tampering/bad-chain')
  assert.is(verdict(BASE, 'R', withLink({ author: actor('eve/x').id })), 'tampering/unknown-author')
  assert.is(verdict(BASE, 'R', withLink({ version: 2 })), 'format/suite')
  assert.is(verdict(BASE, 'R', withLink({ suite: 2 })), 'format/suite')
  const second = `${BASE}\n H = genesis ann/laptop project\n R -> H`
  assert.is(verdict(second, 'H'), 'tampering/bad-chain')
})

test('a link that follows another branch is refused on this one', () => {
  const history = new History(
    `${BASE}\n X = relay ann/laptop there\n Y = relay ann/laptop here\n A -> X -> Y`,
  )
  const m = history.fold('B')
  assert.throws(
    () => applyLink(m, history.signed('Y')),
    (error: unknown) => error instanceof CofferError && error.reason === 'bad-chain',
  )
})

test('a link that its author did not sign is refused', () => {
  assert.is(verdict(BASE, 'R', { signer: 'bob/desk' }), 'tampering/bad-signature')
  const flip: Twist = {
    signed: ({ body, signature }) => ({
      body,
      signature: signature.map((b, i) => (i === 40 ? b ^ 1 : b)),
    }),
  }
  assert.is(verdict(BASE, 'R', flip), 'tampering/bad-signature')
  const head: Twist = {
    signed: ({ body }) => ({ body, signature: new Uint8Array(64) }),
  }
  assert.is(verdict(BASE, 'R', head), 'tampering/bad-signature')
})

test('nobody does what its role has no right to', () => {
  const by = (line: string): string => verdict(`${BASE}\n X = ${line}\n R -> X`, 'X')
  assert.is(by('relay bob/desk there'), 'tampering/not-authorised')
  assert.is(by('invite bob/desk code2 reader'), 'tampering/not-authorised')
  assert.is(by('invite bob/desk code2 owner bob'), 'tampering/not-authorised')
  assert.is(by('invite bob/phone code2 writer bob'), 'tampering/not-authorised')
  assert.is(by('invite ann/laptop code2 reader bob'), 'tampering/not-authorised')
  assert.is(by('add bob/phone bob/new writer'), 'tampering/not-authorised')
  assert.is(by('add ann/laptop bob/new reader'), 'tampering/not-authorised')
  assert.is(by('add bob/desk eve/new reader'), 'tampering/not-authorised')
  assert.is(by('invite bob/phone code2 reader bob'), 'holds')
})

test('no role brings in a device with a right that it lacks', () => {
  for (const role of ROLES) {
    for (const given of ROLES.filter((one) => mayBringOwn(role, one))) {
      for (const right of ['reads', 'writes', 'manages'] as const) {
        assert.ok(RIGHTS[role][right] || !RIGHTS[given][right], `${role} makes a ${given}`)
      }
    }
    if (!RIGHTS[role].manages) {
      assert.not(ROLES.some((given) => mayGrant(role, given)))
      assert.not(mayBringOwn(role, 'runner'))
    }
  }
  assert.not(mayGrant('admin', 'admin'))
  const reader = `${BASE}\n X = add bob/phone bob/new sealer\n R -> X`
  assert.is(verdict(reader, 'X'), 'tampering/not-authorised')
})

test('a device that is or was in the vault, or a key of it, does not come again', () => {
  const again = (twist: Twist = {}): string =>
    verdict(`${BASE}\n X = add ann/laptop ann/phone reader\n R -> X`, 'X', twist)
  const swapped = (keys: { sign: Uint8Array; box: Uint8Array }, signer: string): Twist =>
    withAction((action) => {
      const statement = makeStatement(keys, userOf('ann'), actor(signer).pair.privateKey)
      return action.kind === 'add-device'
        ? { ...action, body: { ...action.body, statement } }
        : action
    })
  const ann = actor('ann/laptop')
  const phone = actor('ann/phone')
  assert.is(again(), 'holds')
  assert.is(again(swapped(ann.keys, 'ann/laptop')), 'tampering/device-known')
  const sameSign = { sign: ann.keys.sign, box: phone.keys.box }
  assert.is(again(swapped(sameSign, 'ann/laptop')), 'tampering/device-known')
  const sameBox = { sign: phone.keys.sign, box: actor('bob/desk').keys.box }
  assert.is(again(swapped(sameBox, 'ann/phone')), 'tampering/device-known')
  assert.is(again(swapped(phone.keys, 'ann/laptop')), 'tampering/bad-proof')
})

test('a vault holds so many open invites and devices, and not one more', () => {
  const codes = Array.from({ length: LIMITS.invites + 1 }, (_, i) => `c${i}`)
  const lines = codes.map((code) => `I${code} = invite ann/laptop ${code} reader`)
  const path = ['G', ...codes.map((code) => `I${code}`)].join(' -> ')
  const script = `G = genesis ann/laptop project\n${lines.join('\n')}\n${path}`
  assert.is(verdict(script, `Ic${LIMITS.invites}`), 'limit/members')
  const history = new History(script)
  const m = history.fold(`Ic${LIMITS.invites - 1}`)
  assert.is(openInvites(m).length, LIMITS.invites)
  const template = activeDevices(m)[0]!
  for (let i = 1; i < LIMITS.devices; i++) {
    const { id, keys, userId } = actor(`ann/${i}`)
    m.devices.put({ ...template, id, keys, userId })
  }
  const full = new History(
    `${script}\n X = add ann/laptop ann/phone reader\n Ic${LIMITS.invites - 1} -> X`,
  )
  assert.throws(
    () => applyLink(m, full.signed('X')),
    (error: unknown) => error instanceof CofferError && error.reason === 'members',
  )
})

test('a table of wraps is the one that the link names, for exactly its new readers', () => {
  const history = new History(BASE)
  const bob = actor('bob/desk').id
  const check = (name: string, table: Uint8Array | undefined, link = history.link(name)): string =>
    verdictOf(() => checkWraps(history.fold(name), link, table))
  const named = (table: { bytes: Uint8Array; hash: Uint8Array }): string => {
    const link = history.link('A')
    const { action } = link
    if (action.kind !== 'admit') return 'no admit'
    const body = { ...action.body, wraps: table.hash }
    return check('A', table.bytes, { ...link, action: { ...action, body } })
  }
  assert.is(check('A', emptyWraps(bob).bytes), 'holds')
  assert.is(check('I', undefined), 'holds')
  assert.is(check('G', emptyWraps(actor('ann/laptop').id).bytes), 'holds')
  assert.is(check('A', undefined), 'tampering/bad-wraps')
  assert.is(check('I', emptyWraps(bob).bytes), 'tampering/bad-wraps')
  assert.is(check('A', emptyWraps(actor('ann/laptop').id).bytes), 'tampering/bad-wraps')
  const another = encodeWraps([{ device: bob, box: new Uint8Array(148).fill(1) }])
  assert.is(check('A', another.bytes), 'tampering/bad-wraps')
  assert.is(named(emptyWraps(bob)), 'holds')
  assert.is(named(emptyWraps()), 'tampering/bad-wraps')
  assert.is(named(emptyWraps(actor('ann/laptop').id, bob)), 'tampering/bad-wraps')
  assert.is(named(emptyWraps(bob, actor('eve/x').id)), 'tampering/bad-wraps')
  assert.is(named(emptyWraps(bob, bob)), 'tampering/bad-wraps')
})

test('a viewer is brought in without a key', () => {
  const history = new History(
    'G = genesis ann/laptop project\n V = add ann/laptop ann/tv viewer\n G -> V',
  )
  checkWraps(history.fold('V'), history.link('V'), emptyWraps().bytes)
  assert.throws(() =>
    checkWraps(history.fold('V'), history.link('V'), emptyWraps(actor('ann/tv').id).bytes),
  )
})

test.run()
