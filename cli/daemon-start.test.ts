// Real processes: the command line meets a daemon, whatever state it finds.
import { execFile, spawn, spawnSync } from 'node:child_process'
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { fromUtf8 } from '../shared/bytes.js'
import { CofferError } from '../shared/errors.js'
import { LineReader } from '../shared/protocol/lines.js'
import { parseIncoming, requestLine } from '../shared/protocol/local-wire.js'
import { daemonLog, installService, stopDaemon, uninstall, unitText } from './daemon-control.js'
import {
  openDaemon,
  openRunning,
  type DaemonConnection,
  type DaemonOptions,
} from './daemon-start.js'

const DIST = join(import.meta.dirname, '..')
const PROGRAM = join(DIST, 'daemon/lifecycle/testing-daemon.js')

type World = { readonly folder: string; readonly home: string; readonly env: NodeJS.ProcessEnv }

async function inWorld(use: (world: World) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'coffer-test-'))
  const home = join(folder, 'home')
  const env = { PATH: process.env['PATH'], HOME: folder, COFFER_HOME: home }
  try {
    await use({ folder, home, env })
  } finally {
    await stopDaemon(home)
    rmSync(folder, { recursive: true, force: true })
  }
}

const options = ({ env }: World, more: Partial<DaemonOptions> = {}): DaemonOptions => ({
  env,
  create: true,
  program: PROGRAM,
  ...more,
})

async function call(
  { socket }: DaemonConnection,
  method: string,
  params: object = {},
): Promise<unknown> {
  const lines = new LineReader(100_000)
  const answer = new Promise<unknown>((resolve, reject) => {
    socket.on('data', (chunk: Buffer) => {
      for (const line of lines.push(chunk)) {
        const message = parseIncoming(fromUtf8(line) ?? '')
        if (message.kind === 'result') resolve(message.result)
        if (message.kind === 'error') reject(message.error)
      }
    })
  })
  socket.resume()
  socket.write(requestLine(5, method, params))
  return answer.finally(() => socket.destroy())
}

async function refusal(run: () => Promise<unknown>): Promise<CofferError> {
  try {
    await run()
  } catch (error) {
    if (error instanceof CofferError) return error
    throw error
  }
  throw new Error('not refused')
}

const init = {
  open: { kind: 'passphrase', passphrase: Buffer.from('correct horse').toString('base64') },
  memory: 64,
}
const sync = { context: { cwd: '/', env: {} }, timeout: 0 }

test('twenty cold starts at once meet at one daemon', () =>
  inWorld(async (world) => {
    const all = await Promise.all(Array.from({ length: 20 }, () => openDaemon(options(world))))
    const pids = new Set(all.map(({ handshake }) => handshake.pid))
    assert.is(pids.size, 1)
    for (const { socket } of all) socket.destroy()
    const started = daemonLog(world.home).match(/"event":"started"/g) ?? []
    assert.is(started.length, 1)
  }))

test('without a home nothing is started or made', () =>
  inWorld(async (world) => {
    const error = await refusal(() => openDaemon(options(world, { create: false })))
    assert.equal([error.code, error.reason, error.next], ['home', 'no-home', 'coffer init'])
    assert.is(await openRunning(world.home), undefined)
    assert.not(await stopDaemon(world.home))
    assert.equal(readdirSync(world.folder), [])
  }))

test('the daemon is on its own: session, folder, variables, streams, core dumps', () =>
  inWorld(async (world) => {
    const env = { ...world.env, COFFER_TOKEN: 'canary', NODE_OPTIONS: '--no-warnings', TZ: 'UTC' }
    const { socket, handshake } = await openDaemon(options({ ...world, env }))
    socket.destroy()
    const proc = `/proc/${handshake.pid}`
    const environ = readFileSync(`${proc}/environ`, 'utf8').split('\0')
    const names = environ.map((one) => one.split('=')[0]).filter((name) => name !== '')
    const shells = ['PWD', 'OLDPWD', 'SHLVL', '_']
    assert.equal(names.filter((name) => !shells.includes(name ?? '')).sort(), [
      'COFFER_HOME',
      'HOME',
      'PATH',
      'TZ',
    ])
    assert.is(readlinkSync(`${proc}/cwd`), '/')
    const [, session] =
      /^\d+ \(.*\) \S+ \d+ \d+ (\d+)/.exec(readFileSync(`${proc}/stat`, 'utf8')) ?? []
    assert.is(Number(session), handshake.pid)
    for (const fd of [0, 1, 2]) assert.is(readlinkSync(`${proc}/fd/${fd}`), '/dev/null')
    assert.match(readFileSync(`${proc}/limits`, 'utf8'), /^Max core file size +0 /m)
    assert.match(readFileSync(`${proc}/status`, 'utf8'), /^Umask:\t0077$/m)
  }))

