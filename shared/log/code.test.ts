import fc from 'fast-check'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { cryptoReady } from '../crypto/hash.js'
import { idOf, type UserId } from '../ids.js'
import {
  fingerprintOf,
  formatInviteCode,
  inviteSeed,
  parseInviteCode,
  type InviteCode,
} from './code.js'
import { statementHolds } from './device.js'
import { actor } from './testing/actors.js'
import { History } from './testing/history.js'
import { verdictOf } from '../testing/refusal.js'

await cryptoReady

const bytesOfLength = (length: number): fc.Arbitrary<Uint8Array> =>
  fc.uint8Array({ minLength: length, maxLength: length })

const codes: fc.Arbitrary<InviteCode> = fc.record(
  {
    url: fc.webUrl().filter((url) => url.length <= 255),
    relay: bytesOfLength(32).map((bytes) => idOf(bytes)),
    vaultId: bytesOfLength(32).map((bytes) => idOf(bytes)),
    link: bytesOfLength(32).map((bytes) => idOf(bytes)),
    secret: bytesOfLength(13),
    user: bytesOfLength(16).map((bytes): UserId => idOf(bytes)),
  },
  { noNullPrototype: true, requiredKeys: ['url', 'relay', 'vaultId', 'link', 'secret'] },
)

test('a code is one shell word and comes back whole, in either case and with blanks around', () => {
  fc.assert(
    fc.property(codes, (code) => {
      const text = formatInviteCode(code)
      assert.match(text, /^coffer1-[a-z2-7]+$/)
      assert.equal(parseInviteCode(text), code)
      assert.equal(parseInviteCode(`  ${text.toUpperCase()}\n`), code)
    }),
    { numRuns: 50 },
  )
})

test('a mistyped, cut or lengthened code is refused as such', () => {
  const chars = 'abcdefghijklmnopqrstuvwxyz234567 -018'
  fc.assert(
    fc.property(
      codes,
      fc.nat(),
      fc.constantFrom(...Array.from(chars)),
      fc.nat(2),
      (code, at, char, how) => {
        const text = formatInviteCode(code)
        const i = at % text.length
        const changed = [
          text.slice(0, i) + char + text.slice(i + 1),
          text.slice(0, i),
          text.slice(0, i) + char + text.slice(i),
        ][how]!
        if (changed.trim() === text) return
        assert.is(
          verdictOf(() => parseInviteCode(changed)),
          'format/code',
        )
      },
    ),
    { numRuns: 500 },
  )
  for (const text of ['', 'coffer1-', 'coffer1-a', 'coffer2-aaaa', 'x'.repeat(100_000)]) {
    assert.is(
      verdictOf(() => parseInviteCode(text)),
      'format/code',
    )
  }
})

test('a fingerprint is 16 characters, and another for anything that an attacker could change', () => {
  const history = new History(
    'G = genesis ann/laptop project\n I = invite ann/laptop c reader\n G -> I',
  )
  const vault = history.vaultId
  const link = history.hash('I')
  const joiner = actor('bob/desk').statement
  const print = fingerprintOf(vault, link, joiner)
  assert.match(print, /^[a-z2-7]{4}(-[a-z2-7]{4}){3}$/)
  const eve = actor('eve/x').statement
  const others = [
    fingerprintOf(vault, history.hash('G'), joiner),
    fingerprintOf(idOf(new Uint8Array(32)), link, joiner),
    fingerprintOf(vault, link, eve),
    fingerprintOf(vault, link, { ...joiner, keys: { ...joiner.keys, box: eve.keys.box } }),
    fingerprintOf(vault, link, { ...joiner, keys: { ...joiner.keys, sign: eve.keys.sign } }),
    fingerprintOf(vault, link, { ...joiner, userId: eve.userId }),
    fingerprintOf(vault, link, { ...joiner, signature: eve.signature }),
  ]
  assert.is(new Set([print, ...others]).size, others.length + 1)
})

test("a statement is the device's own word, on all of it", () => {
  const { statement } = actor('bob/desk')
  const eve = actor('eve/x').statement
  assert.ok(statementHolds(statement))
  assert.not(statementHolds({ ...statement, userId: eve.userId }))
  assert.not(statementHolds({ ...statement, keys: { ...statement.keys, box: eve.keys.box } }))
  assert.not(statementHolds({ ...statement, keys: { ...statement.keys, sign: eve.keys.sign } }))
  assert.not(
    statementHolds({ ...statement, keys: { ...statement.keys, sign: new Uint8Array(32) } }),
  )
  assert.not(statementHolds({ ...statement, signature: statement.signature.slice(1) }))
})

test('each secret makes a key of its own', () => {
  assert.is(inviteSeed(new Uint8Array(13)).length, 32)
  assert.not.equal(inviteSeed(new Uint8Array(13)), inviteSeed(new Uint8Array(13).fill(1)))
})

test.run()
