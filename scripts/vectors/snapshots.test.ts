import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { Bytes } from '../../shared/bytes.js'
import { decode } from '../../shared/codec.js'
import { cryptoReady } from '../../shared/crypto/hash.js'
import { signedCodec } from '../../shared/log/signed.js'
import { signedSnapshot } from '../../shared/log/snapshot.js'
import { changesIn, type LeafProof } from '../../shared/log/snapshot-tree.js'
import { refusedWith, verdictOf } from '../../shared/testing/refusal.js'
import { Replica } from '../../daemon/core/vault/replica.js'
import { slotFor } from '../../daemon/core/vault/snapshot.js'
import type { Space } from '../../daemon/core/vault/records.js'
import { testEnv, testIdentity, type TestDevice } from '../../daemon/core/vault/testing/devices.js'
import { reasons, take } from '../../daemon/core/vault/testing/pair.js'
import { serve } from '../../daemon/core/vault/testing/snapshots.js'
import { hex, unhex } from './people.js'
import { snapshotsJson } from './snapshots.js'

// The frozen snapshot: whoever reads its log finds the same rows, leaves and root, and names it; what breaks a rule is refused.

await cryptoReady

type Frozen = {
  readonly maker: string
  readonly log: readonly string[]
  readonly snapshot: { readonly signed: string; readonly hash: string; readonly pos: number }
  readonly checkpoint: number
  readonly rows: readonly string[]
  readonly placed: string
  readonly proofs: readonly {
    readonly space: Space
    readonly name: string
    readonly leaf: {
      readonly index: number
      readonly from: string
      readonly until: string | null
      readonly rows: string
      readonly path: readonly string[]
    }
    readonly changes: readonly string[]
  }[]
  readonly epochKeys: readonly string[]
  readonly refused: readonly {
    readonly name: string
    readonly after: number
    readonly entry: string
    readonly reason: string
  }[]
}

const frozen: Frozen = JSON.parse(JSON.stringify(snapshotsJson()))
const log = frozen.log.map(unhex)
const body = unhex(frozen.snapshot.signed)
const signed = decode(signedCodec, body, 'a snapshot', 1 << 20)
const snapshot = signedSnapshot.read(signed)

function reader(name: string, entries: readonly Bytes[]): TestDevice {
  const { store, env } = testEnv(name)
  const identity = testIdentity(name, name.split('/')[0])
  const one = { identity, store, env, replica: new Replica(env, identity, snapshot.vaultId) }
  take(one, entries)
  return one
}

test('whoever reads the log finds the same, and may name it', () => {
  assert.is(signedSnapshot.id(signed), frozen.snapshot.hash)
  const bob = reader('bob/desk', log.slice(0, frozen.checkpoint - 1))
  const action = bob.replica.snapshots.confirm(body)
  assert.equal(action, { kind: 'checkpoint', body: { snapshot: signed } })
  // The same entries in another order are another log.
  const [last, other] = [log[snapshot.pos - 1], log[snapshot.pos - 2]]
  const swapped = log.slice(0, frozen.checkpoint - 1)
  swapped.splice(snapshot.pos - 2, 2, ...[last, other].flatMap((entry) => entry ?? []))
  const verdict = verdictOf(() => reader('bob/desk', swapped).replica.snapshots.confirm(body))
  assert.is(verdict, 'tampering/bad-snapshot')
})

test('its rows and its tree are made of the log as they were', () => {
  const made = { signed: body, rows: unhex(frozen.placed), pos: snapshot.pos }
  const { rows, tree } = serve(log, made)
  assert.equal(rows.map(hex), frozen.rows)
  assert.is(hex(tree.root), hex(snapshot.root))
  assert.equal([rows.length, tree.leaves.length], [snapshot.count, snapshot.leaves])
})

test('the link that names it counts', () => {
  const dan = reader('dan/desk', log)
  const [first] = dan.replica.membership?.checkpoints ?? []
  assert.equal(first?.snapshot, snapshot)
  assert.is(first?.id, frozen.snapshot.hash)
})

for (const { space, name, leaf, changes } of frozen.proofs) {
  test(`one leaf proves what ${name} holds, and no other answer does`, async () => {
    const key = unhex(frozen.epochKeys[snapshot.epoch - 1] ?? '')
    const slot = slotFor(key, snapshot, space, name)
    const { index, from, until, rows, path } = leaf
    const proof: LeafProof = {
      index,
      from: unhex(from),
      until: until === null ? undefined : unhex(until),
      rows: unhex(rows),
      path: path.map(unhex),
    }
    assert.equal(changesIn(snapshot, slot, proof), changes)
    const bent: Partial<LeafProof>[] = [
      { rows: proof.rows.slice(40) },
      { index: index ^ 1 },
      { path: proof.path.slice(0, -1) },
      { until: new Uint8Array(8).fill(255) },
      { from: new Uint8Array(8).fill(1) },
    ]
    for (const change of bent) {
      const said = await refusedWith(() => changesIn(snapshot, slot, { ...proof, ...change }))
      assert.equal(said, ['tampering', 'bad-snapshot'], Object.keys(change).join())
    }
  })
}

for (const { name, after, entry, reason } of frozen.refused) {
  test(`refused: ${name}`, () => {
    const dan = reader('dan/desk', log.slice(0, after))
    assert.equal(reasons(take(dan, [...log.slice(0, after), unhex(entry)])), [reason])
  })
}

test.run()
