import { Buffer } from 'node:buffer'
import * as fc from 'fast-check'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { godotenv as read } from '../testing/godotenv.js'
import { isOwnFile, problemOf, writeSecretFile } from './secret-file.js'

const godotenv = (file: Uint8Array): Map<string, string> =>
  read(Buffer.from(file).toString('latin1'))
const bytes = (text: string): Buffer => Buffer.from(text, 'latin1')
const NASTY = `\\\n"'\`$\r\t #!(){}=:-aZ9_\0\x80\xff\u0085`
const value = fc.oneof(
  fc.uint8Array({ maxLength: 30 }).map((one) => Buffer.from(one)),
  fc
    .array(fc.constantFrom(...NASTY.split(''), '\\n', '\\"', '---\n', '${A}', '\r\n', 'export '), {
      maxLength: 12,
    })
    .map((parts) => bytes(parts.join(''))),
)

test('what is written reads back byte for byte, or is refused', () => {
  let held = 0
  let tried = 0
  fc.assert(
    fc.property(value, value, (one, two) => {
      const secrets = [
        { name: 'A', bytes: one },
        { name: 'B.2', bytes: two },
        { name: 'export', bytes: bytes('x') },
      ]
      const kept = secrets.filter((secret) => problemOf(secret) === undefined)
      tried += secrets.length
      held += kept.length
      const read = godotenv(writeSecretFile(kept))
      assert.is(read.size, kept.length)
      for (const { name, bytes } of kept) assert.is(read.get(name), bytes.toString('latin1'))
    }),
    { numRuns: 3000 },
  )
  assert.ok(held > tried * 0.9, `${held} of ${tried} held`)
})

test('which values no form holds, and which names', () => {
  const table: readonly (readonly [string, string, boolean])[] = [
    ['A', '', true],
    ['A', 'it says "yes"', true],
    ['A', 'it\'s "yes"', false],
    ['A', 'C:\\dir\\', true],
    ['A', 'C:\\my dir\\', false],
    ['A', '-----BEGIN KEY-----\nx\n-----END KEY-----\n', true],
    ['A', 'a\r\nb\r\n', true],
    ['A', '"', true],
    ['A', '\\', true],
    ['A', '$HOME ${HOME} $(id) \\$x', true],
    ['a/b', 'x', false],
    ['a-b', 'x', false],
    ['ä', 'x', false],
    ['a b', 'x', false],
  ]
  for (const [name, text, holds] of table) {
    const secret = { name, bytes: bytes(text) }
    assert.is(problemOf(secret) === undefined, holds, `${name}=${text}`)
    if (holds) assert.is(godotenv(writeSecretFile([secret])).get(name), text)
    else assert.throws(() => writeSecretFile([secret]), /can't hold/)
  }
  assert.ok(isOwnFile(writeSecretFile([])))
  assert.not(isOwnFile(bytes('A=b\n')))
})

test("the reader that this is held against has godotenv's traps", () => {
  const read = (text: string): unknown => [...godotenv(bytes(text))]
  assert.throws(() => read('a-b=1\nC=2\n'), /name/)
  assert.equal(read('A=1\nB="$A-${A}-\\$A"\n'), [
    ['A', '1'],
    ['B', '1-1-$A'],
  ])
  assert.equal(read("A='$B' # c\nC=x # y\n"), [
    ['A', '$B'],
    ['C', 'x'],
  ])
  assert.equal(read('A="say \\"x\\""\n'), [['A', 'say "x\\']])
  assert.throws(() => read('A="C:\\"\n'), /unterminated/)
})

test.run()
