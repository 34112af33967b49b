// Snapshots through the installed programs: made and confirmed in the background, pruned to, and started from.
import { writeFileSync } from 'node:fs'
import * as path from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { type Client } from '../../cli/reach/client.js'
import { LIMITS } from '../../shared/limits.js'
import { type Home } from './harness/home.js'
import { type Relay } from './harness/relay.js'
import { until } from './harness/until.js'
import { inWorld } from './harness/world.js'
import { bytesOfFirst, fill, fullLeaves, grown } from './support/first-secret.js'
import { clientOf, contextOf } from './support/local.js'
import { countsOf } from './support/metrics.js'

/** Sets so many secrets, each in a transaction of its own, and syncs. */
async function write(client: Client, from: number, to: number, names = to): Promise<void> {
  await fill(client, from, to, names)
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
    await write(client, 0, 70)
    await until('a snapshot is kept', async () => (await counted(relay, 'kept_snapshots')) === 1)
    await write(client, 70, 680, 100)
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
      await write(client, to - 90, to, 20)
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

/** Changesets, each of a secret that still counts. With --full as many as are between two checkpoints. */
const MANY = process.env['TEST_FULL'] === undefined ? 1000 : LIMITS.checkpointAfter

async function firstOf(changesets: number): Promise<number> {
  let bytes = 0
  await inWorld(async (world) => {
    const vault = await grown(world, changesets)
    bytes = await bytesOfFirst(world, vault)
    vault.client.close()
    vault.relay.close()
  })
  return bytes
}

test(`a new device is sent as much for its first secret whether 100 were written or ${MANY}`, async () => {
  const few = await firstOf(fullLeaves(100))
  const many = await firstOf(fullLeaves(MANY))
  console.log(`${few} bytes at 100 changesets, ${many} at ${MANY}`)
  assert.ok(Math.abs(many - few) < few / 10, `${few} bytes, then ${many}`)
})

test.run()
