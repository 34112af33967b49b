import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { cryptoReady } from '../crypto/hash.js'
import { idOf, type VaultId } from '../ids.js'
import type { JoinRequestBody } from './link.js'
import { actor, inviteOf, joinRequest, userOf } from './testing/actors.js'
import { History, type Twist } from './testing/history.js'
import { verdict, withAction } from './testing/attack.js'
import { checkJoinRequest } from './joining.js'

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

const INVITED = `
  G = genesis ann/laptop project
  I = invite ann/laptop code reader
  A = admit ann/laptop code bob/desk
  G -> I -> A
`

test('an invite serves once, and not after it was withdrawn', () => {
  assert.is(
    verdict(`${INVITED}\n X = admit ann/laptop code eve/x\n A -> X`, 'X'),
    'tampering/invite-used',
  )
  const withdrawn = `${INVITED}\n W = withdraw ann/laptop code\n X = admit ann/laptop code bob/desk\n I -> W -> X`
  assert.is(verdict(withdrawn, 'X'), 'tampering/invite-used')
  assert.is(
    verdict(`${INVITED}\n X = withdraw ann/laptop code\n A -> X`, 'X'),
    'tampering/invite-used',
  )
  assert.is(
    verdict(`${INVITED}\n X = invite ann/laptop code owner\n A -> X`, 'X'),
    'tampering/invite-known',
  )
  assert.is(
    verdict(`${INVITED}\n X = withdraw ann/laptop none\n A -> X`, 'X'),
    'tampering/invite-unknown',
  )
  assert.is(
    verdict(`${INVITED}\n X = admit ann/laptop none bob/desk\n G -> X`, 'X'),
    'tampering/invite-unknown',
  )
})

test('an invite by someone is confirmed and withdrawn by whoever may grant its role, by nobody else', () => {
  const chain = `${BASE}
    J = invite ann/laptop code2 reader
    K = invite bob/phone mine reader bob
    R -> J -> K
    `
  const by = (line: string): string => verdict(`${chain}\n X = ${line}\n K -> X`, 'X')
  assert.is(by('admit bob/desk code2 cat/desk'), 'tampering/not-authorised')
  assert.is(by('withdraw bob/desk code2'), 'tampering/not-authorised')
  assert.is(by('withdraw ann/laptop mine'), 'holds')
  assert.is(by('admit ann/laptop mine bob/new'), 'tampering/not-authorised')
  assert.is(by('admit bob/desk mine bob/new'), 'holds')
  assert.is(by('withdraw bob/phone mine'), 'holds')
})

/** The last link's join request, made anew by an attacker. */
function request(
  change: (body: JoinRequestBody) => JoinRequestBody,
  invite = inviteOf('code').pair,
  device = actor('bob/desk').pair,
): Twist {
  const history = new History(INVITED)
  const body = change({
    vaultId: history.vaultId,
    inviteKey: inviteOf('code').key,
    inviteLink: history.hash('I'),
    statement: actor('bob/desk').statement,
  })
  return withAction((action) =>
    action.kind === 'admit'
      ? { ...action, body: { ...action.body, request: joinRequest(body, invite, device) } }
      : action,
  )
}

test('a join request proves code, keys, vault and invite', () => {
  const eve = actor('eve/x')
  assert.is(
    verdict(
      INVITED,
      'A',
      request((body) => body),
    ),
    'holds',
  )
  const cases: [string, Twist][] = [
    ['another code', request((body) => body, inviteOf('other').pair)],
    ['no device key', request((body) => body, inviteOf('code').pair, eve.pair)],
    ['another vault', request((body) => ({ ...body, vaultId: idOf<VaultId>(new Uint8Array(32)) }))],
    [
      'another invite',
      request((body) => ({ ...body, inviteLink: new History(INVITED).hash('G') })),
    ],
    ["keys put in another's place", request((body) => ({ ...body, statement: eve.statement }))],
    [
      'a box key that the device did not state',
      request((body) => ({
        ...body,
        statement: { ...body.statement, keys: { ...body.statement.keys, box: eve.keys.box } },
      })),
    ],
    [
      'a user that the device did not state',
      request((body) => ({ ...body, statement: { ...body.statement, userId: eve.userId } })),
    ],
  ]
  for (const [what, twist] of cases)
    assert.is(verdict(INVITED, 'A', twist), 'tampering/bad-proof', what)
  const broken = withAction((action) =>
    action.kind === 'admit'
      ? {
          ...action,
          body: { ...action.body, request: { ...action.body.request, body: Uint8Array.of(0xa0) } },
        }
      : action,
  )
  assert.is(verdict(INVITED, 'A', broken), 'format/malformed')
})

test('a stranger with a code does not become the device of a member', () => {
  const asAnn = actor('eve/x', userOf('ann'))
  const twist = request(
    (body) => ({ ...body, statement: asAnn.statement }),
    inviteOf('code').pair,
    asAnn.pair,
  )
  assert.is(verdict(INVITED, 'A', twist), 'tampering/user-known')
})

test("an invite for one's own device lets no other user in", () => {
  const own = `
    G = genesis ann/laptop project
    I = invite ann/laptop code reader ann
    A = admit ann/laptop code bob/desk
    G -> I -> A
  `
  assert.is(verdict(own, 'A'), 'tampering/foreign-user')
})

test('a user vault is private', () => {
  const user = (line: string): string =>
    verdict(`G = genesis ann/laptop user\n X = ${line}\n G -> X`, 'X')
  assert.is(user('invite ann/laptop code reader'), 'tampering/foreign-user')
  assert.is(user('invite ann/laptop code reader bob'), 'tampering/not-authorised')
  assert.is(user('add ann/laptop ann/phone runner'), 'tampering/foreign-user')
  assert.is(user('add ann/laptop bob/desk reader'), 'tampering/not-authorised')
  assert.is(user('invite ann/laptop code reader ann'), 'holds')
  assert.is(user('add ann/laptop ann/phone owner'), 'holds')
})

test('a join request is judged against the chain as it is', () => {
  const history = new History(INVITED)
  const { action } = history.link('A')
  if (action.kind !== 'admit') throw new TypeError('no admit')
  assert.equal(
    checkJoinRequest(history.fold('I'), action.body.request).statement,
    actor('bob/desk').statement,
  )
  assert.throws(() => checkJoinRequest(history.fold('A'), action.body.request))
})

test.run()
