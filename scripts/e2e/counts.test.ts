// What work costs in counts that no slow machine changes: messages, bytes, syncs of the disk, signatures checked.
// scripts/bench tells the times.
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import * as path from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { type Client } from '../../cli/reach/client.js'
import { requestBytes } from '../../cli/hot.js'
import { createReplica } from '../../daemon/core/vault/create.js'
import { Replica } from '../../daemon/core/vault/replica.js'
import {
  addDeviceEntry,
  testEnv,
  testIdentity,
  type TestDevice,
} from '../../daemon/core/vault/testing/devices.js'
import { utf8, type Bytes } from '../../shared/bytes.js'
import { cryptoReady } from '../../shared/crypto/hash.js'
import { verificationsOf } from '../../shared/crypto/testing/count.js'
import { type Home } from './harness/home.js'
import { type StartOptions } from './harness/program.js'
import { Relay } from './harness/relay.js'
import { until } from './harness/until.js'
import { inWorld, type World } from './harness/world.js'
import { base64, clientOf, contextOf, exchangeBytes, socketPathOf } from './support/local.js'
import { countsOf, rise, type Counts } from './support/metrics.js'

await cryptoReady

const SETS = 20
const NAME = '/user/x'

const permitted = spawnSync('strace', ['-o', '/dev/null', 'true']).status === 0
if (!permitted) console.log('skipped: counting syncs needs strace, and the right to trace')
const traced = permitted ? test : test.skip

/** Lets `second` join the vaults of `first`. */
async function join(first: Home, second: Home): Promise<void> {
  const code = (await first.ok(['device', 'add'])).trim()
  const running = second.start(['join', code, '--key-file', second.keyFile])
  const [, fingerprint = ''] = await running.printed(/^fingerprint: (\S+)$/m)
  await first.ok(['device', 'confirm', fingerprint])
  const { code: status } = await running.ended
  assert.is(status, 0, running.describe())
}

