import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { toHex, type Bytes } from '../shared/bytes.js'
import { entryIdOf } from '../shared/log/entry.js'
import { LOG_START, type Cursor } from '../shared/protocol/relay.js'
import { fetchPage } from './testing/http.js'
import type { TestClient } from './testing/client.js'
import { deviceOf, TestVault, type TestDevice } from './testing/people.js'
import { withRelay, type TestRelay } from './testing/relay.js'

const ann = deviceOf('ann')
const bob = deviceOf('bob')
const eve = deviceOf('eve')

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

const refusal = (client: TestClient, vault: TestVault, entries: readonly Bytes[]) =>
  client.refused('append', { vaultId: vault.vaultId, base: LOG_START, entries })

/** Takes `entries` pushes until `count` entries arrived; they must be contiguous from `from`. */
async function received(client: TestClient, from: number, count: number): Promise<Bytes[]> {
  const bodies: Bytes[] = []
  while (bodies.length < count) {
    const { body } = await client.take('entries')
    assert.is(body.from, from + bodies.length, 'contiguous')
    bodies.push(...body.entries)
  }
  return bodies
}

test(
  'a vault is created once; its log is pushed from the cursor on, then live',
  withRelay(async (relay) => {
    const { vault, client } = await ownVault(relay)
    const again = await client.get('create', { links: [vault.genesis] }, 'created')
    assert.is(again.existed, true)
    const one = vault.changeset(ann, 'one')
    const done = await append(client, vault, [one])
    assert.equal(done.positions, [2])
    const { vaultId } = vault
    const opened = await client.get('open', { vaultId, after: LOG_START }, 'opened')
    assert.equal(opened.head, { pos: 2, entryId: entryIdOf(one) })
    assert.equal([opened.generation, opened.floor, opened.memberHead.length], [1, 0, 1])
    assert.equal(await received(client, 1, 2), [vault.genesis, one])
    const two = vault.changeset(ann, 'two')
    await append(client, vault, [two])
    assert.equal(await received(client, 3, 1), [two])
    // From a later cursor, on another connection.
    const other = await relay.connect(ann)
    const after: Cursor = { pos: 2, entryId: entryIdOf(one) }
    await other.get('open', { vaultId, after }, 'opened')
    assert.equal(await received(other, 3, 1), [two])
    await other.get('close', { vaultId }, 'done')
  }),
)

test(
  'strangers learn nothing: a vault that is not theirs is a vault that is not there',
  withRelay(async (relay) => {
    const { vault } = await ownVault(relay)
    const absent = new TestVault(bob, 'absent', relay.key)
    const stranger = await relay.connect(eve)
    for (const { vaultId, genesis } of [vault, absent]) {
      const after = LOG_START
      const answers = [
        await stranger.refused('open', { vaultId, after }),
        await stranger.refused('append', { vaultId, base: after, entries: [genesis] }),
        await stranger.refused('putHead', { vaultId, head: vault.signedHead(eve, 1) }),
        await stranger.refused('heads', { vaultId }),
        await stranger.refused('chain', { vaultId, from: 0 }),
        await stranger.refused('joinRequests', { vaultId }),
        await stranger.refused('join', { vaultId, request: vault.joinRequest(eve, 'guess') }),
      ]
      assert.equal(new Set(answers), new Set(['not-found/no-vault']))
    }
    // Nor do made-up ids stay in the relay's memory.
    const [, metrics] = await fetchPage(`${relay.url.replace('ws:', 'http:')}/metrics`)
    assert.match(metrics, 'coffer_relay_vaults_loaded 1\n')
    const known = { links: [vault.genesis] }
    assert.is(await stranger.refused('create', known), 'not-found/no-vault')
    const foreign = { links: [absent.genesis] }
    assert.is(await stranger.refused('create', foreign), 'refused/not-member')
  }),
)

test(
  'a member may bring back a vault that the relay lost',
  withRelay(async (relay) => {
    const vault = new TestVault(ann, 'lost', relay.key)
    vault.add(ann, bob, 'writer')
    const client = await relay.connect(bob)
    await client.get('create', { links: vault.links }, 'created')
    await append(client, vault, [vault.changeset(ann, 'ann’s, resent by bob')])
  }),
)

