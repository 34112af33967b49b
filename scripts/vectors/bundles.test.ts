import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { cryptoReady } from '../../shared/crypto/hash.js'
import { refusedWith } from '../../shared/testing/refusal.js'
import { parseToken, type Token } from '../../daemon/core/vault/token.js'
import { readBundle } from '../../daemon/runner/runner-bundle.js'
import type { RunnerVault } from '../../daemon/runner/runner-vault.js'
import { bundlesJson } from './bundles.js'
import { hex, unhex } from './people.js'
import { flip } from './refused.js'

// The frozen bundle: its runner opens what it was given, as it was written; what breaks a rule is refused by it.

await cryptoReady

type Frozen = {
  readonly now: number
  readonly token: { readonly text: string }
  readonly otherToken: { readonly text: string }
  readonly file: string
  readonly names: { readonly [name: string]: readonly (string | null)[] }
  readonly refused: readonly {
    readonly name: string
    readonly file: string
    readonly refused: string
  }[]
}

const frozen: Frozen = JSON.parse(JSON.stringify(bundlesJson()))
const token = parseToken(frozen.token.text)
const whole = unhex(frozen.file)

const read = (file: Uint8Array, by: Token = token): Promise<RunnerVault> =>
  readBundle({ token: by, file, now: () => frozen.now, maxAge: undefined })

test('the runner opens what the bundle brings, the served first', async () => {
  const { replica, grant } = await read(whole)
  const found = Object.keys(frozen.names).map((name) => {
    const siblings = replica.current('secret', name)?.siblings ?? []
    const values = siblings.map((one) => (one.kind === 'put' ? hex(replica.value(one)) : null))
    return [name, values]
  })
  assert.equal(Object.fromEntries(found), frozen.names)
  assert.is(replica.current('secret', 'B'), undefined)
  assert.equal(grant?.names, ['A', 'GONE', 'TWICE'])
})

test('another runner opens nothing of it', async () => {
  const other = parseToken(frozen.otherToken.text)
  const verdict = await refusedWith(() => read(whole, other))
  assert.equal(verdict, ['cannot-decrypt', 'not-for-this-runner'])
})

test('a changed byte of box or content opens to nothing', async () => {
  for (const at of [25, 110, 400, whole.length - 1]) {
    const verdict = await refusedWith(() => read(flip(whole, at)))
    assert.equal(verdict, ['cannot-decrypt', 'not-for-this-runner'], `byte ${at}`)
  }
})

test('a chain that lacks what the token pins is none', async () => {
  const { memberHead } = token
  const pinned = { ...token, memberHead: { n: memberHead.n + 1, hash: memberHead.hash } }
  assert.equal(await refusedWith(() => read(whole, pinned)), ['tampering', 'bad-bundle'])
})

for (const { name, file, refused } of frozen.refused) {
  test(`refused: a bundle ${name}`, async () => {
    assert.is((await refusedWith(() => read(unhex(file)))).join('/'), refused)
  })
}

test.run()
