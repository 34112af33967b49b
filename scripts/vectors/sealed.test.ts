import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { cryptoReady } from '../../shared/crypto/hash.js'
import { formatToken, identityOfToken, parseToken } from '../../daemon/core/vault/token.js'
import { Replica } from '../../daemon/core/vault/replica.js'
import { testEnv, testIdentity, type TestDevice } from '../../daemon/core/vault/testing/devices.js'
import { reasons, take } from '../../daemon/core/vault/testing/pair.js'
import { openedBy } from './sealed-reading.js'
import { openedJson, sealedJson } from './sealed.js'
import { unhex } from './people.js'

// The frozen vectors of sealed items: every party opens what it may, as it was written, and nothing else; what breaks a rule
// is refused by it.

await cryptoReady

type Frozen = {
  readonly actors: readonly {
    readonly name: string
    readonly device: string
    readonly box: string
  }[]
  readonly epochKey: string
  readonly log: readonly string[]
  readonly opened: { readonly [name: string]: unknown }
  readonly refused: readonly {
    readonly name: string
    readonly entry: string
    readonly reason: string
  }[]
  readonly token: { readonly text: string; readonly vaultId: string; readonly expires: number }
}

const frozen: Frozen = JSON.parse(JSON.stringify(sealedJson()))
const log = frozen.log.map(unhex)
const vaultId = parseToken(frozen.token.text).vaultId

function device(name: string): TestDevice {
  const { store, env } = testEnv(name)
  const identity = testIdentity(name, name)
  return { identity, store, env, replica: new Replica(env, identity, vaultId) }
}

function reader(name: string): TestDevice {
  const one = device(name)
  const known = reasons(take(one, log)).filter((reason) => reason !== 'own-write-unknown')
  assert.equal(known, [])
  return one
}

for (const { name, device: id } of frozen.actors) {
  test(`${name} opens what it may, as it was written`, () => {
    const one = reader(name)
    assert.is(one.identity.device, id)
    assert.equal(openedBy(one, log).map(openedJson), frozen.opened[name])
  })
}

test('the newest of each name is what it was', () => {
  const owner = reader('owner')
  assert.is(owner.replica.current('secret', 'A')?.winner.kind, 'delete')
  assert.is(owner.replica.current('secret', 'A')?.siblings.length, 1)
  assert.is(owner.replica.current('secret', 'S')?.siblings.length, 1)
})

for (const { name, entry, reason } of frozen.refused) {
  test(`refused: ${name}`, () => {
    const one = device('owner')
    take(one, log)
    assert.equal(reasons(take(one, [...log, unhex(entry)])), [reason])
  })
}

test('the token is read and written alike, and is refused when a letter of it differs', () => {
  const { text, expires } = frozen.token
  const token = parseToken(text)
  assert.is(formatToken(token), text)
  assert.equal([token.vaultId, token.expires], [frozen.token.vaultId, expires])
  const ci = frozen.actors.find(({ name }) => name === 'ci')
  assert.is(identityOfToken(token).device, ci?.device)
  const at = text.length - 20
  const other = text[at] === 'a' ? 'b' : 'a'
  assert.throws(() => parseToken(text.slice(0, at) + other + text.slice(at + 1)))
  assert.throws(() => parseToken(text.slice(0, -1)))
})

test.run()