test(
  'replays keep their positions',
  withRelay(async (relay) => {
    const { vault, client } = await ownVault(relay)
    const entries = [vault.changeset(ann, 'one'), vault.changeset(ann, 'two')]
    assert.equal((await append(client, vault, entries)).positions, [2, 3])
    const three = vault.changeset(ann, 'three')
    assert.equal((await append(client, vault, [...entries, three])).positions, [2, 3, 4])
    const skipped = vault.changeset(ann, 'four', { seq: 6 })
    assert.is(await refusal(client, vault, [skipped]), 'tampering/bad-seq')
  }),
)

test(
  'roles, epochs, authors and signatures are checked; nothing of a refused append stays',
  withRelay(async (relay) => {
    const { vault, client } = await ownVault(relay)
    await append(client, vault, vault.add(ann, bob, 'reader'))
    const good = vault.changeset(ann, 'good')
    const unlawful: [string, Bytes][] = [
      ['tampering/not-authorised', vault.changeset(bob, 'a reader writes')],
      ['tampering/unknown-author', vault.changeset(eve, 'a stranger writes')],
      [
        'tampering/wrong-epoch',
        new TestVault(ann, 'v', relay.key).changeset(ann, 'x', { epoch: 2 }),
      ],
      ['tampering/foreign-vault', new TestVault(ann, 'w', relay.key).changeset(ann, 'x')],
    ]
    for (const [expected, bad] of unlawful) {
      assert.is(await refusal(client, vault, [bad]), expected)
    }
    const damaged = Uint8Array.from(good)
    damaged[damaged.length - 40] = (damaged[damaged.length - 40] ?? 0) ^ 1
    assert.is(await refusal(client, vault, [damaged]), 'tampering/bad-item')
    assert.equal((await append(client, vault, [good])).positions, [4])
  }),
)

test(
  'items are checked against their header, and a changeset is finished before the next',
  withRelay(async (relay) => {
    const { vault, client } = await ownVault(relay)
    const [header, first, second] = vault.split(ann, ['a', 'b', 'c'], 1) as [Bytes, Bytes, Bytes]
    const next = vault.changeset(ann, 'next')
    assert.is(await refusal(client, vault, [first]), 'relay-refused/no-changeset')
    await append(client, vault, [header])
    assert.is(await refusal(client, vault, [next]), 'relay-refused/incomplete')
    assert.is(await refusal(client, vault, [second]), 'tampering/bad-item')
    await append(client, vault, [first])
    await relay.stop()
    await relay.again()
    // The relay remembers what is missing over a restart.
    const back = await relay.connect(ann)
    assert.is(await refusal(back, vault, [next]), 'relay-refused/incomplete')
    assert.equal((await append(back, vault, [second, next])).positions, [4, 5])
    assert.equal((await append(back, vault, [header, first, second])).positions, [2, 3, 4])
  }),
)

test(
  'links race by compare-and-set: one wins, the other is told',
  withRelay(async (relay) => {
    const { vault, client } = await ownVault(relay)
    await append(client, vault, vault.add(ann, bob, 'admin'))
    const other = await relay.connect(bob)
    const twin = new TestVault(ann, 'v', relay.key)
    twin.add(ann, bob, 'admin')
    const [a, b] = [vault.invite(ann, 'x', 'reader'), twin.invite(bob, 'y', 'reader')]
    const { vaultId } = vault
    const answers = await Promise.all([
      client.ask('append', { vaultId, base: LOG_START, entries: [a] }),
      other.ask('append', { vaultId, base: LOG_START, entries: [b] }),
    ])
    const kinds = answers.map(({ kind, body }) => ('reason' in body ? body.reason : kind))
    assert.equal(kinds.toSorted(), ['appended', 'chain-moved'])
    const { head } = await client.get('chain', { vaultId, from: 3 }, 'chain')
    assert.is(head.length, 4)
  }),
)

