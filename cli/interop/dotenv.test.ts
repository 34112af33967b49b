import { execFileSync } from 'node:child_process'
import { parseEnv } from 'node:util'
import * as fc from 'fast-check'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { CofferError } from '../../shared/errors.js'
import { parseDotenv, writeDotenv, type Assignment } from './dotenv.js'

function pairs(text: string): [string, string][] {
  return parseDotenv(text).map(({ name, value }) => [name, value])
}

function refusal(text: string): string {
  try {
    parseDotenv(text)
  } catch (error) {
    if (error instanceof CofferError)
      return `${error.reason} ${/line \d+/.exec(error.message)?.[0]}`
    throw error
  }
  return 'none'
}

test('what people write', () => {
  const text = [
    '\ufeff# a comment',
    '',
    'A=1',
    '  export B = two words  # and a comment',
    'C=',
    "D='single $HOME \\n # kept'",
    'E="double \\"q\\" \\$x \\n \\\\ # kept" # comment',
    'F="two',
    'lines"',
    "G='more",
    "lines'",
    'H=a#b',
    'I=# all comment',
    'J=p$1=x$HOME',
    'K={"a": "b\\n"}',
    "L=it's",
    'path/k-1.x=deep',
    'URL=postgres://u:p@h:5432/d?x=1&y=%20',
    '\t# indented comment',
  ].join('\n')
  assert.equal(pairs(text), [
    ['A', '1'],
    ['B', 'two words'],
    ['C', ''],
    ['D', 'single $HOME \\n # kept'],
    ['E', 'double "q" $x \n \\ # kept'],
    ['F', 'two\nlines'],
    ['G', 'more\nlines'],
    ['H', 'a#b'],
    ['I', ''],
    ['J', 'p$1=x$HOME'],
    ['K', '{"a": "b\\n"}'],
    ['L', "it's"],
    ['path/k-1.x', 'deep'],
    ['URL', 'postgres://u:p@h:5432/d?x=1&y=%20'],
  ])
  assert.equal(pairs(text.replaceAll('\n', '\r\n')), pairs(text))
  assert.equal(pairs(''), [])
})

test('what readers disagree on is refused with its line', () => {
  const table: readonly (readonly [string, string])[] = [
    ['A=1\nB', 'no-assignment line 2'],
    ['=1', 'no-assignment line 1'],
    ['1A=1', 'no-assignment line 1'],
    ['A B=1', 'no-assignment line 1'],
    ['A: 1', 'no-assignment line 1'],
    ['A=1\n\nA=2', 'duplicate line 3'],
    ['A="x', 'unclosed line 1'],
    ["A=1\nB='x\n\n", 'unclosed line 2'],
    ['A="x"y', 'after-quote line 1'],
    ['A="x"#y', 'after-quote line 1'],
    ['A=`x`', 'quote line 1'],
    ['A="\\x"', 'escape line 1'],
    ['A="${HOME}"', 'expansion line 1'],
    ['A=${HOME}', 'expansion line 1'],
    ['A=$(id)', 'expansion line 1'],
    ['A="a\n\n${B}"', 'expansion line 3'],
    ['A=x\ry', 'control line 1'],
  ]
  for (const [text, reason] of table) assert.is(refusal(text), reason, JSON.stringify(text))
})

test('no message shows a value', () => {
  try {
    parseDotenv('A="hunter2')
    assert.unreachable()
  } catch (error) {
    assert.not.match(String(error), 'hunter2')
  }
})

const name = fc.stringMatching(/^[A-Za-z_][A-Za-z0-9_.\-/]{0,20}$/)
const value = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        '"',
        "'",
        '`',
        '$',
        '\\',
        '\n',
        '\r',
        '\r\n',
        '#',
        ' ',
        '\t',
        '=',
        '${A}',
        '\\n',
      ),
      fc.string({ unit: 'grapheme' }),
    ),
  )
  .map((parts) => parts.join('').replaceAll('\0', ''))
const file = fc.uniqueArray(fc.record({ name, value }, { noNullPrototype: true }), {
  selector: (one) => one.name,
})

