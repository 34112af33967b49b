import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { idOf, type RelayKey } from '../shared/ids.js'
import { fromHex } from '../shared/bytes.js'
import { LOG_START } from '../shared/protocol/relay.js'
import { TestClient, within } from './testing/client.js'
import { deviceOf, TestVault } from './testing/people.js'

const MAIN = fileURLToPath(new URL('main.js', import.meta.url))
const ann = deviceOf('ann')

type Run = {
  child: ChildProcess
  out: () => string
  err: () => string
  ended: Promise<number | null>
}

function run(...args: string[]): Run {
  const child = spawn(process.execPath, [MAIN, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
  let out = ''
  let err = ''
  child.stdout.on('data', (part: Buffer) => (out += part.toString()))
  child.stderr.on('data', (part: Buffer) => (err += part.toString()))
  const ended = once(child, 'close').then(([code]) => code as number | null)
  return { child, out: () => out, err: () => err, ended }
}

/** Waits for the ready line. */
async function ready(relay: Run): Promise<{ url: string; key: RelayKey }> {
  const line = async (): Promise<string> => {
    while (!relay.out().includes('\n')) {
      await Promise.race([
        once(relay.child.stdout ?? relay.child, 'data'),
        relay.ended.then((code) => Promise.reject(new Error(`ended ${code}: ${relay.err()}`))),
      ])
    }
    return relay.out()
  }
  const { url, key } = JSON.parse(await within(line(), 'the ready line')) as Record<string, string>
  assert.equal(fromHex(key ?? '')?.length, 32, 'the key is lower-case hex')
  return { url: url ?? '', key: idOf(fromHex(key ?? '') ?? new Uint8Array(0)) }
}

async function withFolder(body: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'coffer-relay-main-'))
  try {
    await body(folder)
  } finally {
    await rm(folder, { recursive: true })
  }
}

test('kill -9 and SIGTERM: what was acknowledged is there, the key stays, the exit is 0', () =>
  withFolder(async (folder) => {
    const data = join(folder, 'data')
    const args = ['--listen', '127.0.0.1:0', '--data', data, '--json']
    const first = run(...args)
    const { url, key } = await ready(first)
    const client = await TestClient.connect(url, key, ann)
    const vault = new TestVault(ann, 'v', key)
    const { vaultId } = vault
    await client.get('create', { links: [vault.genesis] }, 'created')
    const sent = Array.from({ length: 100 }, (_, i) => vault.changeset(ann, `${i}`))
    const acknowledged: number[] = []
    const appends = sent.map(async (entry) => {
      const { positions } = await client.get(
        'append',
        { vaultId, base: LOG_START, entries: [entry] },
        'appended',
      )
      acknowledged.push(...positions)
      if (acknowledged.length === 10) first.child.kill('SIGKILL')
    })
    await Promise.allSettled(appends)
    await first.ended
    assert.ok(acknowledged.length >= 10)
    const second = run(...args)
    const again = await ready(second)
    assert.is(again.key, key)
    assert.is((await stat(data)).mode & 0o777, 0o700)
    assert.is((await stat(join(data, 'relay.key'))).mode & 0o777, 0o600)
    const back = await TestClient.connect(again.url, key, ann)
    const opened = await back.get('open', { vaultId, after: LOG_START }, 'opened')
    assert.ok(opened.head.pos >= Math.max(...acknowledged))
    // What was in flight is sent again, verbatim; the whole log is then there once.
    const resent = await back.get('append', { vaultId, base: LOG_START, entries: sent }, 'appended')
    assert.equal(
      resent.positions,
      Array.from({ length: 100 }, (_, i) => i + 2),
    )
    second.child.kill('SIGTERM')
    assert.is((await back.untilClosed()).code, 1012)
    assert.is(await within(second.ended, 'the relay to end'), 0)
  }))

test('a second relay on the data, a taken port and a damaged folder: exit 31 and a word why', () =>
  withFolder(async (folder) => {
    const args = ['--listen', '127.0.0.1:0', '--data', join(folder, 'data'), '--json']
    const first = run(...args)
    const { url } = await ready(first)
    const second = run(...args)
    assert.is(await within(second.ended, 'the second to end'), 31)
    assert.match(second.err(), 'another relay runs on this data folder')
    const port = new URL(url).port
    const third = run('--listen', `127.0.0.1:${port}`, '--data', join(folder, 'other'))
    assert.is(await within(third.ended, 'the third to end'), 31)
    assert.match(third.err(), "can't listen")
    first.child.kill('SIGTERM')
    assert.is(await within(first.ended, 'the first to end'), 0)
    const store = join(folder, 'data', 'store')
    for (const name of await readdir(store)) {
      if (name.startsWith('MANIFEST')) await writeFile(join(store, name), 'damaged')
    }
    const damaged = run(...args)
    assert.is(await within(damaged.ended, 'the damaged one to end'), 31)
    assert.match(damaged.err(), "the store's file MANIFEST")
    assert.is(damaged.out(), '')
  }))

test('a data folder that cannot be made: exit 31, not a search without end', () =>
  withFolder(async () => {
    const relay = run('--listen', '127.0.0.1:0', '--data', '/proc/coffer/data')
    assert.is(await within(relay.ended, 'it to end'), 31)
    assert.match(relay.err(), "can't be used")
  }))

test('a key that others may read, or that is none, is not used', () =>
  withFolder(async (folder) => {
    const args = ['--listen', '127.0.0.1:0', '--data', folder, '--json']
    const first = run(...args)
    await ready(first)
    first.child.kill('SIGTERM')
    await first.ended
    const key = join(folder, 'relay.key')
    await chmod(key, 0o644)
    const open = run(...args)
    assert.is(await within(open.ended, 'the end'), 31)
    assert.match(open.err(), 'open to other users')
    await chmod(key, 0o600)
    await writeFile(key, 'no key\n')
    const none = run(...args)
    assert.is(await within(none.ended, 'the end'), 31)
    assert.match(none.err(), 'is no relay key')
  }))

test('usage errors exit 2; help and version exit 0', async () => {
  const wrong = run('--listen', '0.0.0.0:1', '--data', '/nowhere')
  assert.is(await wrong.ended, 2)
  assert.match(wrong.err(), 'coffer-relay --help')
  const help = run('--help')
  assert.is(await help.ended, 0)
  assert.match(help.out(), 'Examples:')
})

test('attack 44: no signal opens a debugger that every user of the machine could connect to', () =>
  withFolder(async (folder) => {
    const relay = run('--listen', '127.0.0.1:0', '--data', join(folder, 'data'), '--json')
    await ready(relay)
    relay.child.kill('SIGUSR1')
    // The later signal's end comes behind whatever the first one did.
    relay.child.kill('SIGTERM')
    assert.is(await relay.ended, 0)
    assert.not.match(relay.err(), 'Debugger')
  }))

test.run()
