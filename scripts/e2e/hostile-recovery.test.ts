// Coming back with a recovery message, over a relay that lies, or with a daemon that is killed at each step.
import { existsSync } from 'node:fs'
import * as path from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { contextOf } from './support/local.js'
import { type Home } from './harness/home.js'
import { until } from './harness/until.js'
import { Stage } from './support/hostile/stage.js'

const PASSPHRASE = '00112233445566778899aabbcc'

const stage = await Stage.start()
const { a, relay, world } = stage
test.after.each(() => {
  relay.lie = {}
})
test.after(() => stage.close())

let count = 0

/** A recovery device of the person's: its message, and its id. */
async function recovery(): Promise<{ file: string; device: string }> {
  const file = path.join(world.work, `recovery-${++count}.asc`)
  const passphrase = Buffer.from(PASSPHRASE).toString('base64')
  const to = { kind: 'passphrase', passphrase } as const
  const { deviceId } = await a.client.call('recoveryCreate', { context: contextOf(), file, to })
  return { file, device: deviceId }
}

const use = (home: Home, file: string): Promise<{ code: number; err: string }> => {
  const secret = world.file('passphrase', PASSPHRASE)
  const args = ['recovery', 'use', file, '--key-file', home.keyFile, '--passphrase-fd', '3']
  const argv = ['bash', '-c', `exec coffer "$@" 3<${secret}`, 'bash', ...args, '--timeout', '5s']
  return world.start(argv, { env: { COFFER_HOME: home.folder } }).ended
}

const devices = async (): Promise<string[]> => {
  const { devices: all } = await a.client.call('deviceList', { context: contextOf() })
  return all.map(({ deviceId }) => deviceId)
}

test('a relay that shows another chain, or less of it, gets no home and no device', async () => {
  const project = await stage.project()
  const { file, device } = await recovery()
  const lies: readonly ((links: Uint8Array[]) => Uint8Array[])[] = [
    () => [relay.log(project.vaultId)[0] ?? new Uint8Array()],
    (links) => links.slice(0, 1),
    () => [new Uint8Array(50)],
    () => [],
  ]
  for (const [n, change] of lies.entries()) {
    relay.lie = {
      down: (message, wire) => {
        if (wire.device === device && message.kind === 'entries') return []
        if (wire.device !== device || message.kind !== 'chain') return [message]
        const entries = change([...message.body.entries])
        const head = { ...message.body.head, length: entries.length }
        return [{ ...message, body: { ...message.body, entries, head } }]
      },
    }
    const home = world.home(`fake-${n}`)
    const { code, err } = await use(home, file)
    assert.is(code, 27, `lie ${n}: ${err}`)
    assert.match(err, /^coffer: tampering: the relay answered with a chain that /)
    assert.not(existsSync(path.join(home.folder, 'layout')), 'no home is left')
    assert.not(existsSync(home.keyFile))
  }
  relay.lie = {}
  const all = await devices()
  assert.ok(all.includes(device))
  assert.is(all.length, 3)
})

test('killed at any of its links, the same command again ends what it began', async () => {
  for (const at of [1, 4, 6]) {
    const { file, device } = await recovery()
    const home = world.home(`killed-${at}`)
    let sent = 0
    relay.lie = {
      up: (message, wire) => {
        if (wire.device === device && message.kind === 'append' && ++sent === at) {
          for (const pid of home.daemons()) process.kill(pid, 'SIGKILL')
        }
        return [message]
      },
    }
    const killed = await use(home, file)
    assert.is.not(killed.code, 0, `killed at link ${at}`)
    relay.lie = {}
    await until('its daemon is gone', () => home.daemons().length === 0)
    const { code, err } = await use(home, file)
    // What was whole but for the answer is over, and says so.
    assert.ok(code === 0 || (code === 34 && at === 6), err)
    await home.ok(['sync'])
    await a.sync()
    const all = await devices()
    assert.not(all.includes(device), `the recovery device is out after a kill at ${at}`)
    const list = JSON.parse(await home.ok(['device', 'ls', '--json'])) as {
      devices: { deviceId: string; self: boolean }[]
    }
    const own = list.devices.find(({ self }) => self)?.deviceId ?? ''
    assert.ok(all.includes(own), `the new one is in after a kill at ${at}`)
  }
})

test.run()
