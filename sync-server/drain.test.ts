import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { LOG_START } from '../shared/protocol/relay.js'
import { TestClient } from './testing/client.js'
import { fetchPage } from './testing/http.js'
import { deviceOf, TestVault } from './testing/people.js'
import { withRelay, type TestRelay } from './testing/relay.js'

const ann = deviceOf('ann')

const page = (relay: TestRelay, path: string): Promise<[number, string]> =>
  fetchPage(relay.url.replace('ws:', 'http:') + path)

test(
  'draining finishes what is in flight, tells clients, and refuses what is new',
  withRelay(async (relay) => {
    const client = await relay.connect(ann)
    const vault = new TestVault(ann, 'v', relay.key)
    const { vaultId } = vault
    await client.get('create', { links: [vault.genesis] }, 'created')
    const appends = Array.from({ length: 20 }, (_, i) =>
      client.ask('append', { vaultId, base: LOG_START, entries: [vault.changeset(ann, `${i}`)] }),
    )
    // Let the first be acknowledged, so that the others are on their way.
    await appends[0]
    const stopped = relay.stop()
    const { body } = await client.take('draining')
    assert.ok(body.retryAfter > 0)
    const answers = await Promise.allSettled(appends)
    assert.is((await client.untilClosed()).code, 1012)
    await stopped
    const acknowledged = answers.filter(
      (one) => one.status === 'fulfilled' && one.value.kind === 'appended',
    ).length
    assert.ok(acknowledged > 0)
    await relay.again()
    const back = await relay.connect(ann)
    const opened = await back.get('open', { vaultId, after: LOG_START }, 'opened')
    assert.ok(opened.head.pos >= 1 + acknowledged, 'every acknowledged entry is there')
  }),
)

test(
  'pages: livez, readyz, metrics, and nothing else',
  withRelay(async (relay) => {
    const client = await relay.connect(ann)
    const vault = new TestVault(ann, 'v', relay.key)
    await client.get('create', { links: [vault.genesis] }, 'created')
    assert.equal(await page(relay, '/livez'), [200, 'ok\n'])
    assert.equal(await page(relay, '/readyz'), [200, 'ok\n'])
    assert.is((await page(relay, '/'))[0], 404)
    assert.is((await page(relay, '/../etc/passwd'))[0], 404)
    const [status, metrics] = await page(relay, '/metrics')
    assert.is(status, 200)
    assert.match(metrics, 'coffer_relay_connections 1')
    assert.match(metrics, 'coffer_relay_requests_total{kind="create",outcome="done"} 1')
    for (const id of [vault.vaultId, ann.id]) assert.not.match(metrics, id.slice(0, 8))
  }),
)

test(
  'logs name nothing in full',
  withRelay(async (relay) => {
    const client = await relay.connect(ann)
    const vault = new TestVault(ann, 'v', relay.key)
    const { vaultId } = vault
    await client.get('create', { links: [vault.genesis] }, 'created')
    await client.refused('chain', { vaultId: relay.key as never, from: 0 })
    const second = await TestClient.connect(relay.url, relay.key, ann)
    second.sendBytes('text')
    await second.untilClosed()
    const log = relay.log.join('')
    assert.match(log, '"event":"refused"')
    for (const id of [vaultId, ann.id, ann.userId, relay.key])
      assert.not.match(log, id.slice(0, 16))
    for (const line of relay.log) assert.type(JSON.parse(line), 'object')
  }),
)

test.run()
