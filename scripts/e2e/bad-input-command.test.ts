// What a shell may give to a command: a line with a code, that code's exit, nothing on stdout, nothing changed.
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { LIMITS } from '../../shared/limits.js'
import { type Home } from './harness/home.js'
import { inWorld, type World } from './harness/world.js'
import { codeOf } from './support/coded.js'

/** A home with one secret, which afterwards is there with one version, and no other. */
async function attacked(body: (home: Home, world: World) => Promise<void>): Promise<void> {
  await inWorld(async (world) => {
    const home = world.home('a')
    await home.init()
    await home.ok(['set', '/user/x', 'here'])
    await body(home, world)
    assert.is(await home.ok(['get', '/user/x']), 'here\n')
    assert.is((await home.ok(['history', '/user/x'])).trim().split('\n').length, 1)
    assert.is(await home.ok(['ls', '/user/']), 'x\n')
    assert.is(home.daemons().length, 1)
    await home.stopDaemon()
  })
}

/** A line of bash in the home, for what Node can't pass on: bytes that are no text, closed and full descriptors. */
const bash = (world: World, home: Home, line: string) =>
  world.start(['bash', '-c', line], { env: { COFFER_HOME: home.folder } })

test('arguments and variables that are no text', async () => {
  await attacked(async (home, world) => {
    for (const line of [
      "coffer get /user/$'\\xff'",
      "coffer get /user/x$'\\xc3'",
      "coffer set /user/y $'\\xff\\xfe'",
      "coffer set /user/$'\\xff' value",
      "coffer ls $'\\xed\\xa0\\x80'",
      "coffer run --only /user/x -- echo $'\\xff'",
      "coffer org create $'\\xff'",
      "coffer set /user/y --file $'\\xff'",
      "COFFER_ORG=$'\\xff' COFFER_PROJECT=p coffer get x",
      "COFFER_ORG=o COFFER_PROJECT=$'\\xff' coffer get x",
      "COFFER_HOME=/tmp/$'\\xff' coffer get /user/x",
    ]) {
      assert.match(await codeOf(bash(world, home, line)), /^(usage|format|home|not-found)$/, line)
    }
  })
})

test('names that are none', async () => {
  const bad = [
    '/user/a\u001b[31mred',
    '/user/\u001b]0;title\u0007',
    '/user/a\nb',
    '/user/a\u202eb',
    '/user/zero\u200bwidth',
    '/user/a=b',
    '/user//a',
    '/user/../a',
    '/user/',
    '/user',
    '',
    ' ',
    '/user/ a',
    `/user/${'n'.repeat(LIMITS.name + 1)}`,
    `/user/${'n'.repeat(100_000)}`,
    `/user/${'é'.repeat(LIMITS.name)}`,
    'coffer://',
    'coffer://a/b',
    'coffer://a/b/',
    'coffer://../../x',
    'http://a/b/c',
    '/user/pаypal',
  ]
  await attacked(async (home) => {
    for (const name of bad) {
      const code = await codeOf(home.start(['set', '--', name, 'value']))
      assert.match(code, /^(usage|format|limit)$/, JSON.stringify(name.slice(0, 40)))
    }
    for (const name of bad.slice(0, 8)) {
      const code = await codeOf(home.start(['get', '--', name]))
      assert.match(code, /^(usage|format|limit|not-found)$/, JSON.stringify(name))
    }
    const longest = `/user/${'n'.repeat(LIMITS.name)}`
    await home.ok(['set', longest, 'fits'])
    assert.is(await home.ok(['get', longest]), 'fits\n')
    await home.ok(['rm', longest])
  })
})

test('values too large, empty or not there', async () => {
  await attacked(async (home, world) => {
    const [most, more] = [LIMITS.value, LIMITS.value + 1].map((size) =>
      world.file(`value-${size}`, new Uint8Array(size).fill(7)),
    )
    assert.is(await codeOf(home.start(['set', '/user/y', '--file', more!])), 'limit')
    const stdin = new Uint8Array(LIMITS.value + 1)
    assert.is(await codeOf(home.start(['set', '/user/y'], { stdin })), 'limit')
    assert.is(await codeOf(home.start(['set', '/user/y', '--file', '/dev/zero'])), 'limit')
    assert.is(await codeOf(home.start(['set', '/user/y'])), 'usage')
    assert.is(await codeOf(home.start(['set', '/user/y'], { closeStdin: true })), 'usage')
    assert.is(await codeOf(home.start(['set', '/user/y'], { stdin: '' })), 'usage')
    assert.is(await codeOf(home.start(['set', '/user/y', 'v', '--stdin'], { stdin: 'w' })), 'usage')
    for (const file of ['/nowhere', world.work, '/proc/self/mem']) {
      const code = await codeOf(home.start(['set', '/user/y', '--file', file]))
      assert.match(code, /^(usage|storage)$/, file)
    }
    await home.ok(['set', '/user/y', '--file', most!])
    assert.is((await home.run(['get', '-n', '/user/y'])).stdout.length, LIMITS.value)
    await home.ok(['rm', '/user/y'])
    const note = ['--note', 'n'.repeat(LIMITS.note + 1)]
    assert.match(
      await codeOf(home.start(['set', '/user/y', 'v', ...note])),
      /^(limit|format|usage)$/,
    )
  })
})

