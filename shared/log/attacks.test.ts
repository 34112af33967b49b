import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { cryptoReady } from '../crypto/hash.js'
import { verdictOf } from '../testing/refusal.js'
import { makeStatement } from './device.js'
import { signedLink, type JoinRequest } from './link.js'
import { activeDevices, openInvites } from './membership.js'
import { applyLink } from './validate.js'
import { verdict, withAction } from './testing/attack.js'
import { actor, inviteOf, joinRequest, userOf } from './testing/actors.js'
import { History, type Twist } from './testing/history.js'

// Attacks on the chain by THREAT-MODEL.md's numbers: by a relay, and by members who were removed or soon will be.

await cryptoReady

/** Ann owns, Bob administers, Cat writes from three devices that came one from another, Dan reads. */
const TEAM = `
  G  = genesis ann/a project
  M1 = member ann/a bob/a admin
  M2 = member ann/a cat/a writer
  C2 = add cat/a cat/b writer
  C3 = add cat/b cat/c reader
  M3 = member bob/a dan/a reader
  G -> M1 -> M2 -> C2 -> C3 -> M3
`
const team = (...lines: string[]): string => `${TEAM}\n${lines.join('\n')}`
/** What becomes of `X` behind links that hold. */
const after = (links: readonly string[], x: string, twist: Twist = {}): string => {
  const lines = links.map((link, i) => `L${i} = ${link}`)
  const path = ['M3', ...links.map((_, i) => `L${i}`), 'X'].join(' -> ')
  return verdict(team(...lines, `X = ${x}`, path), 'X', twist)
}

test('attack 4: an approval is for the keys that were shown, whoever passes it on', () => {
  const invited = `
    G = genesis ann/a project
    I = invite ann/a code reader
    A = admit ann/a code bob/a
    G -> I -> A
  `
  const history = new History(invited)
  const swapped = (request: JoinRequest): Twist => ({
    // The relay puts another request into the link that Ann signed.
    signed: ({ signature }) => {
      const link = history.link('A')
      const { action } = link
      if (action.kind !== 'admit') throw new TypeError('no admit')
      const other = { ...link, action: { ...action, body: { ...action.body, request } } }
      return { body: signedLink.make(other, actor('eve/x').pair.privateKey).body, signature }
    },
  })
  const body = {
    vaultId: history.vaultId,
    inviteKey: inviteOf('code').key,
    inviteLink: history.hash('I'),
    statement: actor('eve/x').statement,
  }
  // Even one who has the code, and so makes a request that holds, gets no approval that was another's.
  const whole = joinRequest(body, inviteOf('code').pair, actor('eve/x').pair)
  assert.is(verdict(invited, 'A', swapped(whole)), 'tampering/bad-signature')
})

test('attacks 21, 49: who ceases to read does so by a new key in the same link, or not at all', () => {
  assert.is(after([], 'remove bob/a dan/a epoch:none'), 'tampering/bad-epoch')
  assert.is(after([], 'role bob/a dan viewer epoch:none'), 'tampering/bad-epoch')
  assert.is(after([], 'remove dan/a dan/a epoch:none'), 'tampering/bad-epoch', 'who leaves, too')
  assert.is(after([], 'remove bob/a dan/a'), 'holds')
  assert.is(
    after(['rotate cat/a epoch:old'], 'remove bob/a dan/a epoch:old'),
    'tampering/bad-epoch',
  )
})

/** An add-device or admit link's statement in another's name, signed with the key of `signer`. */
const withKeys = (sign: string, box: string): Twist =>
  withAction((action) => {
    const keys = { sign: actor(sign).keys.sign, box: actor(box).keys.box }
    const statement = makeStatement(keys, userOf('cat'), actor(sign).pair.privateKey)
    return action.kind === 'add-device'
      ? { ...action, body: { ...action.body, statement } }
      : action
  })

