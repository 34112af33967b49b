// Whoever gets at the disk, the socket or the surroundings of a daemon.
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import * as path from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { u32be } from '../../shared/bytes.js'
import { cryptoReady } from '../../shared/crypto/hash.js'
import { PLAIN_MAGIC } from '../../shared/protocol/plain.js'
import { decodeKeystore, encodeKeystore } from '../../daemon/keystore/format.js'
import { type Home } from './harness/home.js'
import { until } from './harness/until.js'
import { World } from './harness/world.js'
import { dial, socketPathOf } from './support/local.js'

await cryptoReady
const world = new World()
test.after(() => world.close())

const passphrase = { stdin: 'correct horse' }
const MEMORY = ['--memory', '64']

async function withPassphrase(name: string): Promise<Home> {
  const home = world.home(name)
  await home.ok(['init', '--passphrase-fd', '0', ...MEMORY], passphrase)
  await home.ok(['set', '/user/x', `of ${name}`])
  await home.stopDaemon()
  return home
}

const unlock = (home: Home) => home.run(['unlock', '--passphrase-fd', '0'], passphrase)

test('attacks 14, 15, 42: a keystore weakened, inflated or swapped opens nothing, and the true one does', async () => {
  const [home, other] = [await withPassphrase('a'), await withPassphrase('b')]
  const file = path.join(home.folder, 'keystore')
  const genuine = readFileSync(file)
  const { opener, wrapped } = decodeKeystore(new Uint8Array(genuine))
  assert.ok(opener.kind === 'passphrase')
  if (opener.kind !== 'passphrase') return
  const lies: readonly (readonly [exit: number, words: RegExp, Partial<typeof opener.body>])[] = [
    [27, /less work/, { memory: 8 * 1024 }],
    [27, /less work/, { time: 1 }],
    [32, /more work/, { memory: 64 * 1024 * 1024 }],
    [32, /more work/, { time: 1_000_000 }],
    [22, /wrong/, { memory: 65 * 1024 }],
    [22, /wrong/, { salt: new Uint8Array(16) }],
  ]
  for (const [exit, words, change] of lies) {
    const body = { ...opener.body, ...change }
    writeFileSync(file, encodeKeystore({ opener: { kind: 'passphrase', body }, wrapped }))
    const started = performance.now()
    const { code, err } = await unlock(home)
    assert.is(code, exit, err)
    assert.match(err, words)
    assert.ok(performance.now() - started < 5000)
  }
  writeFileSync(file, genuine)
  await home.stopDaemon()
  cpSync(home.folder, kept, { recursive: true })
  // The other home's keystore opens with the same words, and nothing that stands here.
  const files = ['keystore', 'device', 'settings']
  for (const count of [1, 2, 3]) {
    for (const one of files.slice(0, count)) {
      cpSync(path.join(other.folder, one), path.join(home.folder, one))
    }
    const { code, err } = await unlock(home)
    const got = await home.run(['get', '/user/x'])
    assert.not.match(got.out, /of a/)
    assert.ok(code !== 0 || got.code !== 0, `${count} files: ${err}`)
    assert.match(err + got.err, /^coffer: [a-z-]+: /m)
    await home.stopDaemon()
    for (const one of files) renameBack(home, one)
  }
  writeFileSync(file, genuine)
  assert.is((await unlock(home)).code, 0)
  assert.is(await home.ok(['get', '/user/x']), 'of a\n')
})

const kept = path.join(world.folder, 'kept')

/** Puts back what was saved of the home at the first call. */
function renameBack(home: Home, file: string): void {
  cpSync(path.join(kept, file), path.join(home.folder, file))
}

test('attack 42: a stolen home without its key file opens nowhere', async () => {
  const home = world.home('stolen')
  await home.init()
  await home.ok(['set', '/user/x', 'secret'])
  await home.stopDaemon()
  renameSync(home.keyFile, `${home.keyFile}.elsewhere`)
  const got = await home.run(['get', '/user/x'])
  assert.is(got.code, 22, got.err)
  assert.is(got.out, '')
  assert.is((await home.run(['unlock'])).code, 22)
  await home.stopDaemon()
  renameSync(`${home.keyFile}.elsewhere`, home.keyFile)
  assert.is(await home.ok(['get', '/user/x']), 'secret\n')
  await home.stopDaemon()
})