test('a daemon that a program starts does not hold the streams of the program', () =>
  inWorld(async (world) => {
    const module = JSON.stringify(join(DIST, 'cli/daemon-start.js'))
    const script = `const { openDaemon } = await import(${module})
      const { socket } = await openDaemon({ env: process.env, create: true, program: ${JSON.stringify(PROGRAM)} })
      socket.destroy()
      console.log('up')`
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
      env: world.env,
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    let said = ''
    child.stdout.on('data', (chunk: Buffer) => {
      said += chunk.toString()
    })
    // 'close' comes when the pipe is: $(coffer …) waits for just that.
    await new Promise((resolve) => child.once('close', resolve))
    assert.is(said, 'up\n')
    const open = await openRunning(world.home)
    assert.ok(open)
    open?.socket.destroy()
  }))

test('what keeps a daemon from starting is the error of the command', () =>
  inWorld(async (world) => {
    mkdirSync(world.home)
    writeFileSync(join(world.home, 'diary.txt'), '')
    const error = await refusal(() => openDaemon(options(world)))
    assert.equal([error.code, error.reason], ['home', 'not-empty'])
    const missing = join(world.folder, 'nothing.js')
    const crash = await refusal(() => openDaemon(options(world, { program: missing })))
    assert.equal([crash.code, crash.reason], ['internal', 'daemon-start'])
    const mute = join(world.folder, 'mute.mjs')
    writeFileSync(mute, 'setTimeout(() => {}, 3000)')
    const late = await refusal(() => openDaemon(options(world, { program: mute, timeout: 300 })))
    assert.ok(['internal', 'timed-out'].includes(late.code))
  }))

test('an older daemon is replaced and the home stays open', () =>
  inWorld(async (world) => {
    const old = join(world.folder, 'old')
    for (const part of ['shared', 'daemon']) {
      cpSync(join(DIST, part), join(old, part), { recursive: true })
    }
    symlinkSync(join(DIST, '../node_modules'), join(old, 'node_modules'))
    writeFileSync(join(old, 'package.json'), '{"type":"module"}')
    const version = join(old, 'shared/version.js')
    writeFileSync(version, readFileSync(version, 'utf8').replace(/'\d+\.\d+\.\d+'/, "'0.0.9'"))
    const program = join(old, 'daemon/lifecycle/testing-daemon.js')
    // Through the door that doesn't look at versions, or it would be replaced at once.
    const child = spawn(process.execPath, [program, '--ready-fd', '3'], {
      env: world.env,
      stdio: ['ignore', 'ignore', 'inherit', 'pipe'],
    })
    await new Promise((resolve) => child.stdio[3]?.once('data', resolve))
    const before = await openRunning(world.home)
    assert.is(before?.handshake.version, '0.0.9')
    if (before !== undefined) await call(before, 'init', init)
    const gone = new Promise((resolve) => child.once('exit', resolve))
    const all = await Promise.all(
      Array.from({ length: 5 }, () => openDaemon(options(world, { create: false }))),
    )
    assert.is(await gone, 0)
    assert.is(new Set(all.map(({ handshake }) => handshake.pid)).size, 1)
    for (const one of all) {
      assert.not.equal(one.handshake.version, '0.0.9')
      assert.ok(await call(one, 'sync', sync))
    }
  }))

const unshare = spawnSync('unshare', ['-rn', 'true']).status === 0

test('a daemon that was started in a cut network makes place for one outside, not the other way round', () =>
  inWorld(async (world) => {
    if (!unshare) return
    const inside = async (): Promise<number> => {
      const module = JSON.stringify(join(DIST, 'cli/daemon-start.js'))
      const script = `const { openDaemon } = await import(${module})
        const { socket, handshake } = await openDaemon({ env: process.env, create: true, program: ${JSON.stringify(PROGRAM)} })
        socket.destroy()
        console.log(handshake.pid)`
      const run = promisify(execFile)
      const words = ['-n', process.execPath, '--input-type=module', '-e', script]
      const user = process.geteuid?.() === 0 ? [] : ['-r']
      return Number((await run('unshare', [...user, ...words], { env: world.env })).stdout)
    }
    const cut = await inside()
    assert.is(await inside(), cut)
    const { socket, handshake } = await openDaemon(options(world))
    socket.destroy()
    if (handshake.cut) return
    assert.is.not(handshake.pid, cut)
    assert.is(await inside(), handshake.pid)
  }))

