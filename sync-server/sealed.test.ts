import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { Bytes } from '../shared/bytes.js'
import { signedHeader, type ItemHeader } from '../shared/log/changeset.js'
import { decodeEntry } from '../shared/log/entry.js'
import { LOG_START } from '../shared/protocol/relay.js'
import { deviceOf, TestVault } from './testing/people.js'
import { withRelay } from './testing/relay.js'

// What a relay sees of sealed items and their readers: forms and roles, by the same rules as every client.

const ann = deviceOf('ann')
const bob = deviceOf('bob')

function itemOf(body: Bytes): ItemHeader {
  const entry = decodeEntry(body)
  if (entry.kind !== 'changeset') throw new Error('no changeset')
  const [item] = signedHeader.read(entry.body.signed).items
  if (item === undefined) throw new Error('no item')
  return item
}

test(
  'who may not read writes nothing but what is sealed; keys are boxed to runners only',
  withRelay(async (relay) => {
    const vault = new TestVault(ann, 'v', relay.key)
    const { vaultId } = vault
    const client = await relay.connect(ann)
    await client.get('create', { links: [vault.genesis] }, 'created')
    const base = LOG_START
    const entries = vault.add(ann, bob, 'sealer')
    await client.get('append', { vaultId, base, entries }, 'appended')
    const refused = (body: Bytes): Promise<string> =>
      client.refused('append', { vaultId, base, entries: [body] })
    const clear = vault.changeset(bob, 'in the clear')
    assert.is(await refused(clear), 'tampering/not-authorised')
    const item = itemOf(new TestVault(ann, 'v', relay.key).changeset(ann, 'one'))
    const items = [{ ...item, readers: [0], boxes: item.meta }]
    const boxed = vault.changeset(ann, 'one', { items, readers: [bob.id] })
    assert.is(await refused(boxed), 'tampering/bad-readers')
  }),
)

test.run()
