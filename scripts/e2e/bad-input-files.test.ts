// Files that aren't what they were, or not from whom they should be: a code before any work, and nothing lost.
import {
  chmodSync,
  chownSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import * as path from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { type Client } from '../../cli/reach/client.js'
import { LIMITS } from '../../shared/limits.js'
import { decodeKeystore, encodeKeystore } from '../../daemon/keystore/format.js'
import { type Home } from './harness/home.js'
import { inWorld, type World } from './harness/world.js'
import { codeOf, refusalOf } from './support/coded.js'
import { base64, clientOf } from './support/local.js'

/** Gives the file's new content; undefined takes it away. */
type Change = (bytes: Buffer) => Uint8Array | string | undefined

const truncated =
  (part: number): Change =>
  (bytes) =>
    bytes.subarray(0, Math.floor(bytes.length * part))
const flipped =
  (part: number): Change =>
  (bytes) => {
    const at = Math.floor((bytes.length - 1) * part)
    bytes[at] = (bytes[at] ?? 0) ^ 0x04
    return bytes
  }
const PLACES = [0, 0.1, 0.3, 0.5, 0.7, 0.9, 1]
const BROKEN: [string, Change][] = [
  ['missing', () => undefined],
  ['empty', () => ''],
  ['text', () => 'not what it was\n'],
  ['oversize', () => new Uint8Array(LIMITS.homeFile + 1)],
  ['a byte too many', (bytes) => Buffer.concat([bytes, Buffer.of(0)])],
  ...PLACES.slice(1, -1).map((part): [string, Change] => [`cut at ${part}`, truncated(part)]),
  ...PLACES.map((part): [string, Change] => [`a bit flipped at ${part}`, flipped(part)]),
]

/** An open home with one secret, and a connection over which it is shut and opened. */
class Shut {
  readonly home: Home
  readonly client: Client

  private constructor(home: Home, client: Client) {
    this.home = home
    this.client = client
  }

  static async of(world: World, home: Home): Promise<Shut> {
    return new Shut(home, await clientOf(world, home))
  }

  /** Shuts the home, changes a file, and gives the code with which opening is refused; then all is as before. */
  async whenChanged(file: string, change: Change, open: object = {}): Promise<string> {
    await this.client.call('lock', {})
    const before = readFileSync(file)
    const after = change(Buffer.from(before))
    if (after === undefined) rmSync(file)
    else writeFileSync(file, after)
    const code = await refusalOf(this.client.call('unlock', open))
    writeFileSync(file, before, { mode: 0o600 })
    await this.client.call('unlock', open)
    const context = { cwd: '/', env: {} }
    const { value } = await this.client.call('secretGet', { context, name: '/user/x' })
    assert.is(value, base64('here'))
    return code
  }
}

async function withSecret(world: World, init: (home: Home) => Promise<unknown>): Promise<Shut> {
  const home = world.home('a')
  await init(home)
  await home.ok(['set', '/user/x', 'here'])
  return Shut.of(world, home)
}

test('keystore, device, settings and key file that are broken', async () => {
  await inWorld(async (world) => {
    const shut = await withSecret(world, (home) => home.init())
    const { home } = shut
    await home.ok(['org', 'create', 'acme'])
    await home.ok(['org', 'select', 'acme'])
    const wanted = /^(format|cannot-decrypt|home|limit|tampering|storage)$/
    for (const name of ['keystore', 'device', 'settings', '../a.key']) {
      for (const [what, change] of BROKEN) {
        // Without settings a home begins with none; a key file may end in blanks.
        if (what === 'missing' && name === 'settings') continue
        const code = await shut.whenChanged(path.join(home.folder, name), change)
        assert.match(code, wanted, `${name} ${what}`)
      }
    }
    shut.client.close()
    await home.stopDaemon()
  })
})

test('a key file that others may have read, or put there', async () => {
  await inWorld(async (world) => {
    const shut = await withSecret(world, (home) => home.init())
    const { home, client } = shut
    const refused = async (make: () => void, undo: () => void): Promise<string> => {
      await client.call('lock', {})
      make()
      const code = await refusalOf(client.call('unlock', {}))
      undo()
      await client.call('unlock', {})
      return code
    }
    const file = home.keyFile
    const away = `${file}.away`
    const put = (make: () => void): Promise<string> =>
      refused(
        () => {
          renameSync(file, away)
          make()
        },
        () => {
          rmSync(file, { recursive: true, force: true })
          renameSync(away, file)
        },
      )
    for (const mode of [0o644, 0o640, 0o602, 0o601]) {
      const code = await refused(
        () => chmodSync(file, mode),
        () => chmodSync(file, 0o600),
      )
      assert.is(code, 'home', mode.toString(8))
    }
    assert.is(await put(() => symlinkSync(away, file)), 'home')
    assert.is(await put(() => mkdirSync(file)), 'home')
    const fifo = world.start(['mkfifo', '-m', '600', `${file}.fifo`])
    assert.is((await fifo.ended).code, 0)
    assert.is(await put(() => renameSync(`${file}.fifo`, file)), 'home')
    if (process.getuid?.() === 0) {
      const code = await refused(
        () => chownSync(file, 65_534, 65_534),
        () => chownSync(file, 0, 0),
      )
      assert.is(code, 'home')
    } else console.log('skipped: giving a file away needs root')
    client.close()
    assert.is(await home.ok(['get', '/user/x']), 'here\n')
    await home.stopDaemon()
  })
})

test('a keystore whose cost somebody lowered or raised', async () => {
  await inWorld(async (world) => {
    const passphrase = 'correct horse'
    const shut = await withSecret(world, async (home) => {
      const init = ['init', '--passphrase-fd', '0', '--memory', '64']
      await home.ok(init, { stdin: passphrase })
    })
    const open = { open: { kind: 'passphrase', passphrase: base64(passphrase) } }
    const cost =
      (change: { time?: number; memory?: number }): Change =>
      (bytes) => {
        const { opener, wrapped } = decodeKeystore(new Uint8Array(bytes))
        if (opener.kind !== 'passphrase') throw new Error('no passphrase')
        return encodeKeystore({
          opener: { kind: 'passphrase', body: { ...opener.body, ...change } },
          wrapped,
        })
      }
    const MiB = 1024
    for (const [change, wanted] of [
      [{ memory: 8 }, 'tampering'],
      [{ memory: 63 * MiB }, 'tampering'],
      [{ time: 1 }, 'tampering'],
      [{ time: 0 }, 'tampering'],
      [{ memory: 1025 * MiB }, 'limit'],
      [{ memory: 2 ** 32 }, 'limit'],
      [{ time: 1000 }, 'limit'],
      // Within the bounds the cost is authenticated.
      [{ memory: 65 * MiB }, 'cannot-decrypt'],
      [{ time: 4 }, 'cannot-decrypt'],
    ] as const) {
      const code = await shut.whenChanged(
        path.join(shut.home.folder, 'keystore'),
        cost(change),
        open,
      )
      assert.is(code, wanted, JSON.stringify(change))
    }
    shut.client.close()
    // As people see it.
    await shut.home.stopDaemon()
    const file = path.join(shut.home.folder, 'keystore')
    const before = readFileSync(file)
    writeFileSync(file, cost({ memory: 8 })(before) ?? '')
    const unlock = ['unlock', '--passphrase-fd', '0']
    const running = shut.home.start(unlock, { stdin: passphrase })
    assert.is(await codeOf(running), 'tampering')
    writeFileSync(file, before)
    await shut.home.ok(unlock, { stdin: passphrase })
    assert.is(await shut.home.ok(['get', '/user/x']), 'here\n')
    await shut.home.stopDaemon()
  })
})

test('a configuration and a layout that are none', async () => {
  await inWorld(async (world) => {
    const shut = await withSecret(world, (home) => home.init())
    const { home } = shut
    const config = path.join(home.folder, 'config.json')
    writeFileSync(config, '{}', { mode: 0o600 })
    for (const content of [
      '',
      '{',
      '[]',
      '{"autoLock": 0}',
      '{"autoLock": "1"}',
      '{"autoLock": 1e9}',
      '{"unknown": true}',
      '\0\0\0',
      `{"autoLock": ${' '.repeat(LIMITS.configFile)}1}`,
    ]) {
      const code = await shut.whenChanged(config, () => content)
      assert.match(code, /^(format|limit)$/, content.slice(0, 40))
    }
    shut.client.close()
    writeFileSync(config, '{"unknown": true}')
    await home.killDaemon()
    assert.is(await codeOf(home.start(['get', '/user/x'])), 'format')
    rmSync(config)
    await home.killDaemon()
    const layout = path.join(home.folder, 'layout')
    for (const content of ['', 'coffer-home 0\n', 'coffer-home 2\n', 'x'.repeat(20_000)]) {
      writeFileSync(layout, content)
      for (const args of [
        ['get', '/user/x'],
        ['init', '--key-file', `${home.keyFile}.2`],
      ]) {
        assert.match(await codeOf(home.start(args)), /^(home|limit)$/, content.slice(0, 20))
      }
    }
    writeFileSync(layout, 'coffer-home 1\n')
    assert.is(await home.ok(['get', '/user/x']), 'here\n')
    await home.stopDaemon()
  })
})

test.run()
