import { Buffer } from 'node:buffer'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { CofferError } from '../shared/errors.js'
import { FakeDaemon } from './testing/fake-daemon.js'
import { runCli, type Outcome, type Surroundings } from './testing/fake-io.js'

const id = 'ab'.repeat(32)
const version = { id, number: 2 }
const author = { deviceId: id, device: 'laptop\x1b', self: true }
const written = { reference: '/user/A', version, created: true, warnings: [] }
const vault = { vaultId: id, kind: 'user' } as const
const folder = mkdtempSync(join(tmpdir(), 'coffer-cli-'))

const daemon = await new FakeDaemon(
  {
    secretSet: () => written,
    secretSetMany: ({ items }) => ({
      vault,
      created: items.map(({ name }) => name),
      changed: [],
      unchanged: ['OLD'],
      warnings: [],
    }),
    secretRemove: ({ names }) => {
      if (names.includes('NO')) {
        throw new CofferError('not-found', "no secret 'NO'", { next: "did you mean 'NOW'?" })
      }
      return { references: names, warnings: [{ code: 'last-device', message: 'beware\x07' }] }
    },
    secretGenerate: ({ reveal }) => ({
      ...written,
      ...(reveal ? { value: Buffer.from('r4nd0m').toString('base64') } : {}),
    }),
    secretHistory: () => ({
      reference: '/user/A',
      versions: [
        {
          version,
          kind: 'put',
          at: 0,
          author,
          size: 5,
          current: true,
          sibling: false,
          queued: true,
          futureClock: false,
        },
      ],
      warnings: [],
    }),
    orgList: () => ({
      orgs: [{ vaultId: id, name: 'a\ncme', selected: true, role: 'owner', queued: 0 }],
    }),
    projectRemove: () => ({}),
    conflictsResolve: () => written,
  },
  ({ argv }) => ({
    status: argv.includes('NO') ? 20 : 0,
    stdout: Buffer.from(`${argv.join(' ')}\n`),
    stderr: Buffer.from(argv.includes('NO') ? 'coffer: not-found: x\n' : ''),
  }),
).start()

async function cli(line: readonly string[], more: Surroundings = {}): Promise<Outcome> {
  return runCli(line, { env: { COFFER_HOME: daemon.home, ...more.env }, ...more })
}

/** What the last call stored under `value`, as text. */
function stored(): string {
  const last = daemon.calls.at(-1)?.params
  assert.ok(typeof last === 'object' && last !== null && 'value' in last)
  return Buffer.from(String(last.value), 'base64').toString('latin1')
}

test('a value comes from one place, byte for byte, and silence is success', async () => {
  const file = join(folder, 'value')
  writeFileSync(file, 'from file\n')
  const table: readonly (readonly [string[], Surroundings, string])[] = [
    [['set', 'A', 'argv'], {}, 'argv'],
    [['set', 'A', ''], {}, ''],
    [['secret', 'set', 'A'], { input: 'piped\n' }, 'piped\n'],
    [['secrets', 'set', '-i', 'A'], { input: Buffer.from([0, 255]) }, '\x00\xff'],
    [['set', '--file', file, 'A'], {}, 'from file\n'],
    [['set', 'A', '-f', 'value'], { cwd: folder }, 'from file\n'],
    [['set', 'A', '--allow-empty'], { input: '' }, ''],
    [['set', 'A'], { typed: 'hiddx\x7fen\r' }, 'hidden'],
  ]
  for (const [line, more, value] of table) {
    const outcome = await cli(line, more)
    assert.is(outcome.code, 0, outcome.stderr)
    assert.is(outcome.stdout, '')
    assert.is(outcome.stderr, more.typed === undefined ? '' : 'secret value: \n')
    assert.is(stored(), value, line.join(' '))
  }
})

test('no place, two places, nothing in it: usage', async () => {
  const table: readonly (readonly [string[], Surroundings])[] = [
    [['set', 'A'], {}],
    [['set', 'A', '-i'], {}],
    [['set', 'A'], { input: '' }],
    [['set', 'A', 'v', '--stdin'], { input: 'x' }],
    [['set', 'A', 'v', '--file', 'x'], {}],
    [['set', 'A', '--stdin', '--file', 'x'], { input: 'x' }],
    [['set', 'A', '--file', join(folder, 'none')], {}],
    [['set'], { input: 'x' }],
    [['set', 'A', 'B', 'C'], {}],
    [['set', '--from', '-'], {}],
    [['set', '--from', '-', 'A'], { input: 'A=1' }],
  ]
  const before = daemon.calls.length
  for (const [line, more] of table) {
    const outcome = await cli(line, more)
    assert.is(outcome.code, 2, line.join(' '))
    assert.match(outcome.stderr, /^coffer: usage: .*\n$/)
    assert.is(outcome.stdout, '')
  }
  assert.is(daemon.calls.length, before)
})

test('a value that is too large never reaches the daemon', async () => {
  const before = daemon.calls.length
  const outcome = await cli(['set', 'A'], { input: Buffer.alloc(512 * 1024 + 1, 65) })
  assert.is(outcome.code, 32)
  assert.is(daemon.calls.length, before)
  assert.is((await cli(['set', 'A'], { input: Buffer.alloc(512 * 1024, 65) })).code, 0)
})

test('the terminal is warned of a value on argv, and Ctrl-C cancels', async () => {
  const outcome = await cli(['set', 'A', 'v'], { terminal: true })
  assert.match(outcome.stderr, /^coffer: warning: value-on-command-line: /)
  assert.is((await cli(['set', 'A'], { typed: 'x\x03' })).code, 130)
})

