// Two and three devices: every order of writes, a relay that is gone, deaf, frozen or restored from an older copy.
import { cpSync, rmSync } from 'node:fs'
import { createServer, type Server, type Socket } from 'node:net'
import * as path from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { type Home } from './harness/home.js'
import { type Relay } from './harness/relay.js'
import { inWorld, type World } from './harness/world.js'
import { pair } from './support/pair.js'

/** Less than any wait for a network takes (5 s at least), more than a busy machine makes of a command (milliseconds). */
const NO_WAIT = 4_000
const LINK_WAIT = 5_000
const WEB = ['--org', 'acme', '--project', 'web'] as const

/** Runs a command that must neither fail nor wait for anybody; gives its stdout. */
async function quick(home: Home, args: readonly string[]): Promise<string> {
  const { out, ms } = await home.exits(0, args)
  assert.ok(ms < NO_WAIT, `coffer ${args.join(' ')} took ${Math.round(ms)} ms`)
  return out
}

/** `a` with a project, and `b` joined to it. */
async function acme(world: World, relay: Relay): Promise<[Home, Home]> {
  const [a, b] = [world.home('a'), world.home('b')]
  await a.init()
  await a.ok(['org', 'create', 'acme'])
  await a.ok(['project', '--org', 'acme', 'create', 'web'])
  await pair(relay, a, b)
  return [a, b]
}

async function syncAll(...homes: readonly Home[]): Promise<void> {
  // What the second sent the first has to fetch.
  for (const home of [...homes, ...homes.slice(0, -1)]) await home.ok(['sync'])
}

type Version = { version: { id: string }; kind: string }

function isHistory(value: unknown): value is { versions: readonly Version[] } {
  return typeof value === 'object' && value !== null && 'versions' in value
}

/** The ids of all versions of a name, newest first. */
async function versionsOf(home: Home, name: string): Promise<readonly string[]> {
  const parsed: unknown = JSON.parse(await home.ok([...WEB, 'history', '--json', name]))
  assert.ok(isHistory(parsed))
  return parsed.versions.map(({ version }) => version.id)
}

/** Something on the relay's port that takes connections and never says a word. */
class Hole {
  readonly #server: Server
  readonly #sockets = new Set<Socket>()

  private constructor() {
    this.#server = createServer((socket) => {
      this.#sockets.add(socket)
      socket.on('error', () => undefined)
    })
  }

  static async at(port: number): Promise<Hole> {
    const hole = new Hole()
    await new Promise<void>((resolve) => {
      hole.#server.listen(port, '127.0.0.1', resolve)
    })
    return hole
  }

  get callers(): number {
    return this.#sockets.size
  }

  close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    return new Promise((resolve) => {
      this.#server.close(() => resolve())
    })
  }
}

/** Everything that needs no relay, none of it waiting for one; what needs one says so in time. */
async function aloneFor(home: Home, round: string): Promise<void> {
  await quick(home, [...WEB, 'set', 'K', round])
  await quick(home, [...WEB, 'set', `only/${round}`, round])
  assert.is(await quick(home, [...WEB, 'get', 'K']), `${round}\n`)
  assert.match(await quick(home, [...WEB, 'ls']), `only/${round}\n`)
  await quick(home, [...WEB, 'set', 'GONE', 'x'])
  await quick(home, [...WEB, 'rm', 'GONE'])
  await quick(home, [...WEB, 'history', 'K'])
  await quick(home, ['conflicts', '--all'])
  assert.is(await quick(home, [...WEB, 'run', '--', 'printenv', 'K']), `${round}\n`)
  await quick(home, ['status'])
  await quick(home, ['device', 'ls'])
  await quick(home, ['org', 'create', `org-${round}`])
  await quick(home, ['project', '--org', `org-${round}`, 'create', 'p'])
  await quick(home, ['--org', `org-${round}`, '--project', 'p', 'set', 'K', round])
  const { ms, err, out } = await home.exits(26, ['device', 'add'])
  assert.ok(ms < LINK_WAIT + NO_WAIT, `device add took ${Math.round(ms)} ms`)
  assert.is(out, '')
  assert.match(err, /^coffer: unreachable: /)
  const barrier = await home.run(['sync', '--timeout', '1s'])
  // Whether the time or an attempt to connect ends first is open, but for a port where nobody listens.
  assert.ok(barrier.code === 26 || (barrier.code === 29 && round !== 'stopped'), barrier.err)
  assert.ok(barrier.ms < NO_WAIT, `sync took ${Math.round(barrier.ms)} ms`)
}

