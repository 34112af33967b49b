// Daemons that start by themselves: one of many, after any death, as a guest that takes nothing along.
import {
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  writeFileSync,
} from 'node:fs'
import * as path from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { pointerText } from '../../shared/protocol/socket-path.js'
import { VERSION } from '../../shared/version.js'
import { root } from '../tooling/repo.js'
import { type Home } from './harness/home.js'
import { until } from './harness/until.js'
import { inWorld } from './harness/world.js'
import { socketPathOf } from './support/local.js'

const STARTS = 20
const MARK = { version: VERSION, cut: undefined, offline: false }
const bin = path.join(root, 'dist/bin')

/** Twenty commands at the same moment, reads and writes; all must succeed and one daemon be left. */
async function atOnce(home: Home, round: string): Promise<void> {
  const results = await Promise.all(
    Array.from({ length: STARTS }, (_, n) =>
      n % 2 === 0
        ? home.run(['get', '/user/x'])
        : home.run(['set', `/user/${round}/${n}`, `value ${n}`]),
    ),
  )
  for (const [n, { code, out, err }] of results.entries()) {
    assert.is(code, 0, `${round}, start ${n}: ${err}`)
    if (n % 2 === 0) assert.is(out, 'here\n')
  }
  await until(
    () => `one daemon; there are ${home.daemons().length}`,
    () => home.daemons().length === 1,
  )
  const names = await home.ok(['ls', `/user/${round}/`])
  assert.is(names.trim().split('\n').length, STARTS / 2, names)
}

test(`${STARTS} cold starts at once leave one daemon`, async () => {
  await inWorld(async (world) => {
    const home = world.home('a')
    await home.init()
    await home.ok(['set', '/user/x', 'here'])
    await home.stopDaemon()
    await atOnce(home, 'stopped')
    // A killed daemon leaves its socket, its pointer and its lock.
    const socket = socketPathOf(home)
    await home.killDaemon()
    assert.ok(lstatSync(socket).isSocket())
    await atOnce(home, 'killed')
  })
})

test('what a killed daemon leaves, or somebody puts there, is in nobody’s way', async () => {
  await inWorld(async (world) => {
    const home = world.home('a')
    await home.init()
    await home.ok(['set', '/user/x', 'here'])
    const pointer = path.join(home.folder, 'socket')
    const own = socketPathOf(home)
    const elsewhere = path.join(world.folder, 'elsewhere')
    mkdirSync(elsewhere, { mode: 0o755 })
    for (const content of [
      '',
      'no path\n',
      pointerText(`${elsewhere}/daemon.sock`, MARK),
      pointerText(`${'/x'.repeat(200)}/daemon.sock`, MARK),
      '\0'.repeat(20_000),
    ]) {
      await home.killDaemon()
      writeFileSync(pointer, content, { mode: 0o600 })
      assert.is(await home.ok(['get', '/user/x']), 'here\n', JSON.stringify(content.slice(0, 40)))
      assert.is(socketPathOf(home), own)
      assert.is(home.daemons().length, 1)
    }
    // An entry of another kind where the socket goes.
    await home.killDaemon()
    const result = await world.start(['rm', own]).ended
    assert.is(result.code, 0)
    writeFileSync(own, 'not a socket')
    assert.is(await home.ok(['get', '/user/x']), 'here\n')
    // A running daemon whose socket is removed (a logout cleans the runtime folder) binds it anew.
    const [pid] = home.daemons()
    assert.is((await world.start(['rm', own]).ended).code, 0)
    await until('the socket is back', () => existsSync(own))
    assert.is(await home.ok(['get', '/user/x']), 'here\n')
    assert.equal(home.daemons(), [pid])
  })
})

test('a daemon keeps nothing of the shell that started it', async () => {
  await inWorld(async (world) => {
    const home = world.home('a')
    await home.init()
    await home.ok(['set', '/user/x', 'here'])
    await home.stopDaemon()
    const env = {
      MY_SECRET: 'canary',
      COFFER_PROJECT: 'p',
      NODE_OPTIONS: '--no-warnings',
      SSH_AUTH_SOCK: '/nowhere',
      LD_LIBRARY_PATH: '/nowhere',
    }
    await home.ok(['get', '/user/x'], { env })
    const [pid = 0] = home.daemons()
    const proc = (name: string): string => readFileSync(`/proc/${pid}/${name}`, 'utf8')
    const names = proc('environ')
      .split('\0')
      .filter((one) => one !== '')
      .map((one) => one.split('=')[0] ?? '')
      .toSorted()
    // Some are set for it: what a shell between exports, how memory is taken.
    const kept = /^(COFFER_HOME|HOME|LC_ALL|PATH|PWD|TZ|MALLOC_[A-Z_]+)$/
    assert.equal(
      names.filter((name) => !kept.test(name)),
      [],
    )
    assert.is(readlinkSync(`/proc/${pid}/cwd`), '/')
    assert.is(Number(proc('stat').split(') ')[1]?.split(' ')[3]), pid, 'a session of its own')
    for (const fd of [0, 1, 2]) assert.is(readlinkSync(`/proc/${pid}/fd/${fd}`), '/dev/null')
    assert.match(proc('status'), /^Umask:\t0077$/m)
    assert.match(proc('limits'), /^Max core file size +0 +0 /m)
    const socket = lstatSync(socketPathOf(home))
    const folder = lstatSync(path.dirname(socketPathOf(home)))
    assert.is(socket.mode & 0o777, 0o600)
    assert.is(folder.mode & 0o777, 0o700)
    assert.is(lstatSync(home.folder).mode & 0o777, 0o700)
  })
})

