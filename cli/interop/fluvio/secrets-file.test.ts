import { Buffer } from 'node:buffer'
import * as fc from 'fast-check'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { verdictOf } from '../../../shared/testing/refusal.js'
import { isTrimmed } from './names.js'
import { fileProblem, readSecretsFile, variableProblem, writeSecretsFile } from './secrets-file.js'

/** As a connector reads: lines, the first `=`, both sides trimmed as Rust trims, the first line of a name. */
function read(file: string, name: string): string | undefined {
  for (const line of file.split('\n').map((one) => one.replace(/\r$/, ''))) {
    const at = line.indexOf('=')
    if (at >= 0 && trim(line.slice(0, at)) === trim(name)) return trim(line.slice(at + 1))
  }
  return undefined
}

/** Rust's trim(): the characters that Unicode calls White_Space, which isn't what JavaScript's trim() takes. */
const trim = (text: string): string => text.replace(/^\p{White_Space}+|\p{White_Space}+$/gu, '')

const of = (name: string, value: string): { name: string; bytes: Buffer } => ({
  name,
  bytes: Buffer.from(value),
})

test('the file holds what a line can hold, and says why not', () => {
  const table: readonly (readonly [string, string | undefined])[] = [
    ['plain', undefined],
    ['', undefined],
    ['a=b = c', undefined],
    ['"quoted" \'too\' # no comment', undefined],
    ['${{ secrets.A }}', undefined],
    ['tab\tand\rreturn within', undefined],
    ['\ufeffmark', undefined],
    ['two\nlines', 'has more than one line'],
    ['ends\n', 'has more than one line'],
    ['ends\r', 'begins or ends with a blank'],
    [' begins', 'begins or ends with a blank'],
    ['ends\u00a0', 'begins or ends with a blank'],
    ['\u0085begins', 'begins or ends with a blank'],
    ['ends\u3000', 'begins or ends with a blank'],
  ]
  for (const [value, problem] of table) {
    assert.is(fileProblem(of('A', value)), problem, JSON.stringify(value))
    if (problem === undefined) assert.is(read(writeSecretsFile([of('A', value)]), 'A'), value)
  }
  assert.is(fileProblem({ name: 'A', bytes: Buffer.of(255) }), 'is not UTF-8 text')
  for (const name of ['', ' A', 'A=B', 'A\nB']) {
    assert.is(fileProblem(of(name, 'x')), 'has a name that no line can hold', name)
  }
})

test('a variable holds lines and blanks, and neither NUL nor 128 KiB', () => {
  assert.is(variableProblem(of('A', ' two\nlines \n')), undefined)
  assert.is(variableProblem(of('A', 'x\0')), 'holds a NUL byte')
  assert.is(variableProblem({ name: 'A', bytes: Buffer.of(255) }), 'is not UTF-8 text')
  assert.is(variableProblem(of('A', 'x'.repeat(128 * 1024 - 3))), undefined)
  assert.is(variableProblem(of('A', 'x'.repeat(128 * 1024 - 2))), 'has 128 KiB or more')
  assert.is(variableProblem(of('A=B', 'x')), 'has a name that no variable can have')
})

test('a name given twice is refused: its second line would never be read', () => {
  assert.is(
    verdictOf(() => writeSecretsFile([of('A', '1'), of('A', '2')])),
    'usage/same-name',
  )
  assert.is(
    verdictOf(() => writeSecretsFile([of('A', 'x\n')])),
    'format/not-a-line',
  )
})

test('whatever is stored: the connector reads the same, or it is refused', () => {
  const odd = fc.constantFrom(...Array.from('=\n\r\t #"\'\\\0\u0085\u00a0\u2028\ufeff\u{1f511}ab'))
  const text = fc.oneof(fc.string({ unit: odd, maxLength: 8 }), fc.string({ unit: 'binary' }))
  const one = fc.record({
    name: fc.oneof(fc.constantFrom('A', 'B', 'C/D', 'e f'), text),
    bytes: fc.oneof(
      text.map((value) => Buffer.from(value)),
      fc.uint8Array({ maxLength: 8 }),
    ),
  })
  let held = 0
  fc.assert(
    fc.property(fc.array(one, { maxLength: 4 }), (secrets) => {
      let file = ''
      if (verdictOf(() => (file = writeSecretsFile(secrets))) !== 'holds') return
      held += 1
      for (const { name, bytes } of secrets) {
        assert.equal(Buffer.from(read(file, name) ?? 'none'), Buffer.from(bytes), name)
      }
    }),
    { numRuns: 2000 },
  )
  assert.ok(held > 200, `${held} were held`)
})

test('isTrimmed sees exactly what Rust trims', () => {
  for (let code = 0; code < 0x10000; code++) {
    const char = String.fromCodePoint(code)
    if (isTrimmed(`${char}x`) !== /\p{White_Space}/u.test(char))
      assert.unreachable(code.toString(16))
  }
})

test('what people have in hand is read as a connector reads it, or refused', () => {
  const table: readonly (readonly [string, string])[] = [
    ['A=1\nB=b=c \r\n\n# a note\n', '[["A","1"],["B","b=c"]]'],
    [' A = x y ', '[["A","x y"]]'],
    ['A="q"', '[["A","\\"q\\""]]'],
    ['', '[]'],
    ['A=1\nA=2', 'format/duplicate'],
    ['A=1\nlost\n', 'format/no-assignment'],
    ['=x', 'format/no-assignment'],
    ['SecretNames  LastUpdate\nA            2024-01-01', 'format/names-only'],
  ]
  for (const [file, wanted] of table) {
    let got = ''
    const verdict = verdictOf(() => {
      got = JSON.stringify(readSecretsFile(file).map(({ name, value }) => [name, value]))
    })
    assert.is(got === '' ? verdict : got, wanted, file)
  }
})

test.run()
