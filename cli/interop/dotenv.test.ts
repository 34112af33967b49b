import * as fc from 'fast-check'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { CofferError } from '../../shared/errors.js'
import { parseDotenv, writeDotenv } from './dotenv.js'

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

test('what is written is read back', () => {
  fc.assert(
    fc.property(file, (assignments) => {
      assert.equal(parseDotenv(writeDotenv(assignments)), assignments)
    }),
    { numRuns: 1000 },
  )
})

test('whatever is read: assignments that survive a round trip, or a coded refusal', () => {
  const line = fc.oneof(
    fc.string(),
    fc.tuple(name, value).map(([n, v]) => `${n}=${v}`),
    fc.tuple(name, value).map(([n, v]) => `export ${n}="${v}"`),
  )
  fc.assert(
    fc.property(fc.array(line, { maxLength: 6 }), (all) => {
      let read
      try {
        read = parseDotenv(all.join('\n'))
      } catch (error) {
        assert.instance(error, CofferError)
        return
      }
      const storable = read.filter((one) => !one.value.includes('\0'))
      assert.equal(parseDotenv(writeDotenv(storable)), storable)
    }),
    { numRuns: 1000 },
  )
})

test.run()
