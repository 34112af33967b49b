import { Buffer } from 'node:buffer'
import * as fc from 'fast-check'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { CofferError } from '../../../shared/errors.js'
import { godotenv } from '../testing/godotenv.js'
import { problemOf, writeSecretFile } from './secret-file.js'
import { parseSecretFile } from './secret-reader.js'

/** Pairs as JSON, or the reason of the refusal. */
function verdict(file: string): string {
  try {
    return JSON.stringify(parseSecretFile(file).map(({ name, value }) => [name, value]))
  } catch (error) {
    if (error instanceof CofferError && error.code === 'format') return error.reason ?? ''
    throw error
  }
}

test("a .secret by Earthly's rules, and what they would lose is refused", () => {
  const table: readonly (readonly [string, string])[] = [
    ['A=1\nexport B = two words # note\nC: yaml', '[["A","1"],["B","two words"],["C","yaml"]]'],
    ['# only\n\n  ', '[]'],
    ['A=', '[["A",""]]'],
    ['A=\nB=1', '[["A",""],["B","1"]]'],
    ['A=x#y', '[["A","x#y"]]'],
    ['A="x # y" # note\nB=1', '[["A","x # y"],["B","1"]]'],
    ["A='$2a$10$x'", '[["A","$2a$10$x"]]'],
    [String.raw`A="\$2a\$10\$x \"q\" \\ \d"`, String.raw`[["A","$2a$10$x \"q\" \\ d"]]`],
    [
      'A="-----BEGIN KEY-----\nx\n-----END KEY-----\n"',
      String.raw`[["A","-----BEGIN KEY-----\nx\n-----END KEY-----\n"]]`,
    ],
    ['A=1\nB=$A-${A}', '[["A","1"],["B","1-1"]]'],
    ['A=a$b', '[["A","a$b"]]'],
    ['A=1\r\nB=2\r\n', '[["A","1"],["B","2"]]'],
    ['export=1', '[["export","1"]]'],
    ['A=$2a$10$x', 'expansion'],
    ['A="${HOME}"', 'expansion'],
    ['A=1\nA=2', 'duplicate'],
    ['export =1', 'no-assignment'],
    ['A/B=1', 'no-assignment'],
    ['MY-KEY=1', 'no-assignment'],
    ['NPM_TOKEN\nOTHER', 'no-assignment'],
    ['A', 'no-assignment'],
    ['A="x', 'unclosed'],
    ['A="x"B=1', 'after-quote'],
    ["A='it''s'", 'after-quote'],
    [String.raw`A="say \"yes\""`, 'quote'],
    ['A=x # y # z', 'comment'],
    ['A=x\rB=1', 'control'],
    ['\ufeffA=1', 'byte-order-mark'],
  ]
  for (const [file, wanted] of table) assert.is(verdict(file), wanted, file)
})

test('no error tells a value, and each tells its line', () => {
  try {
    parseSecretFile('A=1\n\nB="hunter2')
    assert.unreachable()
  } catch (error) {
    assert.match(String(error), 'line 3:')
    assert.not.match(String(error), 'hunter2')
  }
})

const PARTS = [
  ...Array.from('\\\n"\'`$\r\t #!(){}=:-aZ9_.\0é\u0085\u00a0\ufeff'),
  '\\n',
  '\nB=',
  'A=',
  '$A',
  'export ',
]
const text = fc.array(fc.constantFrom(...PARTS), { maxLength: 14 }).map((parts) => parts.join(''))

test('whatever the file: what godotenv reads, or a refusal', () => {
  let read = 0
  fc.assert(
    fc.property(text, (rest) => {
      const file = `A=${rest}`
      const got = verdict(file)
      if (!got.startsWith('[')) return
      read++
      assert.is(got, JSON.stringify([...godotenv(file)]))
    }),
    { numRuns: 5000 },
  )
  assert.ok(read > 1000, `${read} were read`)
})

test('what coffer writes there comes back', () => {
  fc.assert(
    fc.property(fc.array(text, { minLength: 1, maxLength: 4 }), (values) => {
      const secrets = values
        .map((value, i) => ({ name: `N${i}`, bytes: Buffer.from(value) }))
        .filter((one) => problemOf(one) === undefined)
      const file = writeSecretFile(secrets).toString()
      const wanted = secrets.map(({ name, bytes }) => [name, bytes.toString()])
      assert.is(verdict(file), JSON.stringify(wanted))
    }),
    { numRuns: 2000 },
  )
})

test.run()
