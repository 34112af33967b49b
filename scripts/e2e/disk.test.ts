// A real disk that fills up, can't be written, or lies: a code and a clear word, reads go on, nothing is lost.
import { get } from 'node:http'
import * as path from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { type Home } from './harness/home.js'
import { until } from './harness/until.js'
import { inWorld, type World } from './harness/world.js'
import { inOwnMounts, SmallDisk } from './support/disk.js'

const mounts = inOwnMounts()
if (!mounts) console.log('skipped: tests of a full disk need the right to mount one')
const onSmallDisk = mounts ? test : test.skip

const HALF_MIB = 512 * 1024
const FULL = /^coffer: storage: .*full/m
const bigValue = (n: number): string => `${n}:`.padEnd(HALF_MIB, String.fromCharCode(97 + (n % 26)))

async function homeOn(world: World, disk: SmallDisk): Promise<Home> {
  const home = world.home(path.join(path.basename(disk.folder), 'home'))
  await home.ok(['init', '--key-file', path.join(world.folder, 'disk.key')])
  return home
}

/** Runs the body with a small disk of its own, which outlives no process that holds it. */
function withDisk(body: (world: World, disk: SmallDisk) => Promise<void>): () => Promise<void> {
  return () =>
    inWorld(async (world) => {
      const disk = new SmallDisk(path.join(world.folder, 'disk'))
      try {
        await body(world, disk)
      } finally {
        disk.close()
      }
    })
}

/** Big values until one is refused: how many were acknowledged. */
async function writeUntilFull(home: Home, world: World): Promise<number> {
  for (let n = 0; n < 40; n++) {
    const file = world.file('value', bigValue(n))
    const { code, err } = await home.run(['set', `/user/big/${n}`, '--file', file])
    if (code === 0) continue
    assert.is(code, 31, err)
    assert.match(err, FULL)
    return n
  }
  throw new Error('16 MiB never filled up')
}

/**
 * Fills the disk and runs a command, until it is refused: LevelDB gives space back when its own work is done.
 * @param command the arguments of the n-th attempt, which names something of its own
 * @returns the attempt that was refused
 */
async function refused(
  home: Home,
  disk: SmallDisk,
  command: (n: number) => readonly string[],
): Promise<number> {
  for (let n = 0; n < 20; n++) {
    disk.fill()
    const { code, err } = await home.run(command(n))
    if (code === 0) continue
    assert.is(code, 31, err)
    assert.match(err, FULL)
    return n
  }
  throw new Error('there is always room')
}

async function allThere(home: Home, count: number): Promise<void> {
  const names = (await home.ok(['ls', '/user/big/'])).trim().split('\n')
  assert.is(names.length, count)
  for (let n = 0; n < count; n += 5) {
    assert.ok((await home.ok(['get', '-n', `/user/big/${n}`])) === bigValue(n), `value ${n}`)
  }
  assert.is(await home.ok(['get', '/user/x']), 'before\n')
}

onSmallDisk(
  'a full disk refuses writes, goes on reading, and loses nothing',
  withDisk(async (world, disk) => {
    const home = await homeOn(world, disk)
    await home.ok(['set', '/user/x', 'before'])
    disk.fill(5 * 2 ** 20)
    const count = await writeUntilFull(home, world)
    assert.ok(count > 3, `${count} values of 512 KiB`)
    await allThere(home, count)
    const daemons = home.daemons()
    const lost = [
      await refused(home, disk, (n) => ['set', `/user/set/${n}`, 'after']),
      await refused(home, disk, (n) => ['generate', `/user/generated/${n}`]),
      await refused(home, disk, (n) => ['import', world.file('env', `A_${n}=1\nB_${n}=2\n`)]),
    ]
    await refused(home, disk, (n) => ['org', 'create', `acme-${n}`])
    await allThere(home, count)
    assert.equal(home.daemons(), daemons, 'the same daemon all the while')
    // A start needs space: it says so, and comes when there is some.
    await home.killDaemon()
    assert.match((await home.exits(31, ['get', '/user/x'])).err, FULL)
    await until('no daemon is left', () => home.daemons().length === 0)
    disk.free()
    await allThere(home, count)
    // LevelDB tidies up first, for which it needs some space itself.
    await home.until(['set', '/user/y', 'after'])
    await home.until(['org', 'create', 'acme'])
    await home.killDaemon()
    assert.is(await home.ok(['get', '/user/y']), 'after\n')
    await allThere(home, count)
    // Nothing of what was refused has come to be.
    assert.is((await home.ok(['history', '/user/x'])).trim().split('\n').length, 1)
    const names = ['set/', 'generated/', 'A_'].map((name, at) => `/user/${name}${lost[at]}`)
    for (const name of names) await home.exits(20, ['get', name])
    await home.stopDaemon()
  }),
)

