import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { fromBase64 } from '../../shared/base64.js'
import { itemOf, readBackup } from '../../shared/backup.js'
import { verdictOf } from '../../shared/testing/refusal.js'
import { backupJson } from './backup.js'
import { hex } from './people.js'

// The frozen text of a backup; vectors.test.ts makes it again.

type Frozen = {
  readonly text: string
  readonly vaults: readonly {
    readonly vault: string
    readonly secrets: readonly { readonly name: string; readonly value: string }[]
  }[]
  readonly refused: readonly {
    readonly name: string
    readonly text: string
    readonly refused: string
  }[]
}

const frozen: Frozen = JSON.parse(JSON.stringify(backupJson()))

test('every value comes back byte for byte', () => {
  const found = readBackup(frozen.text).map(({ vault, secrets }) => ({
    vault,
    secrets: secrets.map(itemOf).map(({ name, value }) => {
      return { name, value: hex(fromBase64(value) ?? new Uint8Array(0)) }
    }),
  }))
  const expected = frozen.vaults.map(({ vault, secrets }) => ({
    vault,
    secrets: secrets.map(({ name, value }) => ({ name, value })),
  }))
  assert.equal(found, expected)
  assert.ok(expected.flatMap(({ secrets }) => secrets).length > 5)
})

for (const { name, text, refused } of frozen.refused) {
  test(`refused: a backup, ${name}`, () => {
    assert.is(
      verdictOf(() => readBackup(text)),
      refused,
    )
  })
}

test.run()