test('attack 30: a removed device comes in again neither by itself, nor by its own, nor by half', () => {
  const gone = ['invite cat/a mine reader cat', 'remove ann/a cat/a']
  assert.is(after(gone, 'add cat/a cat/a writer'), 'tampering/unknown-author')
  assert.is(after(gone, 'add cat/a cat/z writer'), 'tampering/unknown-author', 'new keys')
  assert.is(after(gone, 'add cat/c cat/z reader'), 'tampering/unknown-author', 'by what it brought')
  assert.is(after(gone, 'admit cat/a mine cat/z'), 'tampering/unknown-author')
  assert.is(after(gone, 'admit ann/a mine cat/z'), 'tampering/invite-used', 'by its old invite')
  assert.is(after(gone, 'member ann/a cat/a writer'), 'tampering/device-known', 'unnoticed')
  const kept = ['remove ann/a cat/b keep:cat/c']
  assert.is(after(kept, 'add cat/a cat/b writer'), 'tampering/device-known')
  for (const [sign, box] of [
    ['cat/b', 'cat/z'],
    ['cat/z', 'cat/b'],
  ] as const) {
    const again = after(kept, 'add cat/a cat/z writer', withKeys(sign, box))
    assert.is(again, 'tampering/device-known', `${sign} with ${box}`)
  }
  assert.is(after(kept, 'add cat/a cat/z writer'), 'holds', 'with new keys, by one who is in')
})

test('attack 31: of a removal and an addition at once the first holds, and the other only anew', () => {
  const history = new History(
    team('P = remove bob/a cat/a', 'Q = add cat/a cat/z writer', 'M3 -> P', 'M3 -> Q'),
  )
  for (const [first, second] of [
    ['P', 'Q'],
    ['Q', 'P'],
  ] as const) {
    const m = history.fold(first)
    const late = verdictOf(() => applyLink(m, history.signed(second)))
    assert.is(late, 'tampering/bad-chain', `${second} behind ${first}`)
  }
  assert.is(after(['remove bob/a cat/a'], 'add cat/a cat/z writer'), 'tampering/unknown-author')
  const added = ['add cat/a cat/z writer']
  assert.is(after(added, 'remove bob/a cat/a,cat/b,cat/c alone'), 'tampering/bad-removal')
  assert.is(after(added, 'remove bob/a cat/a'), 'holds', 'planned anew it takes the new one along')
})

test('attack 52: what a thief let in before the revocation goes with the stolen device', () => {
  const thief = ['add cat/b cat/t writer', 'add cat/t cat/u writer', 'invite cat/t mine writer cat']
  assert.is(after(thief, 'remove cat/a cat/b alone'), 'tampering/bad-removal')
  assert.is(after(thief, 'remove cat/a cat/b,cat/c,cat/t alone'), 'tampering/bad-removal')
  const kept = after(thief, 'remove cat/a cat/b keep:cat/c,cat/t alone')
  assert.is(kept, 'tampering/bad-removal', 'what stays may have brought more')
  const lines = thief.map((link, i) => `T${i} = ${link}`)
  const path = 'M3 -> T0 -> T1 -> T2 -> R'
  const m = new History(team(...lines, 'R = remove cat/a cat/b keep:cat/c', path)).fold('R')
  const active = activeDevices(m).map(({ id }) => id)
  for (const name of ['cat/a', 'cat/c']) assert.ok(active.includes(actor(name).id), name)
  for (const name of ['cat/b', 'cat/t', 'cat/u']) assert.not(active.includes(actor(name).id), name)
  assert.is(openInvites(m).length, 0, 'nor does it leave a way back in')
})

test('attack 53: no cut erases more than a removal could, and none is made twice', () => {
  assert.is(after([], 'remove bob/a cat/a cut:cat/a:0'), 'tampering/bad-cut')
  assert.is(after([], 'remove bob/a cat/a cut:bob/a:1'), 'tampering/bad-cut', 'of who stays')
  assert.is(after([], 'remove cat/c cat/a'), 'tampering/not-authorised')
  const erased = ['remove bob/a cat/a']
  assert.is(after(erased, 'raise ann/a cut:cat/a:4'), 'holds')
  assert.is(
    after([...erased, 'raise ann/a cut:cat/a:4'], 'raise bob/a cut:cat/a:3'),
    'tampering/bad-cut',
  )
  assert.is(after(erased, 'raise dan/a cut:cat/a:4'), 'tampering/not-authorised')
})

test.run()