test('a daemon that was started offline makes place when that is over', () =>
  inWorld(async (world) => {
    const first = await openDaemon(options(world, { offline: true }))
    assert.ok(first.handshake.offline)
    await call(first, 'init', init)
    const same = await openDaemon(options(world, { offline: true }))
    assert.is(same.handshake.pid, first.handshake.pid)
    same.socket.destroy()
    const next = await openDaemon(options(world))
    assert.not(next.handshake.offline)
    assert.ok(await call(next, 'sync', sync))
    const again = await openDaemon(options(world, { offline: true }))
    assert.is(again.handshake.pid, next.handshake.pid)
    again.socket.destroy()
  }))

test('stopping waits for the end of the process', () =>
  inWorld(async (world) => {
    const { socket, handshake } = await openDaemon(options(world))
    socket.destroy()
    assert.ok(await stopDaemon(world.home))
    assert.is(stateOf(handshake.pid), 'gone')
    assert.not(existsSync(join(world.home, 'socket')))
    assert.match(daemonLog(world.home), /"event":"stopped"/)
  }))

/** A process that nobody has waited for yet counts as gone. */
function stateOf(pid: number): string {
  try {
    return /^State:\tZ/m.test(readFileSync(`/proc/${pid}/status`, 'utf8')) ? 'gone' : 'there'
  } catch {
    return 'gone'
  }
}

const fakeSystemd = ({ folder, env }: World, status: number) => {
  const systemctl = join(folder, 'systemctl')
  writeFileSync(systemctl, `#!/bin/sh\necho "$@" >> ${folder}/said\nexit ${status}\n`, {
    mode: 0o755,
  })
  return { env, booted: folder, systemctl }
}

test('install writes a unit for systemd, and says when there is none', () =>
  inWorld(async (world) => {
    const none = await refusal(() =>
      installService(world.home, { env: world.env, booted: join(world.folder, 'none') }),
    )
    assert.equal([none.code, none.reason], ['internal', 'no-systemd'])
    const refused = await refusal(() =>
      installService(world.home, fakeSystemd(world, 1), '/opt/cofferd.js'),
    )
    assert.is(refused.reason, 'no-systemd')
    const system = fakeSystemd(world, 0)
    const path = await installService(world.home, system, '/opt/my "coffer" 100%/$x/cofferd.js')
    assert.is(path, join(world.folder, '.config/systemd/user/coffer.service'))
    const unit = readFileSync(path, 'utf8')
    assert.match(unit, String.raw`"/opt/my \"coffer\" 100%%/$$x/cofferd.js"`)
    assert.match(
      readFileSync(join(world.folder, 'said'), 'utf8'),
      '--user enable --now coffer.service',
    )
    const bad = await refusal(() => Promise.resolve().then(() => unitText('/a\nb', '/p')))
    assert.is(bad.code, 'home')
    const done = await uninstall(world.home, false, system)
    assert.ok(done.service)
    assert.not(existsSync(path))
  }))

test('uninstall leaves the data, or nothing, or only what is not ours', () =>
  inWorld(async (world) => {
    const system = { env: world.env, booted: join(world.folder, 'none') }
    await call(await openDaemon(options(world)), 'init', init)
    const kept = await uninstall(world.home, false, system)
    assert.equal(kept, { stopped: true, service: false, data: false, left: false })
    assert.equal(readdirSync(world.home).sort(), ['device', 'keystore', 'layout'])
    const open = await openDaemon(options(world, { create: false }))
    assert.is(open.handshake.state, 'locked')
    open.socket.destroy()
    writeFileSync(join(world.home, 'mine.txt'), '')
    assert.ok((await uninstall(world.home, true, system)).left)
    assert.equal(readdirSync(world.home), ['mine.txt'])
    rmSync(join(world.home, 'mine.txt'))
    assert.equal(await uninstall(world.home, true, system), {
      stopped: false,
      service: false,
      data: true,
      left: false,
    })
    assert.not(existsSync(world.home))
  }))

test.run()
