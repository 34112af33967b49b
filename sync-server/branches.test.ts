import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { Bytes } from '../shared/bytes.js'
import { decodeEntry, encodeEntry } from '../shared/log/entry.js'
import { LOG_START } from '../shared/protocol/relay.js'
import type { TestClient } from './testing/client.js'
import { deviceOf, TestVault } from './testing/people.js'
import { withRelay, type TestRelay } from './testing/relay.js'

// Devices that signed a number twice: the log takes both (SPEC section 9).

const ann = deviceOf('ann')

async function ownVault(relay: TestRelay): Promise<{ vault: TestVault; client: TestClient }> {
  const vault = new TestVault(ann, 'v', relay.key)
  const client = await relay.connect(ann)
  await client.get('create', { links: [vault.genesis] }, 'created')
  return { vault, client }
}

async function append(client: TestClient, vault: TestVault, entries: readonly Bytes[]) {
  const { vaultId } = vault
  return client.get('append', { vaultId, base: LOG_START, entries }, 'appended')
}

/** The refusal of an append, or `taken`. */
async function verdict(client: TestClient, vault: TestVault, entries: Bytes[]): Promise<string> {
  const { vaultId } = vault
  const asked = client.refused('append', { vaultId, base: LOG_START, entries })
  return asked.catch((error: Error) => {
    if (error.message.includes('was not refused')) return 'taken'
    throw error
  })
}

/** The changeset without its author's signature. */
function unsignedOf(body: Bytes): Bytes {
  const entry = decodeEntry(body)
  if (entry.kind !== 'changeset') throw new TypeError('not a changeset')
  const signed = { ...entry.body.signed, signature: new Uint8Array(64) }
  return encodeEntry({ kind: 'changeset', body: { ...entry.body, signed } })
}

test(
  'attack 43: a number that was signed twice keeps both branches, each to be followed',
  withRelay(async (relay) => {
    const { vault, client } = await ownVault(relay)
    const entries = ['one', 'two', 'three'].map((text) => vault.changeset(ann, text))
    assert.equal((await append(client, vault, entries)).positions, [2, 3, 4])
    const twin = new TestVault(ann, 'v', relay.key)
    twin.changeset(ann, 'one')
    twin.changeset(ann, 'two')
    const other = twin.changeset(ann, 'another three')
    assert.is(await verdict(client, vault, [other]), 'taken')
    const third = new TestVault(ann, 'v', relay.key)
    third.changeset(ann, 'one')
    third.changeset(ann, 'two')
    const unsigned = unsignedOf(third.changeset(ann, 'a third three'))
    assert.is(await verdict(client, vault, [unsigned]), 'tampering/bad-signature')
    const branches = [twin.changeset(ann, 'other four'), vault.changeset(ann, 'four')]
    assert.equal((await append(client, vault, branches)).positions, [6, 7])
    const later = [twin.changeset(ann, 'other five'), twin.changeset(ann, 'other six')]
    assert.equal((await append(client, vault, later)).positions, [8, 9])
    const skipped = vault.changeset(ann, 'five', { seq: 8 })
    assert.is(await verdict(client, vault, [skipped]), 'tampering/bad-seq')
  }),
)

test(
  'attack 43: a second changeset of a number comes whole, so that no old one brought again bars its author',
  withRelay(async (relay) => {
    const { vault, client } = await ownVault(relay)
    const [first, ...items] = vault.split(ann, ['a', 'b'], 1)
    const two = vault.changeset(ann, 'two')
    await append(
      client,
      vault,
      [first, ...items, two].flatMap((body) => body ?? []),
    )
    const entry = first === undefined ? undefined : decodeEntry(first)
    if (entry?.kind !== 'changeset') return assert.unreachable()
    const cut = encodeEntry({ kind: 'changeset', body: { ...entry.body, items: [] } })
    assert.is(await verdict(client, vault, [cut]), 'tampering/two-hashes')
    await append(client, vault, [vault.changeset(ann, 'three')])
  }),
)

test.run()
