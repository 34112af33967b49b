import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { Bytes } from '../shared/bytes.js'
import { LOG_START } from '../shared/protocol/relay.js'
import type { TestClient } from './testing/client.js'
import { deviceOf, TestVault } from './testing/people.js'
import { withRelay, type TestRelay } from './testing/relay.js'

const ann = deviceOf('ann')
const bob = deviceOf('bob')
const eve = deviceOf('eve')

async function invited(relay: TestRelay, expires?: number) {
  const vault = new TestVault(ann, 'v', relay.key)
  const client = await relay.connect(ann)
  const { vaultId } = vault
  await client.get('create', { links: [vault.genesis] }, 'created')
  await client.get('open', { vaultId, after: LOG_START }, 'opened')
  await append(client, vault, [vault.invite(ann, 'code', 'writer', expires)])
  return { vault, client, vaultId, request: vault.joinRequest(bob, 'code'), link: vault.head.hash }
}

async function append(client: TestClient, vault: TestVault, entries: Bytes[]): Promise<void> {
  const { vaultId } = vault
  await client.get('append', { vaultId, base: LOG_START, entries }, 'appended')
}

test(
  'a joiner proves the invite, reads the chain, is told when it moves, and becomes a member',
  withRelay(async (relay) => {
    const { vault, client, vaultId, request } = await invited(relay)
    const joiner = await relay.connect(bob)
    assert.is(await joiner.refused('chain', { vaultId, from: 0 }), 'not-found/no-vault')
    const joined = await joiner.get('join', { vaultId, request }, 'joined')
    assert.equal([joined.member, joined.head.length], [false, 2])
    assert.equal((await client.take('joinRequest')).body.request, request)
    const pending = await client.get('joinRequests', { vaultId }, 'joinRequests')
    assert.equal(pending.requests, [request])
    const chain = await joiner.get('chain', { vaultId, from: 0 }, 'chain')
    assert.equal(chain.entries, vault.links)
    assert.is(await joiner.refused('open', { vaultId, after: LOG_START }), 'not-found/no-vault')
    assert.is(await joiner.refused('joinRequests', { vaultId }), 'not-found/no-vault')
    await append(client, vault, [vault.admit(ann, bob, 'code')])
    assert.is((await joiner.take('chainMoved')).body.head.length, 3)
    const rest = await joiner.get('chain', { vaultId, from: 2 }, 'chain')
    assert.equal(rest.entries, vault.links.slice(2))
    await joiner.get('open', { vaultId, after: LOG_START }, 'opened')
    await append(joiner, vault, [vault.changeset(bob, 'mine')])
    const again = await joiner.get('join', { vaultId, request }, 'joined')
    assert.is(again.member, true)
    const after = await client.get('joinRequests', { vaultId }, 'joinRequests')
    assert.equal(after.requests, [])
  }),
)

test(
  'the newest request under an invite replaces the one before; it survives a restart',
  withRelay(async (relay) => {
    const { vault, vaultId, request, link } = await invited(relay)
    const other = vault.joinRequest(eve, 'code', link)
    await (await relay.connect(bob)).get('join', { vaultId, request }, 'joined')
    await (await relay.connect(eve)).get('join', { vaultId, request: other }, 'joined')
    await relay.stop()
    await relay.again()
    const back = await relay.connect(ann)
    const { requests } = await back.get('joinRequests', { vaultId }, 'joinRequests')
    assert.equal(requests, [other])
  }),
)

test(
  'a request is worth nothing for another device, vault or invite',
  withRelay(async (relay) => {
    const { vault, client, vaultId, request, link } = await invited(relay)
    const thief = await relay.connect(eve)
    assert.is(await thief.refused('join', { vaultId, request }), 'tampering/bad-proof')
    const guess = vault.joinRequest(eve, 'another code', link)
    assert.is(await thief.refused('join', { vaultId, request: guess }), 'not-found/no-vault')
    const transplanted = new TestVault(ann, 'w', relay.key).joinRequest(eve, 'code', link)
    const moved = { vaultId, request: transplanted }
    assert.is(await thief.refused('join', moved), 'tampering/bad-proof')
    await append(client, vault, [vault.withdraw(ann, 'code')])
    const late = vault.joinRequest(bob, 'code', link)
    const joiner = await relay.connect(bob)
    assert.is(await joiner.refused('join', { vaultId, request: late }), 'tampering/invite-used')
  }),
)

test(
  'a joiner whose invite is withdrawn reads no more',
  withRelay(async (relay) => {
    const { vault, client, vaultId, request } = await invited(relay)
    const joiner = await relay.connect(bob)
    await joiner.get('join', { vaultId, request }, 'joined')
    await append(client, vault, [vault.withdraw(ann, 'code')])
    const { body } = await joiner.take('closed')
    assert.equal([body.code, body.reason], ['refused', 'invite-closed'])
    assert.is(await joiner.refused('chain', { vaultId, from: 0 }), 'not-found/no-vault')
  }),
)

test(
  'an expired invite opens nothing',
  withRelay(async (relay) => {
    const { vaultId, request } = await invited(relay, 1)
    const joiner = await relay.connect(bob)
    assert.is(await joiner.refused('join', { vaultId, request }), 'refused/expired')
  }),
)

test.run()
