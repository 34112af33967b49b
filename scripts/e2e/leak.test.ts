// Canaries go through everything; afterwards nothing that others can see holds one, however dressed.
import { readFileSync, writeFileSync } from 'node:fs'
import * as path from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { fromBase32 } from '../../shared/bytes.js'
import { type Home } from './harness/home.js'
import { type Result } from './harness/program.js'
import { type Relay } from './harness/relay.js'
import { inWorld, type World } from './harness/world.js'
import { Canaries, type Find } from './support/canaries.js'
import { dial, exchangeBytes, socketPathOf, untilClosed } from './support/local.js'
import { Watch } from './support/processes.js'
import { Proxy } from './support/proxy.js'
import { watchRecovery } from './support/recovery.js'

type Options = { stdin?: string | Uint8Array; env?: NodeJS.ProcessEnv; cwd?: string; code?: number }

/** One life of four homes and a relay behind a wire that is listened to. */
class Life {
  readonly world: World
  readonly relay: Relay
  readonly url: string
  readonly canaries = new Canaries()
  readonly watch = new Watch()
  readonly a: Home
  readonly b: Home
  readonly c: Home
  readonly d: Home

  constructor(world: World, relay: Relay, url: string) {
    this.world = world
    this.relay = relay
    this.url = url
    this.a = world.home('a')
    this.b = world.home('b')
    this.c = world.home('c')
    this.d = world.home('d')
  }

  fresh(what: string, before = ''): string {
    return this.canaries.fresh(what, before)
  }

  /** Runs `coffer ARGS…`; its own arguments aren't held against it. */
  async coffer(home: Home, args: readonly string[], options: Options = {}): Promise<Result> {
    const { code = 0, ...rest } = options
    this.watch.typed(args)
    const running = home.start(args, rest)
    const result = await running.ended
    assert.is(result.code, code, running.describe())
    return result
  }

  /** The same with the passphrase in descriptor 3, a second one in 4. */
  async withPassphrase(
    home: Home,
    args: readonly string[],
    passphrases: readonly string[],
    code = 0,
  ): Promise<string> {
    const files = passphrases.map((one, n) => this.world.file(`passphrase-${n}`, `${one}\n`))
    const redirect = files.map((file, n) => `${n + 3}<${file}`).join(' ')
    const command = ['bash', '-c', `exec coffer "$@" ${redirect}`, 'bash', ...args]
    this.watch.typed(args)
    const running = this.world.start(command, { env: { COFFER_HOME: home.folder } })
    const result = await running.ended
    assert.is(result.code, code, running.describe())
    return result.out
  }
}

/** Homes with a key file and with a passphrase, labels, a wrong passphrase, another passphrase. */
async function makeHomes(life: Life): Promise<void> {
  const { a, c, canaries } = life
  const env = { MY_TOKEN: life.fresh('a variable of the caller') }
  const labels = [
    '--name',
    life.fresh('person', 'p'),
    '--email',
    `${life.fresh('email', 'e')}@x.org`,
  ]
  const device = ['--device-name', life.fresh('device name', 'd')]
  await life.coffer(a, ['init', '--key-file', a.keyFile, ...labels, ...device], { env })
  const keyText = readFileSync(a.keyFile, 'utf8').split('\n')[1] ?? ''
  canaries.add('key file, as written', keyText)
  canaries.add('key file, its bytes', fromBase32(keyText) ?? '')
  const [one, two, wrong] = ['one', 'two', 'wrong'].map((what) => life.fresh(`passphrase ${what}`))
  const memory = ['--memory', '64']
  await life.withPassphrase(c, ['init', '--passphrase-fd', '3', ...memory], [one!])
  await life.coffer(c, ['set', `/user/${life.fresh('name with passphrase', 'n')}`], {
    stdin: life.fresh('value with passphrase'),
  })
  await life.coffer(c, ['lock'])
  await life.withPassphrase(c, ['unlock', '--passphrase-fd', '3'], [wrong!], 22)
  await life.withPassphrase(c, ['unlock', '--passphrase-fd', '3'], [one!])
  const change = ['passphrase', 'change', '--passphrase-fd', '3', '--new-passphrase-fd', '4']
  await life.withPassphrase(c, [...change, ...memory], [one!, two!])
  await c.killDaemon()
  await life.withPassphrase(c, ['unlock', '--passphrase-fd', '3'], [two!])
}

