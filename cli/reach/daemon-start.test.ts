// Real processes: the command line meets a daemon, whatever state it finds.
import { execFile, spawn, spawnSync } from 'node:child_process'
import {
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { daemonLog, stopDaemon } from './daemon-control.js'
import { openRunning } from './daemon-reach.js'
import { openDaemon } from './daemon-start.js'
import { call, DIST, init, inWorld, options, PROGRAM, sync } from '../testing/daemon.js'
import { refusal } from '../../shared/testing/refusal.js'

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
    assert.equal([error.code, error.reason, error.next], ['home', 'no-home', 'run coffer init'])
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
    const names = environ.map((one) => one.split('=')[0] ?? '').filter((name) => name !== '')
    for (const name of ['COFFER_HOME', 'HOME', 'PATH', 'TZ']) assert.ok(names.includes(name), name)
    // The shell's own, and what makes the C library give memory back.
    const others = /^(PWD|OLDPWD|SHLVL|_|MALLOC_\w+|COFFER_HOME|HOME|PATH|TZ)$/
    assert.equal(
      names.filter((name) => !others.test(name)),
      [],
    )
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
    const module = JSON.stringify(join(DIST, 'cli/reach/daemon-start.js'))
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
    const here = join(world.folder, 'here')
    const script = `import { existsSync } from 'node:fs'
      setInterval(() => existsSync(${JSON.stringify(here)}) || process.exit(), 10)`
    writeFileSync(here, '')
    writeFileSync(mute, script)
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
    writeFileSync(
      version,
      readFileSync(version, 'utf8').replace(/['"]\d+\.\d+\.\d+['"]/, "'0.0.9'"),
    )
    const program = join(old, 'daemon/lifecycle/testing/program.js')
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

const UNSHARE = '/usr/bin/unshare'
const canCut = spawnSync(UNSHARE, ['-rn', 'true']).status === 0

test('a daemon that was started in a cut network makes place for one outside, not the other way round', () =>
  inWorld(async (world) => {
    if (!canCut) return
    const inside = async (): Promise<number> => {
      const module = JSON.stringify(join(DIST, 'cli/reach/daemon-start.js'))
      const script = `const { openDaemon } = await import(${module})
        const { socket, handshake } = await openDaemon({ env: process.env, create: true, program: ${JSON.stringify(PROGRAM)} })
        socket.destroy()
        console.log(handshake.pid)`
      const run = promisify(execFile)
      const words = ['-n', process.execPath, '--input-type=module', '-e', script]
      const user = process.geteuid?.() === 0 ? [] : ['-r']
      return Number((await run(UNSHARE, [...user, ...words], { env: world.env })).stdout)
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

test.run()