test('a path too long for a socket is named in the home instead', async () => {
  await inWorld(async (world) => {
    const home = world.home(`${'long/'.repeat(30)}a`)
    const env = { TMPDIR: world.folder }
    const keyFile = path.join(world.folder, 'key')
    await home.ok(['init', '--key-file', keyFile], { env })
    await home.ok(['set', '/user/x', 'here'], { env })
    assert.is(await home.ok(['get', '/user/x'], { env }), 'here\n')
    const socket = socketPathOf(home)
    assert.ok(!socket.startsWith(home.folder) && socket.startsWith(world.folder), socket)
    assert.ok(socket.length <= 103)
    assert.is(lstatSync(path.dirname(socket)).mode & 0o777, 0o700)
    assert.is(lstatSync(path.join(home.folder, 'socket')).mode & 0o777, 0o600)
    // Killed or stopped: no folder of a former daemon stays for ever.
    await home.killDaemon()
    assert.is(await home.ok(['get', '/user/x'], { env }), 'here\n')
    assert.not(existsSync(path.dirname(socket)))
    const next = socketPathOf(home)
    await home.stopDaemon()
    assert.not(existsSync(path.dirname(next)))
  })
})

test('a home of somebody else is refused', async () => {
  if (process.getuid?.() !== 0) return console.log('skipped: giving files away needs root')
  await inWorld(async (world) => {
    const [home, nobody] = [world.home('a'), 65_534]
    await home.init()
    await home.ok(['set', '/user/x', 'here'])
    const coffer = [process.execPath, path.join(bin, 'coffer.cjs')]
    const env = { COFFER_HOME: home.folder }
    const asNobody = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups', ...coffer]
    for (const args of [['get', '/user/x'], ['ls'], ['init', '--key-file', '/tmp/never']]) {
      const { code, out, err } = await world.start([...asNobody, ...args], { env, cwd: '/' }).ended
      assert.is(code, 33, `as nobody: ${args.join(' ')}: ${err}`)
      assert.match(err, /^coffer: home: /)
      assert.is(out, '')
    }
    await home.stopDaemon()
    chownSync(home.folder, nobody, nobody)
    for (const args of [
      ['get', '/user/x'],
      ['set', '/user/x', 'y'],
      ['daemon', 'start'],
    ]) {
      const { err } = await home.exits(33, args)
      assert.match(err, /^coffer: home: /)
    }
    await until('no daemon is left', () => home.daemons().length === 0)
    chownSync(home.folder, 0, 0)
    assert.is(await home.ok(['get', '/user/x']), 'here\n')
  })
})

/** Makes every clock and timer of a Node process run sixty times as fast. */
const FAST_CLOCK = `
const { performance } = require('node:perf_hooks'), now = performance.now.bind(performance)
Object.defineProperty(performance, 'now', { value: () => now() * 60 })
const set = globalThis.setTimeout
globalThis.setTimeout = (f, ms, ...rest) => set(f, ms / 60, ...rest)
`

test('an idle home locks itself', async () => {
  await inWorld(async (world) => {
    const home = world.home('a')
    await home.init()
    await home.ok(['set', '/user/x', 'here'])
    await home.stopDaemon()
    const config = path.join(home.folder, 'config.json')
    writeFileSync(config, '{"autoLock": 1}', { mode: 0o600 })
    const fast = world.file('fast.cjs', FAST_CLOCK)
    const daemon = [process.execPath, '--require', fast, path.join(bin, 'cofferd.cjs')]
    const running = world.start(daemon, { env: { COFFER_HOME: home.folder } })
    await until(
      () => `the daemon answers: ${running.describe()}`,
      async () => (await home.run(['daemon', 'status'])).code === 0,
    )
    await until('it locks itself', async () => {
      const { out } = await home.run(['status', '--json'])
      return out.includes('"state":"locked"')
    })
    await home.exits(21, ['get', '/user/x'])
    // Locking itself holds as a lock by hand does.
    await home.stopDaemon()
    await home.exits(21, ['get', '/user/x'])
    await home.ok(['unlock'])
    assert.is(await home.ok(['get', '/user/x']), 'here\n')
  })
})

test.run()