/** Every way in for values and names. Gives the selection flags and the name that both devices know. */
async function store(life: Life): Promise<{ selection: string[]; name: string }> {
  const { a, canaries, world } = life
  const [org, project] = [life.fresh('org', 'o'), life.fresh('project', 'p')]
  const selection = ['--org', org, '--project', project]
  await life.coffer(a, ['org', 'create', org])
  await life.coffer(a, ['--org', org, 'project', 'create', project])
  const name = life.fresh('name', 'n')
  const coffer = (args: string[], options?: Options): Promise<Result> =>
    life.coffer(a, [...selection, ...args], options)
  await coffer(['set', name, life.fresh('value on argv'), '--note', life.fresh('note')])
  await coffer(['set', name], { stdin: life.fresh('value on stdin') })
  const binary = Uint8Array.from({ length: 48 }, (_, at) => (at * 89 + 7) % 256)
  canaries.add('binary value', binary)
  await coffer([
    'set',
    `deep/${life.fresh('name of a file', 'n')}`,
    '--file',
    world.file('v', binary),
  ])
  const variable = `V${life.fresh('variable')}`
  const dotenv = world.file('many.env', `${variable}=${life.fresh('imported value')}\n`)
  await coffer(['import', dotenv])
  await coffer(['run', '--only', variable, '--', 'sh', '-c', `test -n "$${variable}"`])
  const generated = life.fresh('generated name', 'g')
  await coffer(['generate', generated, '--length', '32'])
  canaries.add('generated value', (await coffer(['get', '-n', generated])).stdout)
  const moved = life.fresh('new name', 'm')
  await coffer(['mv', generated, moved])
  await coffer(['rm', moved])
  await coffer(['rollback', moved, '1'])
  await coffer(['history', name])
  return { selection, name }
}

async function join(life: Life): Promise<void> {
  const { a, b, canaries } = life
  await life.coffer(a, ['relay', 'set', life.url, '--relay-key', life.relay.key])
  const code = (await life.coffer(a, ['device', 'add'])).out.trim()
  // Its first part names the relay; what follows must reach nobody.
  canaries.add('invite code', code.slice(-24))
  const passphrase = life.world.file('passphrase-b', `${life.fresh('passphrase of b')}\n`)
  const device = ['--device-name', life.fresh('name of the second device', 'd')]
  const args = ['join', code, '--passphrase-fd', '3', '--memory', '64', ...device]
  life.watch.typed(args)
  const argv = ['bash', '-c', `exec coffer "$@" 3<${passphrase}`, 'bash', ...args]
  const joining = life.world.start(argv, { env: { COFFER_HOME: b.folder } })
  const [, fingerprint = ''] = await joining.printed(/fingerprint: (\S+)/)
  await a.until(['device', 'requests'], (out) => out.includes(fingerprint))
  await life.coffer(a, ['device', 'confirm', fingerprint])
  assert.is((await joining.ended).code, 0, joining.describe())
}

async function conflict(life: Life, selection: string[], name: string): Promise<void> {
  const { a, b, relay } = life
  await relay.stop()
  await life.coffer(a, [...selection, 'set', name], { stdin: life.fresh('value of a') })
  await life.coffer(b, [...selection, 'set', name], { stdin: life.fresh('value of b') })
  await relay.start()
  for (const home of [a, b, a]) await home.until(['sync'])
  const { err } = await life.coffer(a, [...selection, 'get', name])
  assert.match(err, /conflict/)
  await life.coffer(a, ['conflicts', '--json'])
  await life.coffer(a, [...selection, 'conflicts', 'resolve', name, '--stdin'], {
    stdin: life.fresh('resolved value'),
  })
  for (const home of [a, b]) await life.coffer(home, ['sync'])
}

/** A recovery device: its passphrase and seeds are in nobody's hands but the holder's, before its use and after. */
async function recover(life: Life): Promise<void> {
  const { a, d, canaries, world } = life
  const file = path.join(world.work, 'recovery.asc')
  const passphrase = (await life.coffer(a, ['recovery', 'create', '-o', file])).out.trim()
  await watchRecovery(canaries, passphrase, readFileSync(file, 'utf8'))
  const use = ['recovery', 'use', file, '--key-file', d.keyFile, '--passphrase-fd', '3']
  await life.withPassphrase(d, use, [`x${passphrase}`], 22)
  await life.withPassphrase(d, use, [passphrase])
}

