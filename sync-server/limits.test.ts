import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { idOf } from '../shared/ids.js'
import { CLOSE_CODES, LOG_START, type RelayMessage } from '../shared/protocol/relay.js'
import { TestClient, within } from './testing/client.js'
import { deviceOf, TestVault } from './testing/people.js'
import { TestRelay, withRelay } from './testing/relay.js'

const ann = deviceOf('ann')
const VAULT = idOf<never>(new Uint8Array(32))

test(
  'a sustained rate is refused with a wait, then the connection is closed',
  withRelay(
    async (relay) => {
      const client = await relay.connect(ann)
      let limited: RelayMessage | undefined
      for (let i = 0; i < 100 && limited === undefined; i++) {
        const reply = await client.ask('heads', { vaultId: VAULT })
        if (reply.kind === 'refused' && reply.body.reason === 'rate') limited = reply
      }
      assert.ok(limited?.kind === 'refused' && (limited.body.retryAfter ?? 0) > 0)
      for (let i = 0; i < 20; i++) {
        client.send({ kind: 'heads', id: 1000 + i, body: { vaultId: VAULT } })
      }
      assert.is((await client.untilClosed()).code, CLOSE_CODES.limit)
      await relay.connect(ann)
    },
    '--rate',
    '1',
  ),
)

test(
  'a full vault refuses content, and still takes the link that closes an invite',
  withRelay(
    async (relay) => {
      const client = await relay.connect(ann)
      const vault = new TestVault(ann, 'v', relay.key)
      const { vaultId } = vault
      const base = LOG_START
      await client.get('create', { links: [vault.genesis] }, 'created')
      let refusal: string | undefined
      for (let i = 0; refusal === undefined && i < 1000; i++) {
        const entries = [vault.changeset(ann, `${i}`)]
        const reply = await client.ask('append', { vaultId, base, entries })
        if (reply.kind === 'refused') refusal = `${reply.body.code}/${reply.body.reason}`
      }
      assert.is(refusal, 'limit/quota')
      const links = [vault.invite(ann, 'x', 'reader'), vault.withdraw(ann, 'x')]
      await client.get('append', { vaultId, base, entries: links }, 'appended')
      await client.get('putHead', { vaultId, head: vault.signedHead(ann, 1) }, 'done')
    },
    '--quota',
    '64K',
  ),
)

test(
  'connections are capped for all, and for one device the oldest goes',
  withRelay(
    async (relay) => {
      const first = await relay.connect(ann)
      for (let i = 0; i < 8; i++) await relay.connect(ann)
      assert.is((await first.untilClosed()).code, CLOSE_CODES.limit)
      await relay.connect(deviceOf('bob'))
      const outcome = await within(
        TestClient.connect(relay.url, relay.key, deviceOf('eve')).then(
          () => 'connected',
          (error: Error) => error.message,
        ),
        'the refusal',
      )
      assert.match(outcome, /503/)
    },
    '--max-connections',
    '9',
  ),
)

test('vaults are made with a token only; tokens come and go without a restart', async () => {
  const relay = await TestRelay.start('--registration', 'closed')
  try {
    const file = join(relay.folder, 'tokens.txt')
    const vault = (label: string) => [new TestVault(ann, label, relay.key).genesis]
    const closed = await relay.connect(ann)
    const links = vault('a')
    assert.is(await closed.refused('create', { links, token: 'x' }), 'relay-refused/registration')
    await relay.stop()
    await relay.again('--registration', 'token', '--registration-file', file)
    const client = await relay.connect(ann)
    assert.is(await client.refused('create', { links, token: 'one' }), 'storage/unavailable')
    await writeFile(file, '# tokens\n\n one \ntwo\n')
    assert.is(await client.refused('create', { links }), 'relay-refused/registration')
    assert.is(await client.refused('create', { links, token: '' }), 'relay-refused/registration')
    assert.is(
      await client.refused('create', { links, token: '# tokens' }),
      'relay-refused/registration',
    )
    await client.get('create', { links, token: 'two' }, 'created')
    await writeFile(file, 'three\n')
    assert.is(
      await client.refused('create', { links: vault('b'), token: 'two' }),
      'relay-refused/registration',
    )
    // Whoever is a member needs no token for a vault that is there.
    const again = await client.get('create', { links }, 'created')
    assert.ok(again.existed)
  } finally {
    await relay.dispose()
  }
})

test.run()
