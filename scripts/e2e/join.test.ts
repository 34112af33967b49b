// Joining when things go wrong: killed halfway, late, twice, at once, over a relay that isn't the one meant.
import { existsSync } from 'node:fs'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { makeCertificate } from '../../sync-server/testing/certificate.js'
import { type Home } from './harness/home.js'
import { type Running } from './harness/program.js'
import { type Relay } from './harness/relay.js'
import { inWorld, type World } from './harness/world.js'

const FINGERPRINT = /^fingerprint: ([a-z2-7]{4}(?:-[a-z2-7]{4}){3})$/m

/** A home with secrets, on the relay. */
async function founder(world: World, relay: Relay, ...more: readonly string[]): Promise<Home> {
  const home = world.home('a')
  await home.init()
  await home.ok(['set', '/user/K', 'value'])
  await home.ok(['org', 'create', 'acme'])
  await home.ok(['project', '--org', 'acme', 'create', 'web'])
  await home.ok(['relay', 'set', relay.url, '--relay-key', relay.key, ...more])
  return home
}

const codeOf = async (home: Home, ...args: readonly string[]): Promise<string> =>
  (await home.ok(['device', 'add', ...args])).trim()

/** Starts joining and gives the fingerprint that was printed. */
async function begin(home: Home, code: string): Promise<{ running: Running; print: string }> {
  const running = home.start(['join', code, '--key-file', home.keyFile])
  const [, print = ''] = await running.printed(FINGERPRINT)
  return { running, print }
}

const asks = (home: Home, print: string): Promise<string> =>
  home.until(['device', 'requests'], (out) => out.includes(print))

async function ends(running: Running, wanted = 0): Promise<void> {
  const { code } = await running.ended
  assert.is(code, wanted, running.describe())
}

test('killed while it waits, a joiner goes on where it was, with the same fingerprint', async () => {
  await inWorld(async (world) => {
    const relay = await world.relay()
    const a = await founder(world, relay)
    const code = await codeOf(a)
    const b = world.home('b')
    const { running, print } = await begin(b, code)
    running.kill('SIGKILL')
    await b.killDaemon()
    await ends(running, 137)

    // The relay is away, too: repeating says so, in time, and nothing is lost.
    await relay.kill()
    const again = b.start(['join', code, '--timeout', '1s'])
    await ends(again, 29)
    assert.is(FINGERPRINT.exec(again.out)?.[1], print)
    await b.killDaemon()
    await relay.start()

    // Nobody repeats anything: the daemon, started by whatever command, asks again by itself.
    assert.match(await b.ok(['status', '--json']), /"running":false/)
    await b.ok(['daemon', 'start'])
    await asks(a, print)
    await a.ok(['device', 'confirm', print])
    const { code: exit } = await b.run(['join', code])
    assert.is(exit, 0)
    assert.is(await b.ok(['get', '/user/K']), 'value\n')
    assert.is(await b.ok(['projects', '--org', 'acme', 'ls']), 'web\n')
    await b.killDaemon()
    assert.is(await b.ok(['get', '/user/K']), 'value\n')
  })
})

test('a code ends: by its time, and by the one device that it let in', async () => {
  await inWorld(async (world) => {
    const a = await founder(world, await world.relay())
    const [b, c, d] = [world.home('b'), world.home('c'), world.home('d')]
    const short = await codeOf(a, '--expires', '1s')
    // Whether the request comes in time or not, nobody is let in by it.
    const late = await b.exits(34, ['join', short, '--key-file', b.keyFile])
    assert.match(late.err, /^coffer: expired: the code has expired/m)
    const { code: expired, err } = await c.run(['join', short, '--key-file', c.keyFile])
    assert.is(expired, 34, err)
    assert.match(err, /^coffer: expired: /)
    assert.not.ok(existsSync(c.keyFile), 'a home that never was leaves no key file')

    // Two devices answer one code: one is let in, the other is told.
    const code = await codeOf(a)
    const [one, two] = [await begin(c, code), await begin(d, code)]
    assert.is.not(one.print, two.print)
    await asks(a, one.print)
    await a.ok(['device', 'confirm', one.print])
    await ends(one.running)
    await ends(two.running, 34)
    const { code: exit } = await a.run(['device', 'confirm', two.print])
    assert.is(exit, 20)
    assert.is((await a.ok(['device', 'ls'])).trim().split('\n').length, 2)
  })
})

test('two join at once, confirmed at once by two devices', async () => {
  await inWorld(async (world) => {
    const a = await founder(world, await world.relay())
    const [b, c, d] = [world.home('b'), world.home('c'), world.home('d')]
    const first = await begin(b, await codeOf(a))
    await asks(a, first.print)
    await a.ok(['device', 'confirm', first.print])
    await ends(first.running)

    const [toC, toD] = [await begin(c, await codeOf(a)), await begin(d, await codeOf(b))]
    await Promise.all([asks(a, toC.print), asks(b, toD.print)])
    // Both links are made on the same head: the loser plans anew. The same device confirmed twice is let in once.
    const confirmed = await Promise.all([
      a.run(['device', 'confirm', toC.print]),
      b.run(['device', 'confirm', toD.print]),
      b.run(['device', 'confirm', toC.print]),
    ])
    for (const { code, err } of confirmed) assert.is(code, 0, err)
    await Promise.all([ends(toC.running), ends(toD.running)])
    for (const home of [a, b, c, d]) {
      await home.until(['device', 'ls'], (out) => out.trim().split('\n').length === 4)
      assert.is(await home.ok(['get', '/user/K']), 'value\n')
    }
    await c.ok(['--org', 'acme', '--project', 'web', 'set', 'C', 'from c'])
    const here = ['--org', 'acme', '--project', 'web', 'get', 'C']
    for (const home of [a, b, d]) assert.is(await home.until(here), 'from c\n')
  })
})

test('a relay with a certificate of its own, trusted by --ca and by nothing else', async () => {
  await inWorld(async (world) => {
    const { cert, key } = makeCertificate()
    const [certFile, keyFile] = [world.file('cert.pem', cert), world.file('key.pem', key)]
    const relay = await world.relay({ args: ['--tls-cert', certFile, '--tls-key', keyFile] })
    assert.match(relay.url, /^wss:\/\/127\.0\.0\.1:\d+$/)
    const a = world.home('a')
    await a.init()
    const set = ['relay', 'set', relay.url, '--relay-key', relay.key]
    const untrusted = await a.exits(26, set)
    assert.match(untrusted.err, /^coffer: unreachable: .*certificate/)
    await a.exits(2, [...set, '--ca', 'missing.pem'])
    await a.exits(26, ['relay', 'set', relay.url.replace('wss', 'ws'), '--relay-key', relay.key])
    const other = world.file('other.pem', makeCertificate().cert)
    await a.exits(26, [...set, '--ca', other])
    assert.match(await a.ok(['status', '--json']), /"relay":null/)
    await a.ok([...set, '--ca', certFile])
    await a.ok(['set', '/user/K', 'value'])
    await a.ok(['sync'])
    // It holds over a restart of either side.
    await a.stopDaemon()
    await relay.stop()
    await relay.start()
    await a.ok(['sync'])
    assert.match(await a.ok(['status']), /^relay +wss:\S+ connected$/m)
  })
})

test.run()