test('an output that takes nothing', async () => {
  await attacked(async (home, world) => {
    for (const args of ['get /user/x', 'ls', 'history /user/x', 'status', '--help', 'doctor']) {
      const { code, err } = await bash(world, home, `coffer ${args} > /dev/full`).ended
      assert.is(code, 31, `${args}: ${err}`)
      assert.match(err, /^coffer: storage: the output can't be written/m, args)
    }
    // A reader that has seen enough is no error, and a closed one kills nobody.
    const { code } = await bash(world, home, 'coffer ls | true; coffer get /user/x >&-; true').ended
    assert.is(code, 0)
    const silent = await bash(world, home, 'coffer get /user/nothing 2> /dev/full').ended
    assert.is(silent.code, 20)
  })
})

test('command lines that mean nothing', async () => {
  await attacked(async (home) => {
    const lines: [string[], RegExp][] = [
      [['nonsense'], /^usage$/],
      [['secret'], /^usage$/],
      [['get'], /^usage$/],
      [['get', 'a', 'b'], /^usage$/],
      [['get', '--version', '-1', '/user/x'], /^(usage|format)$/],
      [['get', '--version', 'zz', '/user/x'], /^(usage|format)$/],
      [['get', '--version', '99', '/user/x'], /^not-found$/],
      [['get', '--nonsense', '/user/x'], /^usage$/],
      [['ls', '--org'], /^usage$/],
      [['ls', '--org', 'o'.repeat(5000)], /^(usage|format|limit|not-found)$/],
      [['rollback', '/user/x', '0'], /^(usage|format|not-found)$/],
      [['generate', '/user/y', '--length', '0'], /^(usage|format)$/],
      [['generate', '/user/y', '--length', '1e9'], /^(usage|format)$/],
      [['run', '--only', '/user/x', '--'], /^usage$/],
      [['sync', '--timeout', 'soon'], /^usage$/],
      [['relay', 'set', 'ws://example.org', '--relay-key', '00'], /^usage$/],
      [['relay', 'set', 'ws://127.0.0.1:1', '--relay-key', 'zz'], /^(usage|format)$/],
      [['relay', 'set', 'file:///etc/passwd', '--relay-key', '0'.repeat(64)], /^usage$/],
      [['device', 'confirm', 'x'.repeat(1000)], /^(usage|format|not-found|unreachable)$/],
      [['join', 'not-a-code', '--key-file', 'k'], /^(usage|format|exists)$/],
      [['join', 'c'.repeat(100_000), '--key-file', 'k'], /^(usage|format|limit|exists)$/],
      [['unlock', '--passphrase-fd', '99'], /^usage$/],
      [['unlock', '--passphrase-fd', '-1'], /^usage$/],
      [['unlock', '--passphrase-fd', '0'], /^usage$/],
      [['unlock', '--key-file', 'a', '--passphrase-fd', '0'], /^usage$/],
      [['daemon', 'logs', '--lines', 'many'], /^usage$/],
    ]
    for (const [args, wanted] of lines) {
      assert.match(await codeOf(home.start(args)), wanted, args.join(' ').slice(0, 80))
    }
    const long = { stdin: 'p'.repeat(LIMITS.passphrase + 2) }
    assert.is(await codeOf(home.start(['unlock', '--passphrase-fd', '0'], long)), 'usage')
    for (const [env, wanted] of [
      [{ COFFER_HOME: 'relative' }, /^home$/],
      [{ COFFER_HOME: '/dev/null/x' }, /^home$/],
      [{ COFFER_HOME: '/etc/passwd' }, /^home$/],
      [{ COFFER_HOME: `/${'x'.repeat(5000)}` }, /^home$/],
      [{ COFFER_PROJECT: 'p'.repeat(5000), COFFER_ORG: 'o' }, /^(format|usage|limit|not-found)$/],
      [{ COFFER_PROJECT: '\u001b[31m', COFFER_ORG: 'o' }, /^(format|usage|not-found)$/],
    ] as const) {
      const code = await codeOf(home.start(['get', 'x'], { env }))
      assert.match(code, wanted, JSON.stringify(env).slice(0, 80))
    }
  })
})

test('files of values that are none', async () => {
  const many = (count: number, size: number): string =>
    Array.from({ length: count }, (_, n) => `N${n}=${'v'.repeat(size)}\n`).join('')
  const files: [string, string | Uint8Array][] = [
    ['.env', 'no assignment\n'],
    ['.env', '=value\n'],
    ['.env', 'A="open\n'],
    ['.env', Uint8Array.of(0x41, 0x3d, 0xff, 0xfe, 0x0a)],
    ['.env', 'A=1\nA=2\nB\u001b[31m=3\n'],
    ['.env', many(1001, 1)],
    ['.env', many(20, LIMITS.value - 1)],
    ['.env', `A=${'v'.repeat(LIMITS.value + 1)}\n`],
    ['.env', new Uint8Array(3000).map((_, at) => at * 7)],
    ['x.json', '{"A": "1"'],
    ['x.json', '[]'],
    ['x.json', '"A"'],
    ['x.json', '{"A": 1}'],
    ['x.json', '{"A": {"B": "1"}}'],
    ['x.json', '{"A": {"base64": "***"}}'],
    ['x.json', '{"A": "\\ud800"}'],
    ['x.json', '{"a":'.repeat(50_000)],
    ['x.json', '{"ok": "1", "a\\u0000b": "2"}'],
  ]
  await attacked(async (home, world) => {
    for (const [n, [name, content]] of files.entries()) {
      const file = world.file(`${n}/${name}`, content)
      const code = await codeOf(home.start(['set', '--from', file]))
      assert.match(code, /^(format|limit|usage)$/, String(content).slice(0, 40))
    }
    for (const file of ['/nowhere', world.work, '/dev/zero']) {
      assert.match(
        await codeOf(home.start(['import', file])),
        /^(usage|limit|storage|format)$/,
        file,
      )
    }
  })
})

test.run()
