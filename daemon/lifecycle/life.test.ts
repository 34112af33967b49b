// Real processes: who becomes the daemon of a home, what it leaves, and who follows it.
import { execFileSync, spawnSync } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { METHODS } from '../../shared/protocol/local.js'
import { inFolder } from '../home/testing/home.js'
import { BUSY, READY, TestDaemon } from './testing/daemon.js'
import { refusal } from '../../shared/testing/refusal.js'

const mode = (path: string): string => (lstatSync(path).mode & 0o7777).toString(8)
const passphrase = Buffer.from('correct horse').toString('base64')
const context = { cwd: '/', env: {} }

type Start = (args?: readonly string[], env?: NodeJS.ProcessEnv) => TestDaemon

/** Runs `use` with a home and daemons in it that are gone afterwards. */
async function inLife(use: (home: string, start: Start) => Promise<void>, below = 'home') {
  await inFolder(async (folder) => {
    const daemons: TestDaemon[] = []
    const home = join(folder, below)
    try {
      await use(home, (args, env) => {
        const daemon = new TestDaemon(home, args, env)
        daemons.push(daemon)
        return daemon
      })
    } finally {
      for (const daemon of daemons) {
        daemon.child.kill('SIGKILL')
        await daemon.ended
      }
    }
  })
}

async function ready(daemon: TestDaemon): Promise<TestDaemon> {
  assert.is(await daemon.outcome, READY)
  return daemon
}

test('a started daemon has a private home and socket, and leaves nothing running behind when stopped', () =>
  inLife(async (home, start) => {
    const daemon = await ready(start())
    assert.is(mode(home), '700')
    assert.is(daemon.socket, join(home, 'run/daemon.sock'))
    assert.is(mode(daemon.socket), '600')
    assert.is(mode(dirname(daemon.socket)), '700')
    for (const name of ['socket', 'daemon.log']) assert.is(mode(join(home, name)), '600')
    assert.is(readlinkSync(`/proc/${daemon.child.pid ?? 0}/cwd`), '/')
    const client = await daemon.client()
    const hello = METHODS.handshake.result.check(
      await client.call(1, 'handshake', { version: '0.1.0' }),
      '',
    )
    assert.equal([hello.pid, hello.state, hello.offline], [daemon.child.pid, 'none', false])
    assert.equal(await client.call(2, 'daemonStop'), {})
    await client.closed
    assert.is(await daemon.ended, 0)
    assert.equal(readdirSync(home).toSorted(), ['daemon.log', 'lock'])
  }))

test('of many started at once one becomes the daemon', () =>
  inLife(async (_, start) => {
    const daemons = Array.from({ length: 8 }, () => start())
    const outcomes = await Promise.all(daemons.map((daemon) => daemon.outcome))
    assert.is(outcomes.filter((one) => one === READY).length, 1)
    assert.is(outcomes.filter((one) => one === BUSY).length, 7)
    const winner = daemons[outcomes.indexOf(READY)]
    for (const daemon of daemons) if (daemon !== winner) assert.is(await daemon.ended, 28)
    assert.ok(await winner?.call('handshake', { version: '0.1.0' }))
  }))

test('a killed daemon leaves the place free', () =>
  inLife(async (_, start) => {
    for (let i = 0; i < 3; i++) {
      const daemon = await ready(start())
      daemon.child.kill('SIGKILL')
      await daemon.ended
      assert.ok(existsSync(daemon.socket))
    }
    const last = await ready(start())
    assert.ok(await last.call('handshake', { version: '0.1.0' }))
    last.child.kill('SIGTERM')
    assert.is(await last.ended, 0)
  }))

test('a home with a long path has its socket in a fresh folder, which goes with the daemon', () =>
  inLife(
    async (_, start) => {
      const daemon = await ready(start())
      const { socket } = daemon
      assert.match(socket, /^\/tmp\/coffer-\w{6}\/daemon\.sock$/)
      assert.is(mode(dirname(socket)), '700')
      assert.ok(await daemon.call('handshake', { version: '0.1.0' }))
      daemon.child.kill('SIGKILL')
      await daemon.ended
      const next = await ready(start())
      assert.not(existsSync(dirname(socket)))
      const { socket: other } = next
      await next.stop()
      assert.not(existsSync(dirname(other)))
    },
    `${'long/'.repeat(20)}home`,
  ))

test('the runtime directory is used when it is ours alone, else passed over', () =>
  inLife(async (home, start) => {
    const runtime = join(home, '../runtime')
    mkdirSync(runtime, { mode: 0o700 })
    const daemon = await ready(start([], { XDG_RUNTIME_DIR: runtime }))
    assert.ok(daemon.socket.startsWith(`${runtime}/coffer-`))
    await daemon.stop()
    assert.equal(readdirSync(runtime), [])
    chmodSync(runtime, 0o755)
    const other = await ready(start([], { XDG_RUNTIME_DIR: runtime }))
    assert.is(other.socket, join(home, 'run/daemon.sock'))
    await other.stop()
    const third = await ready(start([], { XDG_RUNTIME_DIR: join(home, '../none') }))
    assert.is(third.socket, join(home, 'run/daemon.sock'))
  }))

test('a daemon whose home was removed ends, and a new home at its path is left alone', () =>
  inLife(async (home, start) => {
    const old = await ready(start())
    await old.call('init', { open: { kind: 'passphrase', passphrase }, memory: 64 })
    rmSync(home, { recursive: true })
    const next = await ready(start())
    await next.call('init', { open: { kind: 'passphrase', passphrase }, memory: 64 })
    assert.is(await old.ended, 33)
    await next.call('sync', { context, timeout: 0 })
  }))

