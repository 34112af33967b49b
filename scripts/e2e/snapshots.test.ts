// Snapshots through the installed programs: made and confirmed in the background, pruned to, and started from.
import { writeFileSync } from 'node:fs'
import * as path from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { type Client } from '../../cli/client.js'
import { type RelayMessage } from '../../shared/protocol/relay.js'
import { type Home } from './harness/home.js'
import { type Relay } from './harness/relay.js'
import { until } from './harness/until.js'
import { inWorld } from './harness/world.js'
import { base64, clientOf, contextOf } from './support/local.js'
import { HostileRelay } from './support/hostile/relay.js'
import { countsOf } from './support/metrics.js'

/** Sets so many secrets, each in a transaction of its own, and syncs. */
async function fill(client: Client, from: number, to: number, names = to): Promise<void> {
  for (let at = from; at < to; at += 50) {
    const some = Array.from({ length: Math.min(50, to - at) }, (_, i) => at + i)
    await Promise.all(
      some.map((n) =>
        client.call('secretSet', {
          context: contextOf(),
          name: `/user/secret-${n % names}`,
          value: base64(`value ${n}`),
        }),
      ),
    )
  }
  await client.call('sync', { context: contextOf(), timeout: 30_000 })
}

const counted = async (relay: Relay, name: string): Promise<number> => {
  const counts = await countsOf(relay)
  return [...counts].find(([key]) => key.includes(name))?.[1] ?? 0
}

async function join(first: Home, second: Home): Promise<void> {
  const code = (await first.ok(['device', 'add'])).trim()
  const running = second.start(['join', code, '--key-file', second.keyFile])
  const [, fingerprint = ''] = await running.printed(/^fingerprint: (\S+)$/m)
  await first.ok(['device', 'confirm', fingerprint])
  const { code: status } = await running.ended
  assert.is(status, 0, running.describe())
}

test('a log that has grown is snapshotted, and pruned; a new device starts from there and sees everything', async () => {
  await inWorld(async (world) => {
    const relay = await world.relay({ args: ['--prune'] })
    const a = world.home('a')
    await a.init()
    await relay.serve(a)
    const client = await clientOf(world, a)
    writeFileSync(path.join(a.folder, 'config.json'), '{"checkpointAfter": 64}', { mode: 0o600 })
    await fill(client, 0, 70)
    await until('a snapshot is kept', async () => (await counted(relay, 'kept_snapshots')) === 1)
    await fill(client, 70, 680, 100)
    await until('another one is', async () => (await counted(relay, 'kept_snapshots')) > 1)
    await until('the log is pruned', async () => (await counted(relay, 'pruned_positions')) > 60)
    const b = world.home('b')
    await join(a, b)
    assert.is(await b.ok(['get', '/user/secret-7']), 'value 607\n')
    await b.ok(['sync'])
    assert.is(await b.ok(['ls', '/user']), await a.ok(['ls', '/user']))
    assert.is(await b.ok(['get', '/user/secret-99']), await a.ok(['get', '/user/secret-99']))
    await b.ok(['set', '/user/secret-7', 'from b'])
    await b.ok(['sync'])
    await a.until(['get', '/user/secret-7'], (out) => out === 'from b\n')
    const { vaults } = await (await clientOf(world, b)).call('status', { context: contextOf() })
    assert.equal(vaults[0]?.warnings, [])
    assert.ok((vaults[0]?.checkpoint?.pos ?? 0) > 500)
    // The hundred names, and what the vault itself says.
    assert.is(vaults[0]?.checkpoint?.changes, 102)
    client.close()
  })
})

test('attack 24: a device that was away while the log was pruned goes on, and brings nothing back', async () => {
  await inWorld(async (world) => {
    const relay = await world.relay({ args: ['--prune'] })
    const [a, b, away] = [world.home('a'), world.home('b'), world.home('c')]
    await a.init()
    await relay.serve(a)
    for (const one of [b, away]) await join(a, one)
    for (const one of [a, b]) {
      writeFileSync(path.join(one.folder, 'config.json'), '{"checkpointAfter": 64}', {
        mode: 0o600,
      })
    }
    await a.ok(['set', '/user/gone', '1'])
    await a.ok(['set', '/user/kept', '1'])
    await a.ok(['sync'])
    await away.ok(['sync'])
    await away.stopDaemon()
    await a.ok(['rm', '/user/gone'])
    const client = await clientOf(world, a)
    for (const [i, to] of [90, 180, 270].entries()) {
      await fill(client, to - 90, to, 20)
      // The other device is the only one that may confirm it.
      await until('a checkpoint', async () => (await counted(relay, 'kept_snapshots')) > i)
    }
    await until('the log is pruned', async () => (await counted(relay, 'pruned_positions')) > 60)
    await away.ok(['set', '/user/late', 'written before it heard of anything', '--offline'])
    await away.ok(['sync'])
    await away.exits(20, ['get', '/user/gone'])
    assert.is(await away.ok(['get', '/user/kept']), '1\n')
    await a.until(['get', '/user/late'])
    assert.is(await away.ok(['ls', '/user']), await a.ok(['ls', '/user']))
    const { vaults } = await (await clientOf(world, away)).call('status', { context: contextOf() })
    assert.equal(vaults[0]?.warnings, [])
    client.close()
  })
})

/** The relay's bytes that a new device of this person takes until it has read its first secret. */
async function firstSecret(secrets: number): Promise<number> {
  let bytes = 0
  await inWorld(async (world) => {
    const relay = await HostileRelay.start(world)
    const a = world.home('a')
    await a.init()
    await a.ok(['relay', 'set', relay.url, '--relay-key', relay.key])
    const client = await clientOf(world, a)
    await fill(client, 0, secrets)
    await until('a snapshot is offered', async () => {
      return (await counted(relay.real, 'kind="putSnapshot",outcome="done"')) > 0
    })
    const b = world.home('b')
    const code = (await a.ok(['device', 'add'])).trim()
    const joining = await b.run(['join', code, '--key-file', b.keyFile, '--no-wait'])
    const [, fingerprint = ''] = /^fingerprint: (\S+)$/m.exec(joining.out + joining.err) ?? []
    // Whatever isn't needed for one name is slow: neither the log nor the rest of the snapshot comes.
    const own = relay.wires[0]?.device
    const isSlow = (message: RelayMessage): boolean =>
      message.kind === 'entries' ||
      (message.kind === 'snapshotPart' && message.body.snapshots.length === 0)
    relay.lie = {
      down: (message, wire) => (wire.device !== own && isSlow(message) ? [] : [message]),
    }
    await a.ok(['device', 'confirm', fingerprint])
    assert.is(await b.until(['get', '/user/secret-7']), 'value 7\n')
    const { vaults } = await (await clientOf(world, b)).call('status', { context: contextOf() })
    assert.is(vaults[0]?.state, 'loading')
    assert.equal(vaults[0]?.warnings, [])
    const theirs = relay.wires.filter(({ device }) => device !== own)
    bytes = theirs.flatMap(({ received }) => received).reduce((sum, one) => sum + one.length, 0)
    client.close()
    relay.close()
  })
  return bytes
}

test('a new device is sent as much for its first secret whether 100 were written or 1000', async () => {
  const few = await firstSecret(100)
  const many = await firstSecret(1000)
  assert.ok(Math.abs(many - few) < few / 10, `${few} bytes, then ${many}`)
})

test.run()