test('what is written is read back, by every reader, or is refused', () => {
  fc.assert(
    fc.property(file, (assignments) => {
      const held = assignments.filter(canHold)
      const text = writeDotenv(held)
      assert.equal(parseDotenv(text), held)
      assert.equal(sorted(Object.entries(parseEnv(text))), sorted(held.map(pairOf)))
      // These two know no name with a slash.
      const known = held.filter((one) => !one.name.includes('/'))
      assert.equal(sorted(Object.entries(dotenvOfNpm(text))), sorted(known.map(pairOf)))
      const read = pythonDotenv(writeDotenv(known))
      assert.equal(sorted(Object.entries(read)), sorted(known.map(pairOf)))
    }),
    { numRuns: 1000 },
  )
})

test('a value that readers differ on is refused, and others are held', () => {
  const held = [
    '{"key":"a\\nb"}',
    'pa$$word',
    "it's",
    'a"b',
    'a\\b',
    '`id`',
    ' x ',
    '#',
    'a\nB=1\n',
    '',
  ]
  for (const one of held) assert.ok(canHold({ name: 'A', value: one }), JSON.stringify(one))
  const differing = [`it's "x"`, `it's $x`, `'\\`, 'x\\', 'x\\\\y', 'a\r\nb', 'a ${HOME} b']
  for (const one of differing)
    assert.not.ok(canHold({ name: 'A', value: one }), JSON.stringify(one))
  assert.not.ok(canHold({ name: 'a/B', value: 'x\nNODE_OPTIONS=--require=y\n' }))
})

test('a shell reads what is written', () => {
  const values = [
    '{"key":"a\\nb"}',
    'pa$$word',
    "it's",
    '`id`',
    ' x ',
    '$(id)',
    'two\nlines',
    '!x',
    '',
  ]
  const text = writeDotenv(values.map((one, i) => ({ name: `A${i}`, value: one })))
  const script = `set -a; eval "$1"; env -0`
  const out = execFileSync('sh', ['-c', script, 'sh', text], { env: { PATH: process.env['PATH'] } })
  const read = new Map(
    out
      .toString()
      .split('\0')
      .map((one) => [one.split('=')[0], one]),
  )
  for (const [i, one] of values.entries()) assert.is(read.get(`A${i}`), `A${i}=${one}`)
})

function canHold(one: Assignment): boolean {
  try {
    writeDotenv([one])
    return true
  } catch (error) {
    assert.instance(error, CofferError)
    return false
  }
}

const pairOf = (one: Assignment): [string, string] => [one.name, one.value]
const sorted = (pairs: [string, unknown][]): string[] =>
  pairs.map((pair) => JSON.stringify(pair)).toSorted()

/** npm's dotenv 16, its own expression and steps. */
function dotenvOfNpm(text: string): Record<string, string> {
  const line =
    /(?:^|^)\s*(?:export\s+)?([\w.-]+)(?:\s*=\s*?|:\s+?)(\s*'(?:\\'|[^'])*'|\s*"(?:\\"|[^"])*"|\s*`(?:\\`|[^`])*`|[^#\r\n]+)?\s*(?:#.*)?(?:$|$)/gm
  const found = [...text.replace(/\r\n?/g, '\n').matchAll(line)].map(([, name = '', raw = '']) => {
    const trimmed = raw.trim()
    const value = trimmed.replace(/^(['"`])([^]*)\1$/gm, '$2')
    const escaped = trimmed.startsWith('"')
      ? value.replace(/\\n/g, '\n').replace(/\\r/g, '\r')
      : value
    return [name, escaped] as const
  })
  return Object.fromEntries(found)
}

/** python-dotenv 1.0's rules for quoted values, and its expansion, which quotes don't stop. */
function pythonDotenv(text: string): Record<string, string> {
  const line = /^([\w.-]+)=(?:'((?:\\'|[^'])*)'|"((?:\\"|[^"])*)"|([^\n'"]*))$/gm
  const found = [...text.matchAll(line)].map(([, name = '', one, two, plain = '']) => {
    const value =
      one?.replace(/\\(['\\])/g, '$1') ?? two?.replace(/\\([\\'"abfnrtv])/g, '<$1>') ?? plain
    return [name, value.replace(/\$\{[^}:]*(?::-[^}]*)?\}/g, '')] as const
  })
  return Object.fromEntries(found)
}

test.run()
