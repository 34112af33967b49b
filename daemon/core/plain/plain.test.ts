import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { toBase64 } from '../../../shared/base64.js'
import { fromUtf8, utf8 } from '../../../shared/bytes.js'
import { CofferError } from '../../../shared/errors.js'
import { answerPlain, plainFailure, type PlainMethods } from './answer.js'
import { parsePlain, type PlainCommand } from './parse.js'
import { isLoaderVariable } from '../../../shared/loader-variables.js'
import { childVariables } from './variables.js'
import { verdictOf } from '../../../shared/testing/refusal.js'

const id = 'ab'.repeat(32)
const version = { id, number: 3 }
const author = { deviceId: id, device: 'laptop', self: true }
const vault = { vaultId: id, kind: 'user' } as const

function command(line: string, variables: { COFFER_ORG?: string } = {}): PlainCommand {
  return parsePlain({ argv: line.split(' '), cwd: '/home/me', variables })
}

const refuse = (): Promise<never> => Promise.reject(new CofferError('internal', 'not asked for'))

function methods(given: Partial<PlainMethods>): PlainMethods {
  return { secretGet: refuse, secretList: refuse, secretEnvironment: refuse, ...given }
}

function getting(
  value: Uint8Array,
  warnings: { code: string; message: string }[] = [],
): PlainMethods {
  const reference = '/user/A'
  return methods({
    secretGet: () =>
      Promise.resolve({ reference, value: toBase64(value), version, at: 5, author, warnings }),
  })
}

async function output(
  line: string,
  given: PlainMethods,
): Promise<{ stdout: string; stderr: string; status: number }> {
  const { stdout, stderr, status } = await answerPlain(command(line), given)
  return { stdout: fromUtf8(stdout) ?? 'not UTF-8', stderr: fromUtf8(stderr) ?? '', status }
}

test('a command carries context and options', () => {
  assert.equal(command('get A --version 2 --strict --org o', { COFFER_ORG: 'e' }), {
    kind: 'get',
    params: {
      context: { cwd: '/home/me', env: { COFFER_ORG: 'e' }, org: 'o' },
      name: 'A',
      version: '2',
      strict: true,
    },
    json: false,
    raw: false,
  })
  assert.equal(command('run --only A,B --only C --offline -- env -i'), {
    kind: 'run',
    params: {
      context: { cwd: '/home/me', env: {}, offline: true },
      allow: [],
      only: ['A', 'B', 'C'],
    },
    preserve: false,
    command: ['env', '-i'],
  })
  assert.is(
    verdictOf(() => command('get A --version latest')),
    'usage/bad-version',
  )
  assert.is(
    verdictOf(() => command('run --only A,,B -- x')),
    'usage/empty-name',
  )
  assert.is(
    verdictOf(() => command('set A')),
    'usage/not-plain',
  )
})

test('get gives the bytes', async () => {
  assert.is((await output('get A', getting(utf8('väl')))).stdout, 'väl\n')
  assert.is((await output('get -n A', getting(utf8('v\n\n')))).stdout, 'v\n\n')
  const raw = await answerPlain(command('get -n A'), getting(Uint8Array.of(0, 255, 10)))
  assert.equal(raw.stdout, Uint8Array.of(0, 255, 10))
  const warned = await output('get A', getting(utf8('x'), [{ code: 'conflict', message: 'a\x1b' }]))
  assert.equal(warned, {
    stdout: 'x\n',
    stderr: 'coffer: warning: conflict: a\\u{1b}\n',
    status: 0,
  })
})

test('get --json tells text from bytes', async () => {
  const text = await output('get --json A', getting(utf8('"v"')))
  assert.match(text.stdout, '{"value":"\\"v\\"","reference":"/user/A","version":{')
  const bytes = await output('get --json A', getting(Uint8Array.of(255)))
  assert.match(bytes.stdout, '{"valueBase64":"/w==",')
})

