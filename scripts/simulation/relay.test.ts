import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { CofferError } from '../../shared/errors.js'
import { cryptoReady } from '../../shared/crypto/hash.js'
import { TestRelay, withRelay } from '../../sync-server/testing/relay.js'
import { makeCertificate } from '../../sync-server/testing/certificate.js'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { foundVault, Member, newcomer, proposeDevice } from './member.js'

// The sync manager against the real relay, over real sockets.

await cryptoReady

const LONG = { timeout: 30_000 }

/** The code that a call fails with. */
async function refusal(call: Promise<unknown>): Promise<string> {
  try {
    await call
    return 'none'
  } catch (error) {
    return error instanceof CofferError ? error.code : String(error)
  }
}

async function two(relay: TestRelay): Promise<[Member, Member]> {
  const address = { url: relay.url, key: relay.key }
  const a = new Member(foundVault('a', relay.key))
  const joiner = newcomer('b', a.port.vaultId)
  a.start(address)
  await a.sync.barrier('all', LONG)
  const outcome = await a.sync.appendLink(a.port.vaultId, proposeDevice(a.port.device, joiner))
  assert.is(outcome, 'accepted')
  const b = new Member(joiner)
  b.start(address)
  return [a, b]
}

async function end(...members: Member[]): Promise<void> {
  await Promise.all(members.map((member) => member.sync.close()))
}

test(
  'a vault goes up with its drafts, another device comes in, both write, all arrives by push',
  withRelay(async (relay) => {
    const [a, b] = await two(relay)
    a.write('x', 'from a')
    await b.until(() => b.get('x') === 'from a')
    b.write('x', 'from b')
    await a.until(() => a.get('x') === 'from b')
    const result = await b.sync.barrier('all', LONG)
    assert.is(result.vaults, 1)
    assert.is(b.port.facts().outbox.length, 0)
    const [status] = b.sync.status().vaults
    assert.is(status?.phase, 'live')
    assert.is(b.sync.status().relays[0]?.state, 'connected')
    assert.equal([...a.port.alarms, ...b.port.alarms], [])
    await end(a, b)
  }),
)

test(
  'many drafts written without a relay go out in few frames, exactly once',
  withRelay(async (relay) => {
    const [a, b] = await two(relay)
    await b.sync.barrier('all', LONG)
    await end(a)
    const again = new Member(a.port.device)
    const before = b.port.facts().cursor.pos
    for (let i = 0; i < 1500; i++) again.write(`n${i}`, String(i))
    again.start({ url: relay.url, key: relay.key })
    const steps: string[] = []
    const result = await again.sync.barrier('all', {
      ...LONG,
      onProgress: (phase, done, total) => steps.push(`${phase} ${done}/${total}`),
    })
    assert.is(result.sent, 1500)
    assert.ok(steps.length > 0)
    await b.until(() => b.get('n1499') === '1499')
    await b.sync.barrier('all', LONG)
    assert.is(b.port.facts().cursor.pos, before + 1500)
    await end(again, b)
  }),
)

test(
  'a lost race of links tells the loser, with the winner taken in',
  withRelay(async (relay) => {
    const [a, b] = await two(relay)
    await b.sync.barrier('all', LONG)
    const linkA = proposeDevice(a.port.device, newcomer('c', a.port.vaultId))
    const linkB = proposeDevice(b.port.device, newcomer('d', a.port.vaultId))
    const outcomes = await Promise.all([
      a.sync.appendLink(a.port.vaultId, linkA),
      b.sync.appendLink(b.port.vaultId, linkB),
    ])
    assert.equal(outcomes.toSorted(), ['accepted', 'chain-moved'])
    assert.is(a.port.facts().links, 3)
    assert.is(b.port.facts().links, 3)
    await end(a, b)
  }),
)

test(
  'a relay that goes and comes back is met again at once; writes in between go out',
  withRelay(async (relay) => {
    const [a, b] = await two(relay)
    await b.sync.barrier('all', LONG)
    await relay.stop()
    a.write('x', 'meanwhile')
    assert.is(await refusal(a.sync.barrier('all', LONG)), 'unreachable')
    assert.is(await a.sync.appendLink(a.port.vaultId, new Uint8Array(1)), 'unreachable')
    await relay.again()
    b.sync.retryNow()
    await a.sync.barrier('all', LONG)
    await b.until(() => b.get('x') === 'meanwhile')
    assert.equal([...a.port.alarms, ...b.port.alarms], [])
    await end(a, b)
  }),
)

test(
  'a restored relay is given what it lost',
  withRelay(async (relay) => {
    const [a, b] = await two(relay)
    a.write('x', '1')
    await a.sync.barrier('all', LONG)
    await b.until(() => b.get('x') === '1')
    await end(a, b)
    await relay.stop()
    await rm(join(relay.folder, 'data', 'store'), { recursive: true })
    await relay.again('--restored')
    const address = { url: relay.url, key: relay.key }
    // The one who didn't found the vault brings it back, and the other one finds it.
    const [b2, a2] = [new Member(b.port.device), new Member(a.port.device)]
    b2.start(address)
    await b2.sync.barrier('all', LONG)
    assert.ok(b2.port.alarms.includes('log-regression'))
    a2.start(address)
    a2.write('y', '2')
    await a2.sync.barrier('all', LONG)
    await b2.until(() => b2.get('y') === '2')
    const c = new Member(newcomer('late', a.port.vaultId))
    const link = proposeDevice(a2.port.device, c.port.device)
    assert.is(await a2.sync.appendLink(a.port.vaultId, link), 'accepted')
    c.start(address)
    await c.until(() => c.get('x') === '1' && c.get('y') === '2')
    await end(a2, b2, c)
  }),
)

test('over TLS with a certificate of its own; a wrong one and a wrong key are refused', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'coffer-tls-'))
  const { cert, key } = makeCertificate()
  await writeFile(join(folder, 'cert'), cert)
  await writeFile(join(folder, 'key'), key)
  const tls = ['--tls-cert', join(folder, 'cert'), '--tls-key', join(folder, 'key')]
  const open = ['--registration', 'open']
  const relay = await TestRelay.start(...tls, ...open)
  const url = relay.url.replace('ws:', 'wss:')
  try {
    const a = new Member(foundVault('a', relay.key))
    a.start({ url, key: relay.key, ca: cert })
    await a.sync.barrier('all', LONG)
    await end(a)
    const other = new Member(foundVault('b', relay.key))
    other.start({ url, key: relay.key, ca: makeCertificate().cert })
    assert.is(await refusal(other.sync.barrier('all', LONG)), 'unreachable')
    await end(other)
    const { identity } = foundVault('c', relay.key)
    const wrongKey = Buffer.from(identity.sign.publicKey).toString('hex') as typeof relay.key
    const third = new Member(foundVault('c', relay.key))
    third.start({ url, key: wrongKey, ca: cert })
    assert.is(await refusal(third.sync.barrier('all', LONG)), 'tampering')
    assert.is(third.sync.status().relays[0]?.state, 'refused')
    await end(third)
  } finally {
    await relay.dispose()
    await rm(folder, { recursive: true })
  }
})

test.run()
