// Ending a daemon and taking coffer off a machine, over real processes and a systemd of the test's own.
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { daemonLog, stopDaemon, uninstall } from './daemon-control.js'
import { openDaemon } from './daemon-start.js'
import { installService, unitText } from './systemd.js'
import { call, init, inWorld, options, type World } from '../testing/daemon.js'
import { refusal } from '../../shared/testing/refusal.js'

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
      installService(world.home, fakeSystemd(world, 1), '/opt/cofferd.cjs'),
    )
    assert.is(refused.reason, 'no-systemd')
    const system = fakeSystemd(world, 0)
    const path = await installService(world.home, system, '/opt/my "coffer" 100%/$x/cofferd.cjs')
    assert.is(path, join(world.folder, '.config/systemd/user/coffer.service'))
    const unit = readFileSync(path, 'utf8')
    assert.match(unit, String.raw`"/opt/my \"coffer\" 100%%/$$x/cofferd.cjs"`)
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
    assert.equal(readdirSync(world.home).toSorted(), ['device', 'keystore', 'layout'])
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