onSmallDisk(
  'a disk that fills up is written again by the same daemon when it has space',
  withDisk(async (world, disk) => {
    const home = await homeOn(world, disk)
    await home.ok(['set', '/user/x', 'before'])
    const daemons = home.daemons()
    for (let round = 0; round < 3; round++) {
      await refused(home, disk, (n) => ['set', `/user/filler/${round}/${n}`, 'a little'])
      disk.free()
      await home.ok(['set', `/user/round/${round}`, 'after'])
      assert.is(await home.ok(['get', '/user/x']), 'before\n')
    }
    assert.equal(home.daemons(), daemons)
    await home.stopDaemon()
  }),
)

onSmallDisk(
  'a start on a read-only disk says what is wrong',
  withDisk(async (world, disk) => {
    const home = await homeOn(world, disk)
    await home.ok(['set', '/user/x', 'before'])
    // A disk can't be made read-only while files on it are open for writing: the daemon goes first.
    await home.killDaemon()
    await until('nothing is open for writing', () => disk.remount('ro'))
    for (const args of [['get', '/user/x'], ['ls'], ['daemon', 'start']]) {
      const { err } = await home.exits(31, args)
      assert.match(err, /^coffer: storage: .*read-only/m, args.join(' '))
    }
    const { code, out } = await home.run(['status'])
    assert.is(code, 0)
    assert.match(out, /not running/)
    await until('no daemon is left', () => home.daemons().length === 0)
    const key = path.join(world.folder, 'other.key')
    const other = world.home('disk/other')
    assert.match((await other.exits(31, ['init', '--key-file', key])).err, /read-only/)
    assert.ok(disk.remount('rw'))
    assert.is(await home.ok(['get', '/user/x']), 'before\n')
    await home.ok(['set', '/user/x', 'after'])
    await home.stopDaemon()
  }),
)

function statusOf(url: string): Promise<number> {
  return new Promise((resolve, reject) => {
    get(url, (response) => {
      response.resume()
      resolve(response.statusCode ?? 0)
    }).on('error', reject)
  })
}

onSmallDisk(
  'a relay on a full disk answers with a code and lives on',
  withDisk(async (world, disk) => {
    const relay = await world.relay({ name: 'disk/relay' })
    const [{ pid }, live] = [relay.process, `${relay.url.replace('ws', 'http')}/livez`]
    const [a, b] = [world.home('a'), world.home('b')]
    await a.init()
    await relay.serve(a)
    await a.ok(['set', '/user/x', 'before'])
    await a.ok(['sync'])
    disk.fill()
    await a.ok(['set', '/user/big', '--file', world.file('value', bigValue(1))])
    const { code, err } = await a.run(['sync', '--timeout', '2s'])
    assert.is(code, 29, err)
    assert.match(err, /^coffer: timed-out: .*the relay refused: unavailable/m)
    assert.is(await statusOf(live), 200)
    // A newcomer's upload waits for it and ends by itself.
    await b.init()
    const uploading = b.start(['relay', 'set', relay.url, '--relay-key', relay.key])
    await b.until(['status', '--json'], (out) => out.includes('the relay refused: unavailable'))
    disk.free()
    assert.is((await uploading.ended).code, 0, uploading.describe())
    await a.until(['sync', '--timeout', '2s'])
    assert.is(relay.process.pid, pid)
    assert.is(relay.process.result, undefined)
    // All of it is there after a crash.
    await relay.kill()
    await relay.start()
    await a.ok(['sync'])
    await relay.stop()
  }),
)

test.run()