test('the context goes along, and nothing else of the environment', async () => {
  const env = { COFFER_HOME: daemon.home, COFFER_ORG: 'e', EARTHLY_PROJECT: '', SECRET: 'x' }
  await cli(['--org', 'o', 'secret', 'set', '--project=p', 'A', 'v', '--offline'], {
    env,
    cwd: '/w',
  })
  const params = daemon.calls.at(-1)?.params
  assert.ok(typeof params === 'object' && params !== null && 'context' in params)
  assert.equal(params.context, {
    cwd: '/w',
    org: 'o',
    project: 'p',
    offline: true,
    env: { COFFER_ORG: 'e', EARTHLY_PROJECT: '' },
  })
})

test('a file of many is one transaction', async () => {
  const outcome = await cli(['set', '--from', '-'], { input: 'A=1\nB="2\\n"\n' })
  assert.is(outcome.code, 0, outcome.stderr)
  const call = daemon.calls.at(-1)
  assert.is(call?.method, 'secretSetMany')
  assert.match(
    JSON.stringify(call?.params),
    '"items":[{"name":"A","value":"MQ=="},{"name":"B","value":"Mgo="}]',
  )
  const json = await cli(['import', '-', '--dry-run'], {
    input: '{"x/y": "1", "B": {"base64": "/w=="}}',
  })
  assert.is(json.stdout, 'created x/y\ncreated B\nunchanged OLD\n')
  assert.match(JSON.stringify(daemon.calls.at(-1)?.params), '"dryRun":true')
})

test('a bad file stores nothing and shows no value', async () => {
  const before = daemon.calls.length
  const bad = [
    'A="hunter2',
    '{"A": 7}',
    '{"A": "x"',
    '[1]x',
    '{"/user/A": "x"}',
    '{"coffer://o/p/A": "x"}',
  ]
  for (const input of bad) {
    const outcome = await cli(['import', '-'], { input })
    assert.is(outcome.code, 32, input)
    assert.not.match(outcome.stderr, 'hunter2')
  }
  assert.is((await cli(['import', '-', '--from', 'xml'], { input: 'x' })).code, 2)
  assert.is((await cli(['import', '-'], { input: Buffer.from([65, 61, 255]) })).code, 32)
  assert.is(daemon.calls.length, before)
})

test("the daemon's refusal is one line and its exit code", async () => {
  const outcome = await cli(['rm', 'NO'])
  assert.is(outcome.code, 20)
  assert.is(outcome.stderr, "coffer: not-found: no secret 'NO'; did you mean 'NOW'?\n")
  const warned = await cli(['rm', 'A', 'B'])
  assert.is(warned.stderr, 'coffer: warning: last-device: beware\\u{7}\n')
  assert.is(warned.code, 0)
  const json = await cli(['rm', 'A', '--json'])
  assert.match(json.stdout, '"references":["A"]')
  assert.is(json.stderr, '')
})

test('get and ls are asked for in their plain form', async () => {
  const got = await cli(['secret', 'get', '-n', '--org', 'o', 'A'])
  assert.is(got.stdout, 'get --org=o --raw -- A\n')
  assert.is((await cli(['ls'])).stdout, 'ls --\n')
  const failed = await cli(['get', 'NO'])
  assert.is(failed.code, 20)
  assert.is(failed.stderr, 'coffer: not-found: x\n')
})

test('what is shown is safe for a terminal', async () => {
  assert.is((await cli(['orgs', 'list'])).stdout, 'a\\u{a}cme\n')
  const history = await cli(['history', 'A'])
  assert.is(
    history.stdout,
    '*  2  abababababab  1970-01-01T00:00:00Z  5 bytes  laptop\\u{1b}  queued\n',
  )
})

test('generated values are shown when asked for', async () => {
  assert.is((await cli(['generate', 'A'])).stdout, '')
  assert.is((await cli(['generate', 'A', '--print'])).stdout, 'r4nd0m\n')
  assert.is((await cli(['generate', 'A', '--length', '0'])).code, 2)
  assert.is((await cli(['generate', 'A', '--charset', 'emoji'])).code, 2)
})

test('consent is a flag where nobody can be asked', async () => {
  assert.is((await cli(['project', 'rm', 'web'])).code, 2)
  assert.is((await cli(['project', 'rm', '-f', 'web'])).code, 0)
  assert.is((await cli(['project', 'rm', 'web'], { typed: 'n\n' })).code, 130)
  assert.is((await cli(['project', 'rm', 'web'], { typed: 'yes\n' })).code, 0)
  assert.is((await cli(['uninstall', '--data'])).code, 2)
})

test('a conflict ends by a version or a value', async () => {
  await cli(['conflicts', 'resolve', 'A', '--pick', '4'])
  assert.match(
    JSON.stringify(daemon.calls.at(-1)?.params),
    '"choice":{"kind":"version","version":"4"}',
  )
  await cli(['conflicts', 'resolve', 'A'], { input: 'v' })
  assert.match(
    JSON.stringify(daemon.calls.at(-1)?.params),
    '"choice":{"kind":"value","value":"dg=="}',
  )
  assert.is((await cli(['conflicts', 'resolve', 'A', '--pick', '4', '-i'], { input: 'v' })).code, 2)
})

test.after(async () => {
  await daemon.stop()
  rmSync(folder, { recursive: true })
})

test.run()
