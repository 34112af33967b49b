import { Buffer } from 'node:buffer'
import fc from 'fast-check'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { formsOf } from './forms.js'
import { Masker, Masks } from './masker.js'

function masked(values: readonly string[], ...chunks: readonly (string | Uint8Array)[]): string {
  const masker = new Masker(new Masks(values.map((value) => Buffer.from(value, 'latin1'))))
  const out = chunks.map((chunk) =>
    masker.push(typeof chunk === 'string' ? Buffer.from(chunk, 'latin1') : chunk),
  )
  return Buffer.concat([...out, masker.end()]).toString('latin1')
}

const SECRET = 'hunter2-hunter3'
const LONG = Array.from({ length: 50 }, (_, i) => `part ${i} of it`).join('|')

test('a value is masked in all its forms, and nothing else', () => {
  assert.is(masked([SECRET], `a ${SECRET} b`), 'a *** b')
  assert.is(masked([SECRET], `${SECRET}${SECRET}`), '***')
  assert.is(masked([SECRET], `${SECRET} ${SECRET}\n`), '*** ***\n')
  assert.is(masked([SECRET], 'hunter2-hunter4'), 'hunter2-hunter4')
  assert.is(masked([SECRET], Buffer.from(SECRET).toString('hex')), '***')
  assert.is(masked([SECRET], Buffer.from(SECRET).toString('hex').toUpperCase()), '***')
  assert.is(masked(['a b&c d e&f'], 'u=a%20b%26c%20d%20e%26f.'), 'u=***.')
  assert.is(masked(['say "friend"\n'], JSON.stringify('say "friend"\n')), '"***"')
  assert.is(masked(['short'], 'short'), 'short', 'fewer than 8 bytes')
  assert.is(masked(['        '], 'a         b'), 'a         b', 'blanks are met everywhere')
  assert.is(masked([SECRET], ''), '')
})

test('base64 is masked wherever the value stands in it', () => {
  for (const before of ['', 'x', 'xy', 'xyz']) {
    const text = Buffer.from(`${before}${SECRET}tail`).toString('base64')
    const out = masked([SECRET], text)
    assert.match(out, '***')
    assert.ok(out.length < text.length - Math.floor((SECRET.length * 4) / 3) + 3 + 3, out)
  }
  const wrapped = Buffer.from(LONG).toString('base64').replace(/.{76}/g, '$&\n')
  assert.match(masked([LONG], wrapped), /^(\*\*\*\n)+\*\*\*.{0,3}$/)
})

test('lines of a value with several are masked one by one', () => {
  const key = `-----BEGIN KEY-----\r\n${'A1b2'.repeat(10)}\n  ${'c3D4'.repeat(5)}\n\nxy\n`
  const lines = masked([key], `1: ${'A1b2'.repeat(10)}\n2: ${'c3D4'.repeat(5)};xy`)
  assert.is(lines, '1: ***\n2: ***;xy')
  assert.is(masked([key], `<${key}>`), '<***>')
})

test('long values are masked as a whole and in part', () => {
  assert.is(masked([LONG], `<${LONG}>`), '<***>')
  const part = masked([LONG], LONG.slice(0, 200))
  assert.match(part, /^\*\*\*/)
  assert.ok(part.length < 70)
})

test('overlapping values are both masked', () => {
  assert.is(masked(['abcdefghij', 'ghijklmnop'], '<abcdefghijklmnop>'), '<***>')
  assert.is(masked(['abcdefgh', 'abcdefghijkl'], '<abcdefghijkl>'), '<***>')
  assert.is(masked(['abcdefgh', 'abcdefghijkl'], '<abcdefghijkX>'), '<***ijkX>')
})

test('it makes no difference where the chunks end', () => {
  const values = [SECRET, LONG, 'line one is long\nline two is too']
  const text = values
    .flatMap((value) => [value, Buffer.from(value).toString('base64'), `~${value}`])
    .join(' and ')
  const whole = masked(values, text)
  for (const value of values) assert.not.match(whole, value.slice(0, 12))
  const bytes = Buffer.from(text)
  for (let at = 0; at <= bytes.length; at++) {
    assert.is(masked(values, bytes.subarray(0, at), bytes.subarray(at)), whole, `cut at ${at}`)
  }
  const single = Array.from(bytes, (_, at) => bytes.subarray(at, at + 1))
  assert.is(masked(values, ...single), whole)
})

test('only what could be the beginning of a value waits', () => {
  const masker = new Masker(new Masks([Buffer.from(SECRET), Buffer.from(LONG)]))
  assert.is(masker.push(Buffer.from('Continue? [y/n]?')).toString(), 'Continue? [y/n]?')
  assert.is(masker.push(Buffer.from('x hunt')).toString(), 'x ')
  assert.is(masker.push(Buffer.from('ing!')).toString(), 'hunting!')
  assert.is(masker.push(Buffer.from(LONG.slice(0, 63))).toString(), '')
  assert.is(masker.push(Buffer.from('?')).toString(), `${LONG.slice(0, 63)}?`)
})

test('for any values and chunks: none of them is shown, all else is, in order', () => {
  const value = fc.string({
    unit: fc.constantFrom('a', 'b', 'c', '\n'),
    minLength: 8,
    maxLength: 90,
  })
  const text = fc.array(fc.oneof(fc.constantFrom('a', 'ab', 'x', '\n'), fc.nat(3)), {
    maxLength: 30,
  })
  fc.assert(
    fc.property(
      fc.array(value, { minLength: 1, maxLength: 4 }),
      text,
      fc.array(fc.nat(400), { maxLength: 6 }),
      (values, parts, cuts) => {
        const bytes = Buffer.from(
          parts.map((part) => (typeof part === 'number' ? (values[part] ?? '') : part)).join(''),
        )
        const edges = [0, ...cuts.map((at) => at % (bytes.length + 1)), bytes.length]
        edges.sort((a, b) => a - b)
        const chunks = edges.slice(1).map((end, i) => bytes.subarray(edges[i], end))
        const out = masked(values, ...chunks)
        assert.is(out, reference(values, bytes))
      },
    ),
    { numRuns: 150 },
  )
})

/** The plain meaning: every byte of any occurrence of any piece is covered, and each covered stretch is three stars. */
function reference(values: readonly string[], bytes: Buffer): string {
  const text = bytes.toString('latin1')
  const covered = new Uint8Array(text.length)
  const wanted = values.flatMap((value) => {
    const lines = value.includes('\n') ? value.split('\n').map((line) => line.trim()) : []
    const forms = formsOf(Buffer.from(value)).map((form) => form.bytes.toString('latin1'))
    return [...forms, ...lines].filter((one) => one.length >= 8 && /[^ \n]/.test(one))
  })
  for (const one of wanted.flatMap(pieces)) {
    for (let at = text.indexOf(one); at >= 0; at = text.indexOf(one, at + 1)) {
      covered.fill(1, at, at + one.length)
    }
  }
  return text.replace(/[^]/g, (char, at: number) =>
    covered[at] === 0 ? char : covered[at - 1] === 1 ? '' : '***',
  )
}

function pieces(text: string): string[] {
  if (text.length <= 64) return [text]
  const count = Math.ceil(text.length / 64) - 1
  const first = Array.from({ length: count }, (_, i) => text.slice(64 * i, 64 * i + 64))
  return [...first, text.slice(-64)]
}

test.run()