test('a relay that is stopped, deaf or frozen holds up nothing', async () => {
  await inWorld(async (world) => {
    const relay = await world.relay()
    const [a, b] = await acme(world, relay)
    const port = Number(new URL(relay.url).port)

    relay.process.kill('SIGSTOP')
    await aloneFor(a, 'frozen')
    relay.process.kill('SIGCONT')
    await syncAll(a, b)
    assert.is(await b.ok([...WEB, 'get', 'K']), 'frozen\n')

    await relay.stop()
    await aloneFor(a, 'stopped')

    const hole = await Hole.at(port)
    try {
      await a.stopDaemon()
      await aloneFor(a, 'deaf')
      assert.ok(hole.callers > 0, 'the hole was called')
    } finally {
      await hole.close()
    }

    await relay.start()
    await syncAll(a, b)
    assert.is(await b.ok([...WEB, 'get', 'K']), 'deaf\n')
    for (const round of ['frozen', 'stopped', 'deaf']) {
      assert.is(await b.ok([...WEB, 'get', `only/${round}`]), `${round}\n`)
      assert.is(await b.ok(['--org', `org-${round}`, '--project', 'p', 'get', 'K']), `${round}\n`)
    }
    assert.is((await versionsOf(b, 'K')).length, 3, 'each write arrived once')
    assert.equal(await versionsOf(a, 'K'), await versionsOf(b, 'K'))
    assert.match(await a.ok(['status', '--json']), /"queued":0/)
    assert.not.match(await a.ok(['status', '--json']), /"queued":[1-9]/)
    assert.is(await b.ok(['conflicts', '--all']), '')
  })
})

test('every vault is there for the first who ask after a cold start', async () => {
  await inWorld(async (world) => {
    const home = world.home('a')
    await home.init()
    const vaults = ['x', 'y'].flatMap((org) => ['1', '2', '3'].map((project) => [org, project]))
    for (const org of ['x', 'y']) await home.ok(['org', 'create', org])
    for (const [org = '', project = ''] of vaults) {
      await home.ok(['project', '--org', org, 'create', project])
      await home.ok(['set', `coffer://${org}/${project}/K`, `${org}${project}`])
    }
    for (let round = 0; round < 3; round++) {
      await home.stopDaemon()
      const got = vaults.map(([org, project]) => home.ok(['get', `coffer://${org}/${project}/K`]))
      assert.equal(
        await Promise.all(got),
        vaults.map((parts) => `${parts.join('')}\n`),
      )
    }
    assert.not.match(await home.ok(['status', '--json']), 'damaged')
  })
})

test('written on both sides in either order, sent in either order: one winner', async () => {
  await inWorld(async (world) => {
    const relay = await world.relay()
    const [a, b] = await acme(world, relay)
    const orders: [Home, Home][] = [
      [a, b],
      [b, a],
    ]
    for (const [n, [first, second]] of orders.entries()) {
      for (const [m, [writes, follows]] of orders.entries()) {
        const name = `R${n}${m}`
        await relay.stop()
        await writes.ok([...WEB, 'set', name, writes.name])
        await follows.ok([...WEB, 'set', name, follows.name])
        await relay.start()
        await syncAll(first, second)
        const winner = await a.ok([...WEB, 'get', name])
        assert.is(await b.ok([...WEB, 'get', name]), winner, name)
        // The later clock wins: both daemons run by one.
        assert.is(winner, `${follows.name}\n`)
        for (const home of [a, b]) {
          const { code, err } = await home.run([...WEB, 'get', '--strict', name])
          assert.is(code, 25, err)
        }
        assert.equal(await versionsOf(a, name), await versionsOf(b, name))
      }
    }
  })
})