const SYNCS = ['strace', '-f', '-qq', '-e', 'trace=fsync,fdatasync', '-e', 'signal=none', '-o']
const traceOf = (world: World, name: string): string => path.join(world.folder, `trace-${name}`)
const syncsIn = (world: World, name: string): number =>
  (readFileSync(traceOf(world, name), 'utf8').match(/^\d+ +f(?:data)?sync\(/gm) ?? []).length

async function tracedRelay(world: World): Promise<Relay> {
  const start = (argv: readonly string[], options?: Partial<StartOptions>) =>
    world.start([...SYNCS, traceOf(world, 'relay'), ...argv], options)
  const relay = new Relay({ folder: world.folder, start }, {})
  await relay.start()
  return relay
}

async function tracedDaemon(world: World, home: Home): Promise<void> {
  const env = { COFFER_HOME: home.folder }
  const running = world.start([...SYNCS, traceOf(world, home.name), 'cofferd'], { env })
  await until(
    () => `the daemon under strace answers: ${running.describe()}`,
    async () => (await home.run(['daemon', 'status', '--json'])).out.includes('"pid"'),
    { timeout: 30_000 },
  )
}

type Look = { readonly relay: Counts; readonly syncs: Readonly<Record<string, number>> }

async function look(world: World, relay: Relay, names: readonly string[]): Promise<Look> {
  const syncs = Object.fromEntries(names.map((name) => [name, syncsIn(world, name)]))
  return { relay: await countsOf(relay), syncs }
}

/** Two looks with a full sync of both between them show the same: nothing is under way any more. */
async function settled(
  world: World,
  relay: Relay,
  clients: readonly Client[],
  names: readonly string[],
): Promise<Look> {
  const quiet = (counts: Counts): string =>
    JSON.stringify([...counts].filter(([name]) => !/kind="open"|http/.test(name)))
  return until('everything has come to rest', async () => {
    const before = await look(world, relay, names)
    for (const client of clients) await client.call('sync', { context: contextOf(), timeout: 9000 })
    const after = await look(world, relay, names)
    const rests = JSON.stringify(before.syncs) === JSON.stringify(after.syncs)
    return rests && quiet(before.relay) === quiet(after.relay) && after
  })
}

/** A new device writes its own name once everything is there; waits until `client` knows the names of `count`. */
async function named(client: Client, count: number): Promise<void> {
  await until('every device has said its name', async () => {
    const { devices } = await client.call('deviceList', { context: contextOf() })
    return devices.length === count && devices.every(({ name }) => name !== '')
  })
}

/** Sets one value and waits until the other device reads it. */
async function setAndSee(writer: Client, reader: Client, text: string): Promise<void> {
  const value = base64(text)
  await writer.call('secretSet', { context: contextOf(), name: NAME, value })
  await until('the other device reads it', async () => {
    const seen = await reader.call('secretGet', { context: contextOf(), name: NAME })
    return seen.value === value
  })
}

traced('a set is one message, one kilobyte, and five syncs over three disks', async () => {
  await inWorld(async (world) => {
    const relay = await tracedRelay(world)
    const [a, b] = [world.home('a'), world.home('b')]
    await tracedDaemon(world, a)
    await a.init()
    await relay.serve(a)
    await a.ok(['set', NAME, '0'])
    await tracedDaemon(world, b)
    await join(a, b)
    const [writer, reader] = [await clientOf(world, a), await clientOf(world, b)]
    const names = ['a', 'b', 'relay']
    await named(writer, 2)
    const before = await settled(world, relay, [writer, reader], names)
    for (let n = 0; n < SETS; n++) await setAndSee(writer, reader, `value ${n}`)
    const after = await settled(world, relay, [writer], names)
    writer.close()
    reader.close()

    const rose = (name: string, labels = ''): number =>
      rise(before.relay, after.relay, name, labels)
    assert.is(rose('requests_total', 'kind="append"'), SETS, 'one request each')
    assert.is(rose('appended_entries_total'), SETS, 'one entry each')
    assert.is(rose('delivered_entries_total'), 2 * SETS, 'each to writer and reader')
    assert.is(rose('refusals_total'), 0)
    const bytes = rose('appended_bytes_total') / SETS
    assert.ok(bytes > 900 && bytes < 1024, `an entry has ${bytes} bytes`)
    const overhead = rose('delivered_bytes_total') / (2 * SETS) - bytes
    assert.ok(overhead > 0 && overhead < 64, `a push adds ${overhead} bytes`)

    const synced = (name: string): number => (after.syncs[name] ?? 0) - (before.syncs[name] ?? 0)
    const heads = rose('requests_total', 'kind="putHead"')
    assert.is(synced('a'), 3 * SETS, 'the draft; the signed changeset; that it stands in the log')
    assert.is(synced('relay'), SETS + heads, 'the entry, and the signed heads if one was due')
    assert.is(synced('b'), SETS, 'the entry')
  })
})

test('what a new device is sent grows with the secrets by a fixed amount, and what it asks not at all', async () => {
  await inWorld(async (world) => {
    const relay = await world.relay()
    const a = world.home('a')
    await a.init()
    await relay.serve(a)
    const client = await clientOf(world, a)
    const cost = async (
      name: string,
    ): Promise<{ bytes: number; entries: number; asked: number }> => {
      await client.call('sync', { context: contextOf(), timeout: 9000 })
      const before = await countsOf(relay)
      const device = world.home(name)
      await join(a, device)
      await device.ok(['sync'])
      const after = await countsOf(relay)
      await device.stopDaemon()
      return {
        bytes: rise(before, after, 'delivered_bytes_total'),
        entries: rise(before, after, 'delivered_entries_total'),
        asked: rise(before, after, 'requests_total'),
      }
    }
    const fill = async (from: number, to: number): Promise<void> => {
      const items = Array.from({ length: to - from }, (_, i) => ({
        name: `/user/secret-${from + i}`,
        value: base64(`value ${from + i}`),
      }))
      await client.call('secretSetMany', { context: contextOf(), items, dryRun: false })
    }
    await fill(0, 50)
    const few = await cost('b')
    await fill(50, 550)
    const many = await cost('c')
    client.close()

    const each = (many.bytes - few.bytes) / 500
    assert.ok(each > 592 && each < 760, `${each} bytes for each secret more`)
    assert.ok(
      many.entries - few.entries < 12,
      'a transaction is one entry, not one for each secret',
    )
    assert.ok(many.asked <= few.asked + 6, `${few.asked} requests, then ${many.asked}`)
  })
})

test('a get is one short exchange on the local socket, and opens no program but the short one', async () => {
  await inWorld(async (world) => {
    const home = world.home('a')
    await home.init()
    const value = 'v'.repeat(100)
    await home.ok(['set', NAME, '--stdin'], { stdin: value })
    const request = requestBytes(['get', NAME], {})
    assert.ok(request.length < 200, `${request.length} bytes asked`)
    const answer = await exchangeBytes(socketPathOf(home), request)
    // Status, three lengths, the value and its line end.
    assert.is(answer.length, 1 + 3 * 4 + value.length + 1)

    if (!permitted) return
    const file = path.join(world.folder, 'trace')
    const argv = ['strace', '-f', '-qq', '-e', 'trace=openat,connect', '-o', file]
    const { code, out } = await world.start([...argv, 'coffer', 'get', NAME], {
      env: { COFFER_HOME: home.folder },
    }).ended
    assert.is(code, 0)
    assert.is(out, `${value}\n`)
    const calls = readFileSync(file, 'utf8')
    const opened = [...calls.matchAll(/openat\([^,]*, "([^"]+\.[cm]?js)"/g)].map(([, name]) => name)
    assert.equal(
      opened.map((name) => path.basename(name ?? '')),
      ['coffer.cjs'],
    )
    assert.is((calls.match(/connect\(/g) ?? []).length, 1)
  })
})

/** An owner's device, another one of its user, and the log between them. */
function pair(): { a: TestDevice; b: TestDevice; log: Bytes[] } {
  const identity = testIdentity('a')
  const { store, env } = testEnv('a')
  const { replica, ops } = createReplica(env, identity, { kind: 'user', label: 'a' })
  store.write(ops)
  const a = { identity, store, env, replica }
  const second = { identity: testIdentity('b'), ...testEnv('b') }
  const b = { ...second, replica: new Replica(second.env, second.identity, replica.vaultId) }
  const log = [...replica.chainEntries(0), addDeviceEntry(a, b.identity)]
  for (const device of [a, b]) ingest(device, log)
  return { a, b, log }
}

function ingest({ replica, store }: TestDevice, log: readonly Bytes[]): void {
  const { pos } = replica.cursor
  store.write(replica.ingest(pos + 1, log.slice(pos), 1).ops)
}

/** Writes transactions of `size` secrets and seals them into the log. */
function write(device: TestDevice, log: Bytes[], transactions: number, size: number): void {
  const { replica, store } = device
  for (let n = 0; n < transactions; n++) {
    const changes = Array.from({ length: size }, (_, i) => ({
      space: 'secret' as const,
      name: `secret-${n}-${i}`,
      value: utf8('value'),
    }))
    store.write(replica.write(changes).ops)
  }
  for (;;) {
    const sealed = replica.sealNext({ entries: 100, bytes: 1 << 20 })
    if (sealed === undefined) return
    store.write(sealed.ops)
    log.push(...sealed.entries.map(({ body }) => body))
  }
}

test('one signature is checked for each transaction, whatever its size, and none for a read or a write', () => {
  const { a, b, log } = pair()
  assert.is(
    verificationsOf(() => write(a, log, 30, 1)),
    0,
  )
  assert.is(
    verificationsOf(() => ingest(b, log)),
    30,
  )
  write(a, log, 2, 500)
  assert.is(
    verificationsOf(() => ingest(b, log)),
    2,
  )
  const found = b.replica.get('secret', 'secret-1-499')
  assert.is(
    verificationsOf(() => found && b.replica.value(found.winner)),
    0,
  )
})

test.run()