test('ls gives one name a line, hostile names escaped', async () => {
  const secret = { version, at: 5, author, conflict: false, queued: false }
  const listing = (names: string[]): PlainMethods =>
    methods({
      secretList: () =>
        Promise.resolve({
          vault,
          loading: false,
          secrets: names.map((name) => ({ name, ...secret })),
          warnings: [],
        }),
    })
  assert.is(
    (await output('ls', listing(['a', 'b/c', 'x\ny\x1b']))).stdout,
    'a\nb/c\nx\\u{a}y\\u{1b}\n',
  )
  assert.equal(await output('ls', listing([])), {
    stdout: '',
    stderr: 'No secrets found\n',
    status: 0,
  })
  assert.is(
    (await output('ls -l', listing(['a', 'b/c']))).stdout,
    'a    1970-01-01T00:00:00Z\nb/c  1970-01-01T00:00:00Z\n',
  )
  const json = await output('ls --json', listing([]))
  assert.match(json.stdout, '"secrets":[]')
  assert.is(json.stderr, '')
})

test('run answers what to execute', async () => {
  const given = methods({
    secretEnvironment: () =>
      Promise.resolve({
        vault,
        variables: [{ name: 'A', value: toBase64(utf8('1=2')) }],
        skipped: ['db/x'],
        warnings: [],
      }),
  })
  const ran = await answerPlain(command('run --preserve-env -- sh -c x'), given)
  assert.equal(ran.exec, { policy: 'preserve', argv: ['sh', '-c', 'x'], environment: { A: '1=2' } })
  assert.match(fromUtf8(ran.stderr) ?? '', /skipped: .*db\/x\n$/)
})

test('a failure has its exit code and one line', () => {
  const failed = plainFailure(
    new CofferError('not-found', "no secret 'A\n'", { next: 'see coffer ls' }),
  )
  assert.is(failed.status, 20)
  assert.is(fromUtf8(failed.stderr), "coffer: not-found: no secret 'A\\u{a}'; see coffer ls\n")
})

test('secrets that are no variables', () => {
  const pair = (name: string, value = utf8('v')): { name: string; value: Uint8Array } => ({
    name,
    value,
  })
  const mixed = childVariables([pair('A'), pair('db/x'), pair('1x')], false, [])
  assert.equal(mixed.variables, [pair('A')])
  assert.equal(mixed.skipped, ['db/x', '1x'])
  assert.is(
    verdictOf(() => childVariables([pair('db/x')], true, [])),
    'format/not-a-variable',
  )
  assert.is(
    verdictOf(() => childVariables([pair('PATH')], false, [])),
    'refused/loader-variable',
  )
  assert.is(
    verdictOf(() => childVariables([pair('LD_AUDIT')], true, ['PATH'])),
    'refused/loader-variable',
  )
  assert.equal(childVariables([pair('PATH')], false, ['PATH']).variables, [pair('PATH')])
  const big =
    (size: number): (() => unknown) =>
    () =>
      childVariables([pair('A', new Uint8Array(size).fill(65))], false, [])
  assert.is(verdictOf(big(128 * 1024)), 'limit/not-a-variable')
  assert.is(verdictOf(big(128 * 1024 - 3)), 'holds')
  assert.is(
    verdictOf(() => childVariables([pair('A', Uint8Array.of(0))], false, [])),
    'format/not-a-variable',
  )
  assert.is(
    verdictOf(() => childVariables([pair('A', Uint8Array.of(255))], false, [])),
    'format/not-a-variable',
  )
  for (const name of [
    'BASH_ENV',
    'NODE_OPTIONS',
    'LD_PRELOAD',
    'DYLD_INSERT_LIBRARIES',
    'COFFER_HOME',
  ]) {
    assert.ok(isLoaderVariable(name), name)
  }
  assert.not(isLoaderVariable('DATABASE_URL'))
})

test.run()