test('made apart under one name, both stay; every device of three gets into both', async () => {
  await inWorld(async (world) => {
    const relay = await world.relay()
    const [a, b] = await acme(world, relay)
    const c = world.home('c')
    await relay.stop()
    for (const home of [a, b]) {
      await home.ok(['org', 'create', 'twice'])
      await home.ok(['project', '--org', 'acme', 'create', 'api'])
      await home.ok(['--org', 'acme', '--project', 'api', 'set', 'FROM', home.name])
    }
    await relay.start()
    // The third is let in by the second while the first, with a project that nobody else knows of, is away.
    await a.stopDaemon()
    await b.ok(['sync'])
    await pair(relay, b, c)
    await syncAll(a, b, c)
    for (const home of [a, b, c]) {
      assert.is(
        await home.until(['project', '--org', 'acme', 'ls'], (out) => out.includes('~')),
        'api\napi~2\nweb\n',
      )
      assert.is(await home.ok(['org', 'ls']), 'acme\ntwice\ntwice~2\n')
    }
    const get = (home: Home, project: string) =>
      home.until(['--org', 'acme', '--project', project, 'get', 'FROM'])
    const [one, two] = [await get(c, 'api'), await get(c, 'api~2')]
    assert.equal([one, two].toSorted(), ['a\n', 'b\n'])
    for (const home of [a, b]) {
      assert.equal([await get(home, 'api'), await get(home, 'api~2')], [one, two], home.name)
    }
    assert.is(await c.ok(['get', 'coffer://acme/api~2/FROM']), two)
    for (const project of ['api', 'api~2']) {
      await c.ok(['--org', 'acme', '--project', project, 'set', 'BY_C', project])
    }
    await syncAll(c, a, b)
    for (const home of [a, b]) {
      assert.is(await home.ok(['get', 'coffer://acme/api/BY_C']), 'api\n')
      assert.is(await home.ok(['get', 'coffer://acme/api~2/BY_C']), 'api~2\n')
    }
    // Each can be taken out by the name that it is shown by.
    await c.ok(['project', '--org', 'acme', 'rm', '-y', 'api~2'])
    await syncAll(c, a)
    assert.is(await a.ok(['project', '--org', 'acme', 'ls']), 'api\nweb\n')
    assert.is(await a.ok(['get', 'coffer://acme/api/FROM']), one)
    await a.exits(20, ['get', 'coffer://acme/api~2/FROM'])
  })
})

test('a relay put back from an older copy loses nothing that a device has', async () => {
  await inWorld(async (world) => {
    const relay = await world.relay()
    const [a, b] = await acme(world, relay)
    await a.ok([...WEB, 'set', 'OLD', 'old'])
    await syncAll(a, b)
    await relay.stop()
    const copy = path.join(world.folder, 'copy')
    cpSync(relay.data, copy, { recursive: true })
    await relay.start()
    for (const n of [1, 2, 3]) await a.ok([...WEB, 'set', 'K', `version ${n}`])
    await b.ok([...WEB, 'set', 'FROM_B', 'b'])
    await b.ok(['project', '--org', 'acme', 'create', 'late'])
    await b.ok(['--org', 'acme', '--project', 'late', 'set', 'K', 'late'])
    await syncAll(a, b)
    await relay.stop()
    rmSync(relay.data, { recursive: true })
    cpSync(copy, relay.data, { recursive: true })
    await relay.start(['--restored'])
    await syncAll(a, b)
    // A third device knows only what the relay has.
    const c = world.home('c')
    await pair(relay, b, c)
    await a.stopDaemon()
    await b.stopDaemon()
    assert.is(await c.ok([...WEB, 'get', 'K']), 'version 3\n')
    assert.is(await c.ok([...WEB, 'get', 'OLD']), 'old\n')
    assert.is(await c.ok([...WEB, 'get', 'FROM_B']), 'b\n')
    assert.is(await c.ok(['--org', 'acme', '--project', 'late', 'get', 'K']), 'late\n')
    assert.is((await versionsOf(c, 'K')).length, 3)
    assert.is(await c.ok(['conflicts', '--all']), '')
  })
})

test.run()
