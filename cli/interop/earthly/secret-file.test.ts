import { Buffer } from 'node:buffer'
import * as fc from 'fast-check'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { isOwnFile, problemOf, writeSecretFile } from './secret-file.js'

// godotenv 1.5.1's reader, written anew from its rules, over bytes as latin1 characters.

const SPACE = '\t\v\f\r \u0085\u00a0'
const WHITE = `${SPACE}\n`

function godotenv(file: Uint8Array): Map<string, string> {
  const found = new Map<string, string>()
  let rest = Buffer.from(file).toString('latin1').replaceAll('\r\n', '\n')
  for (;;) {
    rest = statementStart(rest)
    if (rest === '') return found
    const [name, behind] = keyName(rest)
    const [value, left] = varValue(behind, found)
    found.set(name, value)
    rest = left
  }
}

function statementStart(text: string): string {
  let at = 0
  for (;;) {
    while (at < text.length && WHITE.includes(text[at] ?? '')) at++
    if (text[at] !== '#') return text.slice(at)
    while (at < text.length && text[at] !== '\n') at++
  }
}

function keyName(text: string): [string, string] {
  let from = text
  if (/^export[\t\v\f\r \u0085\u00a0]/.test(text)) from = trimLeft(text.slice('export'.length))
  for (let at = 0; at < from.length; at++) {
    const char = from[at] ?? ''
    if (SPACE.includes(char)) continue
    if (char === '=' || char === ':') {
      return [from.slice(0, at).replace(/\s+$/, ''), trimLeft(from.slice(at + 1))]
    }
    if (char !== '_' && char !== '.' && !/[\p{L}\p{N}]/u.test(char))
      throw new Error(`name: ${char}`)
  }
  return ['', trimLeft(from)]
}

function trimLeft(text: string): string {
  let at = 0
  while (at < text.length && SPACE.includes(text[at] ?? '')) at++
  return text.slice(at)
}

function varValue(text: string, all: ReadonlyMap<string, string>): [string, string] {
  const quote = text[0]
  if (quote !== '"' && quote !== "'") return unquoted(text, all)
  for (let at = 1; at < text.length; at++) {
    if (text[at] !== quote || text[at - 1] === '\\') continue
    let inner = text.slice(0, at)
    while (inner.endsWith(quote)) inner = inner.slice(0, -1)
    while (inner.startsWith(quote)) inner = inner.slice(1)
    return [quote === '"' ? expand(escapes(inner), all) : inner, text.slice(at + 1)]
  }
  throw new Error('unterminated')
}

function unquoted(text: string, all: ReadonlyMap<string, string>): [string, string] {
  const end = /[\n\r]/.exec(text)?.index ?? text.length
  const line = text.slice(0, end)
  let cut = line.length
  for (let at = line.length - 1; at > 0; at--) {
    if (line[at] !== '#' || !SPACE.includes(line[at - 1] ?? '')) continue
    cut = at
    break
  }
  const value = trimLeft(line.slice(0, cut)).replace(/[\t\v\f\r \u0085\u00a0]+$/, '')
  return [expand(value, all), text.slice(end)]
}

function escapes(text: string): string {
  const once = text.replace(/\\([^\n])/g, (whole, char: string) =>
    char === 'n' ? '\n' : char === 'r' ? '\r' : whole,
  )
  return once.replace(/\\([^$])/g, '$1')
}

function expand(text: string, all: ReadonlyMap<string, string>): string {
  return text.replace(
    /(\\)?(\$)(\()?\{?([A-Z0-9_]+)?\}?/g,
    (whole: string, escaped: string | undefined, _sign, _open, name: string | undefined) => {
      if (escaped !== undefined) return whole.slice(1)
      return name === undefined ? whole : (all.get(name) ?? '')
    },
  )
}

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