test('attack 44: nobody else may enter, and nothing put there beforehand is followed', async () => {
  const home = world.home('closed')
  const runtime = path.join(world.folder, 'runtime')
  mkdirSync(runtime, { mode: 0o700 })
  const env = { XDG_RUNTIME_DIR: runtime }
  await home.ok(['init', '--key-file', home.keyFile], { env })
  await home.ok(['set', '/user/x', 'secret'], { env })
  for (const folder of [home.folder, runtime]) {
    for (const one of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
      const stat = lstatSync(path.join(folder, one))
      assert.is(stat.mode & 0o077, 0, one)
    }
  }
  const [theirs] = readdirSync(runtime)
  await home.stopDaemon()
  // Where the daemon would put socket, log and pointer, somebody else has put links and loose folders.
  const target = world.file('target', 'untouched')
  for (const name of ['socket', 'daemon.log']) {
    rmSync(path.join(home.folder, name), { force: true })
    symlinkSync(target, path.join(home.folder, name))
  }
  mkdirSync(path.join(runtime, theirs ?? 'x'), { recursive: true })
  chmodSync(path.join(runtime, theirs ?? 'x'), 0o777)
  writeFileSync(path.join(runtime, theirs ?? 'x', 'daemon.sock'), 'a file')
  assert.is((await home.run(['get', '/user/x'], { env })).code, 33, 'a pointer that is a link')
  rmSync(path.join(home.folder, 'socket'))
  assert.is(await home.ok(['get', '/user/x'], { env }), 'secret\n')
  assert.is(statSync(path.join(runtime, theirs ?? 'x')).mode & 0o077, 0)
  assert.is(readFileSync(target, 'utf8'), 'untouched')
  await home.stopDaemon()
  // A home that is somebody else's, or open to all, is none.
  const foreign = path.join(world.folder, 'foreign')
  mkdirSync(foreign, { mode: 0o777 })
  if (process.getuid?.() === 0) {
    chownSync(foreign, 65534, 65534)
    const { code, err } = await home.run(['init', '--key-file', `${foreign}.key`], {
      env: { COFFER_HOME: foreign },
    })
    assert.is(code, 33, err)
    assert.equal(readdirSync(foreign), [])
  }
})

test('attack 45: a daemon keeps no variable of its starter, and dumps no core', async () => {
  const home = world.home('guest')
  await home.init()
  await home.stopDaemon()
  const env = {
    DEPLOY_TOKEN: 'token-of-ci',
    AWS_SECRET_ACCESS_KEY: 'of-the-shell',
    NODE_OPTIONS: '',
  }
  const out = await home.ok(['run', '--', 'env'], { env })
  assert.match(out, /AWS_SECRET_ACCESS_KEY=of-the-shell/)
  const [pid = 0] = home.daemons()
  const surroundings = readFileSync(`/proc/${pid}/environ`, 'utf8')
  assert.not.match(surroundings, /token-of-ci|of-the-shell|NODE_OPTIONS/)
  assert.match(readFileSync(`/proc/${pid}/limits`, 'utf8'), /Max core file size +0 +0/)
  assert.is(readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('token'), false)
  await home.stopDaemon()
})

test('connections that say half a word, and never the rest, keep nobody out', async () => {
  const home = world.home('stolen')
  await home.ok(['get', '/user/x'])
  const socket = socketPathOf(home)
  const half = [
    '{"jsonrpc":"2.0","id":1,"method":"sta',
    Buffer.concat([PLAIN_MAGIC, u32be(1024 * 1024), Buffer.alloc(60_000, 'x')]),
    Buffer.from('coffer'),
  ]
  const held = await Promise.all(
    Array.from({ length: 700 }, async (_, i) => {
      const one = await dial(socket)
      one.write(half[i % half.length] ?? '')
      return one
    }),
  )
  const started = performance.now()
  for (let i = 0; i < 3; i++) assert.is(await home.ok(['get', '/user/x']), 'secret\n')
  assert.ok(performance.now() - started < 5000)
  for (const one of held) one.destroy()
  await until('status answers', async () => (await home.run(['status'])).code === 0)
  assert.is(home.daemons().length, 1)
})

test('attack 60: what lies about as .coffer.yaml holds up nothing and gives a child nothing', async () => {
  const home = world.home('stolen')
  await home.ok(['org', 'create', 'acme'])
  await home.ok(['project', 'create', 'prod', '--org', 'acme'])
  await home.ok(['set', 'coffer://acme/prod/KEY', 'of prod'])
  const cwd = path.join(world.work, 'cloned')
  mkdirSync(cwd)
  const file = path.join(cwd, '.coffer.yaml')
  writeFileSync(file, 'org: acme\nproject: prod\nenv: {STOLEN: KEY}\n')
  const ran = await home.run(['run', '--', 'sh', '-c', 'echo ran $KEY $STOLEN'], { cwd })
  assert.is(ran.code, 23, ran.err)
  assert.is(ran.out, '')
  rmSync(file)
  const fifo = world.start(['mkfifo', file])
  assert.is((await fifo.ended).code, 0)
  const held = await home.run(['get', 'KEY'], { cwd })
  assert.is(held.code, 32, held.err)
  rmSync(file)
  symlinkSync('/dev/zero', file)
  assert.is((await home.run(['get', 'KEY'], { cwd })).code, 32)
  assert.ok(existsSync(home.folder))
})

test.run()
