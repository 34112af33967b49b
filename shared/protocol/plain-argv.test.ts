import * as fc from 'fast-check'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { CofferError } from '../errors.js'
import { exitOf, meansProvider, scanPlain } from './plain-argv.js'

function shown(line: string): string {
  const found = scanPlain(line === '' ? [] : line.split(' '))
  if (found === undefined) return 'full'
  const values = [...found.values].map(([name, given]) => `${name}=${given.join('|')}`)
  const parts = [found.verb, ...found.switches, ...values, ...found.names]
  return [...parts, ...(found.command.length > 0 ? ['--', ...found.command] : [])].join(' ')
}

const TABLE: readonly (readonly [string, string])[] = [
  ['get A', 'get A'],
  ['secret get A', 'get A'],
  ['secrets get -n A', 'get raw A'],
  ['get A -n', 'get raw A'],
  ['--org o secret --project=p get A', 'get org=o project=p A'],
  ['get A --version 3 --strict --json', 'get strict json version=3 A'],
  ['get -- -n', 'get -n'],
  ['--offline ls', 'ls offline'],
  ['secret list db/', 'ls db/'],
  ['ls --max-age 1h --fresh --require-lock --strict', 'ls fresh require-lock strict max-age=1h'],
  ['get --max-age=1h A', 'get max-age=1h A'],
  ['secrets ls --org=', 'ls org='],
  ['run cmd --help -n', 'run -- cmd --help -n'],
  ['run --only A,B -- cmd -- x', 'run only=A,B -- cmd -- x'],
  ['run --only A --only=B --preserve-env cmd', 'run preserve-env only=A|B -- cmd'],
  ['--org o run --allow-env PATH env', 'run org=o allow-env=PATH -- env'],
  ['run -', 'run -- -'],
  ['earthly provider A', 'provider A'],
  ['--org o earthly --offline provider a/b', 'provider offline org=o a/b'],
  ['earthly provider --override --optional A,B A', 'provider override optional=A,B A'],
  ['earthly provider --legacy-project p acme/K', 'provider legacy-project=p acme/K'],
  ['earthly provider -n', 'provider -n'],
  ['earthly provider --odd', 'provider --odd'],
  ['earthly provider org', 'provider org'],
  ['earthly provider -- --override', 'provider --override'],
]

test('plain lines are read', () => {
  for (const [line, meaning] of TABLE) assert.is(shown(line), meaning, line)
})

test('all else is for the full program', () => {
  const lines = [
    '',
    'get',
    'get A B',
    'get --help',
    'get A -h',
    'get A --only B',
    'get A --raw=1',
    'get --org',
    'get A --max-age',
    'get A --fresh=1',
    'ls a b',
    'ls -n',
    'set A',
    'secret',
    'secret secret get A',
    'secret run x',
    'run',
    'run --',
    'run --watch -- x',
    'run --json -- x',
    'org ls',
    '--version',
    '--unknown get A',
    '-- get A',
    'get A --__proto__ x',
    'toString A',
    'earthly',
    'earthly get A',
    'earthly run x',
    'provider A',
    'secret provider A',
    'earthly provider',
    'earthly provider A B',
    'earthly provider --help',
    'earthly provider --override',
    'earthly provider --odd A',
    'earthly provider --json A',
    'earthly provider --raw A',
  ]
  for (const line of lines) assert.is(shown(line), 'full', line)
})

test('a provider is known by its words, and its 2 is no mistake of the command line', () => {
  const table: readonly (readonly [string, boolean])[] = [
    ['earthly provider', true],
    ['earthly provider --odd', true],
    ['--org o --offline earthly --project=p provider A', true],
    ['set earthly provider', false],
    ['--org earthly provider', false],
    ['earthly check provider', false],
    ['-- earthly provider', false],
    ['', false],
  ]
  const usage = new CofferError('usage', 'x')
  for (const [line, meant] of table) {
    assert.is(meansProvider(line.split(' ')), meant, line)
    assert.is(exitOf(usage, line.split(' ')), meant ? 32 : 2, line)
    assert.is(exitOf(new CofferError('locked', 'x'), line.split(' ')), 21)
  }
})

test("run's command is verbatim whatever it holds", () => {
  fc.assert(
    fc.property(fc.array(fc.string(), { minLength: 1 }), (command) => {
      assert.equal(scanPlain(['run', '--', ...command])?.command, command)
    }),
  )
})

test.run()