/** What is refused is seen by the one who asked, and by nobody else. */
async function mistakes(life: Life, selection: string[]): Promise<void> {
  const { a, world, relay } = life
  const bad = life.fresh('refused word', 'r')
  await life.coffer(a, [...selection, 'get', bad], { code: 20 })
  await life.coffer(a, [...selection, 'set', `a=${bad}`, bad], { code: 32 })
  await life.coffer(a, ['--org', bad, '--project', bad, 'get', 'x'], { code: 20 })
  await life.coffer(a, ['import', world.file('bad.env', `${bad}\n=${bad}\n`)], { code: 32 })
  world.file('folder/.coffer.yaml', `project: ${bad}\n${bad}: 1\n`)
  await life.coffer(a, ['get', 'x'], { code: 32, cwd: path.join(world.work, 'folder') })
  await life.coffer(a, ['join', bad], { code: 32 })
  await life.coffer(a, ['run', '--', bad], { code: 127 })
  const socket = socketPathOf(a)
  for (const line of [
    `{"jsonrpc":"2.0","id":1,"method":"${bad}"}\n`,
    `{"jsonrpc":"2.0","id":1,"method":"secretSet","params":{"${bad}":"${bad}"}}\n`,
    `{"jsonrpc":"2.0","id":1,"method":"unlock","params":{"open":{"kind":"${bad}"}}}\n`,
    `{"${bad}\n`,
    `coffer1${bad}`,
  ]) {
    const connection = await dial(socket)
    const answer = untilClosed(connection)
    connection.end(line)
    await answer
  }
  const { port } = new URL(relay.url)
  const http = [`GET /${bad}?${bad} HTTP/1.1`, 'Host: x', `User-Agent: ${bad}`, 'Connection: close']
  await exchangeBytes({ port: Number(port) }, `${http.join('\r\n')}\r\n\r\n`)
  await exchangeBytes({ port: Number(port) }, `${bad}\r\n\r\n`)
}

/** Where canaries were found: nowhere, it is to be hoped. */
async function search(life: Life, proxy: Proxy): Promise<Find[]> {
  const { a, b, c, d, relay, canaries, watch } = life
  watch.stop()
  const finds = [...watch.commandLines, ...watch.environments].flatMap((text) =>
    canaries.in(Buffer.from(text, 'latin1'), text),
  )
  finds.push(...canaries.in(proxy.seen, 'the wire'))
  for (const home of [a, b, c, d]) finds.push(...canaries.inFiles(home.folder))
  finds.push(...canaries.inFiles(relay.data))
  const log = `${relay.process.out}\n${relay.process.err}`
  finds.push(...canaries.in(Buffer.from(log), "the relay's output"))
  const metrics = await exchangeBytes(
    { port: Number(new URL(relay.url).port) },
    'GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n',
  )
  assert.match(metrics.toString(), /^# HELP /m)
  finds.push(...canaries.in(metrics, "the relay's metrics"))
  return finds
}

test('the search finds a canary in every dress', () => {
  const canaries = new Canaries()
  const word = Buffer.from(canaries.fresh('word'))
  for (const before of ['', 'x', 'xy']) {
    const around = Buffer.concat([Buffer.from(before), word, Buffer.from('after')])
    for (const dress of ['latin1', 'base64', 'base64url', 'hex', 'utf16le'] as const) {
      const dressed =
        dress === 'utf16le' ? Buffer.from(String(around), dress) : around.toString(dress)
      assert.is(canaries.in(Buffer.from(dressed), '').length, 1, `${dress} after ${before.length}`)
    }
  }
  assert.is(canaries.in(word.subarray(1), '').length, 0)
})

test('no canary leaves the hands of who may see it', async () => {
  await inWorld(async (world) => {
    const proxy = await Proxy.open()
    const url = `ws://127.0.0.1:${proxy.port}`
    const relay = await world.relay({ args: ['--log-level', 'debug'] })
    proxy.target = Number(new URL(relay.url).port)
    const life = new Life(world, relay, url)
    try {
      await makeHomes(life)
      const { selection, name } = await store(life)
      await join(life)
      await conflict(life, selection, name)
      await recover(life)
      await mistakes(life, selection)
      for (const home of [life.a, life.b, life.c, life.d]) {
        await life.coffer(home, ['status', '--json'])
        await life.coffer(home, ['doctor', '--json'])
      }
      await life.a.killDaemon()
      await life.coffer(life.a, [...selection, 'get', name])
      await life.coffer(life.a, ['sync'])
      assert.equal(await search(life, proxy), [])
      // The wire was listened to, under the masks too; and the search works on what holds canaries.
      const origins = proxy.seen.toString('latin1').split(url).length - 1
      assert.ok(origins >= 2, 'what the client says in the clear is heard')
      const { commandLines, environments } = life.watch
      const programs = ['cofferd', 'coffer-relay', 'coffer']
      const ran = (program: string) => commandLines.some((line) => line.includes(program))
      assert.equal(programs.map(ran), [true, true, true])
      const homes = [life.a, life.b, life.c, life.d].map(({ folder }) => `COFFER_HOME=${folder}\0`)
      const had = (variable: string) => environments.some((one) => one.includes(variable))
      assert.equal(homes.map(had), [true, true, true, true])
      assert.ok(life.canaries.inFiles(world.work).length > 5)
      assert.ok(life.canaries.words.size > 30, `${life.canaries.words.size} canaries`)
      writeFileSync(path.join(life.a.folder, 'daemon.log'), life.canaries.words.get('note') ?? '')
      assert.equal(
        life.canaries.inFiles(life.a.folder).map(({ what }) => what),
        ['note'],
      )
    } finally {
      life.watch.stop()
      proxy.close()
    }
  })
})

test.run()
