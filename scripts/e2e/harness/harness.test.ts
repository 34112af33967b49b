// The harness must notice what goes wrong, or every other test is worth nothing. Its programs here are small fakes.
import { chmodSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import * as path from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { alive } from '../../tooling/processes.js'
import { runScript } from './script.js'
import { parseArchive, words } from './txtar.js'
import { until } from './until.js'
import { inWorld, World } from './world.js'

const folder = mkdtempSync(path.join(tmpdir(), 'fake-'))
const fake = (name: string, body: string): string => {
  const file = path.join(folder, `${name}.cjs`)
  writeFileSync(file, `#!/usr/bin/env node\n${body}\n`)
  chmodSync(file, 0o755)
  return file
}
const programs = {
  coffer: fake(
    'coffer',
    `const fs = require('fs'), [verb, ...rest] = process.argv.slice(2), home = process.env.COFFER_HOME
     if (verb === 'init') { fs.mkdirSync(home); fs.writeFileSync(home + '/daemon', '') }
     if (verb === 'daemon') {
       require('child_process').spawn('cofferd', [], { detached: true, stdio: 'ignore' }).unref()
     }
     if (verb === 'echo') console.log(rest.join(' '))
     if (verb === 'cat') process.stdin.pipe(process.stdout)
     if (verb === 'exit') process.exit(Number(rest[0]))
     if (verb === 'env') console.log(Object.keys(process.env).sort().join(' '))
     if (verb === 'count') {
       const n = fs.existsSync('n') ? Number(fs.readFileSync('n')) + 1 : 1
       fs.writeFileSync('n', String(n))
       console.log('n=' + n)
       process.exitCode = n < 3 ? 1 : 0
     }
     if (verb === 'serve') {
       console.log('ready 42')
       process.on('SIGTERM', () => process.exit(7))
       setInterval(() => {}, 1000)
     }`,
  ),
  cofferd: fake(
    'cofferd',
    `require('fs').openSync(process.env.COFFER_HOME + '/daemon'); setInterval(() => {}, 1000)`,
  ),
  'coffer-relay': fake(
    'coffer-relay',
    `const port = Number(/:(\\d+)$/.exec(process.argv[3])[1])
     const server = require('net').createServer().listen(port, '127.0.0.1', () =>
       console.log(JSON.stringify({ url: 'ws://127.0.0.1:' + server.address().port, key: 'k' })))
     process.on('SIGTERM', () => process.exit(0))`,
  ),
}
test.after(() => {
  rmSync(folder, { recursive: true })
})

const script = (...lines: string[]): Promise<void> => runScript('t', lines.join('\n'), { programs })

const refuses = async (message: RegExp, ...lines: string[]): Promise<void> => {
  let said = ''
  await script(...lines).catch((error: unknown) => {
    said = String(error)
  })
  assert.match(said, message)
}

test('words and files', () => {
  const split = (line: string): string[] => words(line, (name) => `<${name}>`)
  assert.equal(split("a  'b $c'''  d$E${F}'g h' # rest"), ['a', "b $c'", 'd<E><F>g h'])
  assert.equal(split("'' x#y $"), ['', 'x#y', '$'])
  assert.throws(() => split("'open"))
  const archive = parseArchive('run\n-- a --\n1\n2\n-- b/c --\n')
  assert.is(archive.script, 'run\n')
  assert.equal(
    [...archive.files],
    [
      ['a', '1\n2\n'],
      ['b/c', ''],
    ],
  )
})

test('a script passes when all of it is so', async () => {
  await script(
    'exec coffer echo one two',
    "stdout '^one two$'",
    '! stdout three',
    '! stderr .',
    'capture X',
    'exec coffer echo $X',
    'cmp stdout f',
    '! cmp stdout g',
    'exit 20 coffer exit 20',
    '! exec coffer exit 1',
    'stdin f',
    'exec coffer cat',
    'cmp stdout f',
    'stdin closed',
    "exec sh -c 'test -e /proc/$$/fd/0 && echo there || echo closed'",
    "stdout '^closed$'",
    "exec sh -c 'readlink /proc/$$/fd/0'",
    "stdout '^/dev/null$'",
    'wait-until coffer count',
    'stdout n=3',
    'wait-for n=5 coffer count',
    'start s coffer serve',
    "printed s 'ready (\\d+)' N",
    'exec coffer echo $N',
    'stdout 42',
    'signal s SIGTERM',
    'wait s 7',
    'env A=b',
    'exec coffer env',
    "stdout '^A COFFER_HOME HOME LC_ALL PATH TZ$'",
    'exists f',
    '! exists h',
    '-- f --',
    'one two',
    '-- g --',
    'other',
  )
})

test('a script fails where it is not so, and says where', async () => {
  await refuses(/t:2: exec coffer exit 3\nexit 3/, '', 'exec coffer exit 3')
  await refuses(/exit 0, not 20/, 'exit 20 coffer exit 0')
  await refuses(/exit 0/, '! exec coffer exit 0')
  await refuses(
    /doesn't match[^]*last program: exit 0\n\[stdout\]\na/,
    'exec coffer echo a',
    'stdout b',
  )
  await refuses(/matches/, 'exec coffer echo a', '! stdout a')
  await refuses(/differ/, 'exec coffer echo a', 'cmp stdout f', '-- f --', 'b')
  await refuses(/no command 'exce'/, 'exce coffer')
  await refuses(/can't be negated/, '! exit 1 coffer exit 1')
  await refuses(/\$X has no value/, 'exec coffer echo $X')
  await refuses(/never waited for: s/, 'start s coffer serve')
  await refuses(/ended before it printed/, 'start s coffer echo a', 'printed s b')
  await refuses(/ENOENT/, 'exec no-such-program')
})

test('homes and daemons', () =>
  inWorld(
    async (world) => {
      const [a, ab] = [world.home('a'), world.home('ab')]
      for (const home of [a, ab]) {
        await home.init()
        await home.ok(['daemon'])
        await until('one daemon', () => home.daemons().length === 1)
      }
      await a.killDaemon()
      assert.is(a.daemons().length, 0)
      assert.is(ab.daemons().length, 1)
      await assertRejects(/wanted exit 0: \$ coffer exit 4\nexit 4/, () => a.ok(['exit', '4']))
    },
    { programs },
  ))

test('a relay keeps its port over kill and stop', () =>
  inWorld(
    async (world) => {
      const relay = await world.relay()
      const { url } = relay
      assert.is((await relay.kill()).code, 137)
      await relay.start()
      assert.is(relay.url, url)
      assert.is((await relay.stop()).code, 0)
    },
    { programs },
  ))

test('a closed world leaves neither process nor file', async () => {
  const world = new World({ programs })
  const home = world.home('a')
  await home.init()
  await home.ok(['daemon'])
  const [pid = 0] = await until('a daemon', () =>
    home.daemons().length > 0 ? home.daemons() : false,
  )
  const relay = await world.relay()
  const pids = [pid, relay.process.pid]
  world.close()
  await until('all ended', () => !pids.some(alive))
  assert.not(existsSync(world.folder))
})

test('a program that takes too long is killed and fails the test', () =>
  inWorld(
    async (world) => {
      await assertRejects(/not ended within 500 ms/, () =>
        world.home('a').run(['serve'], { timeout: 500 }),
      )
    },
    { programs },
  ))

async function assertRejects(message: RegExp, body: () => Promise<unknown>): Promise<void> {
  let said = 'nothing was thrown'
  await body().catch((error: unknown) => {
    said = String(error)
  })
  assert.match(said, message)
}

test.run()