const after = (daemon: TestDaemon): string[] => ['--successor-of', String(daemon.child.pid)]

/** What a successor leaves that dies on its way. */
function leftHandover(home: string, pid: number): string {
  const file = join(home, 'handover')
  writeFileSync(file, `coffer-handover 1\n${pid}\n${'0'.repeat(64)}\n`, { mode: 0o600 })
  return file
}

test('a daemon that is the first takes away what a successor left', () =>
  inLife(async (home, start) => {
    const first = await ready(start())
    await first.stop()
    const file = leftHandover(home, spawnSync('true').pid)
    await ready(start())
    assert.not(existsSync(file))
  }))

test('a successor takes over the open home, without the passphrase; nobody else gets the root', () =>
  inLife(async (home, start) => {
    const first = await ready(start())
    await first.call('init', { open: { kind: 'passphrase', passphrase }, memory: 64 })
    const client = await first.client()
    const asks = async (): Promise<string> => {
      const params = { pid: first.child.pid, successor: process.pid }
      return (await refusal(() => client.call(1, 'daemonHandover', params))).code
    }
    assert.is(await asks(), 'refused')
    // The key of another successor, and one that is left from long ago.
    const file = leftHandover(home, first.child.pid ?? 0)
    assert.is(await asks(), 'exists')
    leftHandover(home, process.pid)
    const past = new Date(Date.now() - 60_000)
    utimesSync(file, past, past)
    assert.is(await asks(), 'refused')
    await client.call(2, 'sync', { context, timeout: 0 })
    const second = await ready(start(after(first)))
    assert.is(await first.ended, 0)
    await second.call('sync', { context, timeout: 0 })
    assert.not(existsSync(join(home, 'handover')))
    await second.call('lock')
    const third = await ready(start(after(second)))
    assert.is((await refusal(() => third.call('sync', { context, timeout: 0 }))).code, 'locked')
    third.child.kill('SIGKILL')
    await third.ended
    const fourth = await ready(start(after(third)))
    assert.ok(await fourth.call('handshake', { version: '0.1.0' }))
  }))

test('several successors at once leave one daemon, still open', () =>
  inLife(async (home, start) => {
    const first = await ready(start())
    await first.call('init', { open: { kind: 'passphrase', passphrase }, memory: 64 })
    // What a successor left that died on the way.
    leftHandover(home, spawnSync('true').pid)
    const successors = Array.from({ length: 4 }, () => start(after(first)))
    const strangers = Array.from({ length: 2 }, () => start())
    const outcomes = await Promise.all([...successors, ...strangers].map((one) => one.outcome))
    assert.equal(outcomes.toSorted(), [...Array<string>(5).fill(BUSY), READY])
    const winner = [...successors, ...strangers][outcomes.indexOf(READY)]
    await winner?.call('sync', { context, timeout: 0 })
    assert.not(existsSync(join(home, 'handover')))
  }))

const failure = (outcome: string): unknown => {
  const { error } = JSON.parse(outcome) as { error: { code: string; reason: string } }
  return [error.code, error.reason]
}

test('what keeps it from starting is told with its code', () =>
  inLife(async (home, start) => {
    mkdirSync(home, { mode: 0o700 })
    writeFileSync(join(home, 'layout'), 'coffer-home 9\n', { mode: 0o600 })
    const newer = start()
    assert.equal(failure(await newer.outcome), ['home', 'newer'])
    assert.is(await newer.ended, 33)
    rmSync(join(home, 'layout'))
    writeFileSync(join(home, 'diary'), '')
    assert.equal(failure(await start().outcome), ['home', 'not-empty'])
    rmSync(join(home, 'diary'))
    assert.equal(failure(await start([], { COFFER_HOME: 'relative' }).outcome), [
      'home',
      'not-absolute',
    ])
    const usage = start(['--nonsense'])
    assert.is(await usage.ended, 2)
  }))

test('--help and --version make no files', () =>
  inFolder((folder) => {
    const program = fileURLToPath(new URL('./testing/program.js', import.meta.url))
    const env = { COFFER_HOME: join(folder, 'home') }
    const run = (word: string): string =>
      execFileSync(process.execPath, [program, word], { env, encoding: 'utf8' })
    assert.match(run('--help'), 'usage: cofferd')
    assert.match(run('--version'), /^cofferd \d/)
    const wrong = spawnSync(process.execPath, [program, '--no'], { env, encoding: 'utf8' })
    assert.equal([wrong.status, wrong.stdout], [2, ''])
    assert.match(wrong.stderr, /^coffer: usage: [^\n]*\n$/)
    assert.equal(readdirSync(folder), [])
  }))

test('attack 44: no signal opens a debugger that every user of the machine could connect to', () =>
  inLife(async (_home, start) => {
    const daemon = await ready(start())
    assert.equal(listening(daemon), [])
    daemon.child.kill('SIGUSR1')
    // Answers that come behind it: were there a debugger, it would listen by then.
    for (let i = 0; i < 20; i++) await daemon.call('handshake', { version: '0.1.0' })
    assert.equal(listening(daemon), [])
  }))

/** Local addresses at which the process listens by TCP, as the kernel writes them. */
function listening({ child }: TestDaemon): string[] {
  const folder = `/proc/${child.pid ?? 0}`
  const own = readdirSync(`${folder}/fd`).map((fd) => linkOf(`${folder}/fd/${fd}`))
  const rows = readFileSync(`${folder}/net/tcp`, 'utf8')
    .split('\n')
    .map((row) => row.trim().split(/\s+/))
  return rows
    .filter(([, , , state, ...rest]) => state === '0A' && own.includes(`socket:[${rest[5]}]`))
    .map(([, address = '']) => address)
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path)
  } catch {
    return ''
  }
}

test.run()