test(
  'content needs a chain that names this relay',
  withRelay(async (relay) => {
    const vault = new TestVault(ann, 'local', undefined)
    const client = await relay.connect(ann)
    await client.get('create', { links: [vault.genesis] }, 'created')
    const early = vault.changeset(ann, 'early')
    assert.is(await refusal(client, vault, [early]), 'relay-refused/other-relay')
    const naming = vault.link(ann, { kind: 'relay', body: { relay: relay.key } })
    assert.equal((await append(client, vault, [naming, early])).positions, [2, 3])
  }),
)

test(
  'a base that is not on the log is refused',
  withRelay(async (relay) => {
    const { vault, client } = await ownVault(relay)
    const { vaultId } = vault
    const base = { pos: 9, entryId: entryIdOf(vault.genesis) }
    const entries = [vault.changeset(ann, 'x')]
    assert.is(await client.refused('append', { vaultId, base, entries }), 'relay-refused/diverged')
    assert.is(await client.refused('open', { vaultId, after: base }), 'relay-refused/diverged')
    await append(client, vault, entries)
  }),
)

test(
  'many appends at once keep every device’s order and leave no gap',
  withRelay(async (relay) => {
    const { vault, client } = await ownVault(relay)
    const devices: TestDevice[] = Array.from({ length: 4 }, (_, i) => deviceOf(`d${i}`))
    for (const device of devices) await append(client, vault, vault.add(ann, device, 'writer'))
    const { vaultId } = vault
    await client.get('open', { vaultId, after: LOG_START }, 'opened')
    const sent = await Promise.all(
      devices.map(async (device) => {
        const own = await relay.connect(device)
        const bodies = Array.from({ length: 25 }, (_, i) => vault.changeset(device, `${i}`))
        const replies = await Promise.all(bodies.map((body) => append(own, vault, [body])))
        const positions = replies.flatMap((reply) => reply.positions)
        assert.equal(
          positions,
          positions.toSorted((a, b) => a - b),
        )
        return positions
      }),
    )
    const all = sent.flat().toSorted((a, b) => a - b)
    assert.equal(
      all,
      Array.from({ length: 100 }, (_, i) => 10 + i),
    )
    assert.is((await received(client, 1, 109)).length, 109)
  }),
)

test(
  'heads reach the other members',
  withRelay(async (relay) => {
    const { vault, client } = await ownVault(relay)
    await append(client, vault, vault.add(ann, bob, 'reader'))
    const { vaultId } = vault
    const other = await relay.connect(bob)
    await other.get('open', { vaultId, after: LOG_START }, 'opened')
    const head = vault.signedHead(ann, 3)
    await client.get('putHead', { vaultId, head }, 'done')
    assert.is(toHex((await other.take('head')).body.head), toHex(head))
    const mine = vault.signedHead(bob, 1)
    await other.get('putHead', { vaultId, head: mine }, 'done')
    const { heads } = await client.get('heads', { vaultId }, 'heads')
    assert.equal(heads.map(toHex).toSorted(), [head, mine].map(toHex).toSorted())
    const forged = { vaultId, head: vault.signedHead(ann, 9) }
    assert.is(await other.refused('putHead', forged), 'tampering/foreign-head')
  }),
)

test(
  'what was acknowledged is there after a restart, and the key is the same',
  withRelay(async (relay) => {
    const { vault, client } = await ownVault(relay)
    const entries = [vault.changeset(ann, 'a'), vault.changeset(ann, 'b')]
    await append(client, vault, entries)
    const { key } = relay
    await relay.stop()
    await relay.again('--restored')
    assert.is(relay.key, key)
    const back = await relay.connect(ann)
    const { vaultId } = vault
    const opened = await back.get('open', { vaultId, after: LOG_START }, 'opened')
    assert.equal([opened.head.pos, opened.generation], [3, 2])
    assert.equal(await received(back, 1, 3), [vault.genesis, ...entries])
    await append(back, vault, [vault.changeset(ann, 'c')])
  }),
)

test.run()
