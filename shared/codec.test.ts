import { encode as cborEncode } from 'cborg'
import fc from 'fast-check'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { fromHex, toHex, utf8, type Bytes } from './bytes.js'
import {
  bool,
  bytes,
  decode,
  encode,
  fixed,
  id,
  list,
  oneOf,
  opt,
  req,
  struct,
  text,
  uint,
  variant,
  type Codec,
} from './codec.js'
import { CofferError } from './errors.js'
import type { UserId } from './ids.js'

const sample = struct({
  count: req(0, uint(1000)),
  name: req(1, text(8)),
  data: opt(2, bytes(4, 1)),
  tags: req(3, list(oneOf(['a', 'b', 'c']), 3)),
  one: req(4, variant({ yes: [1, struct({ x: req(0, bool) })], no: [2, uint()] })),
  user: opt(5, id<UserId>(4)),
})

const value = {
  count: 7,
  name: 'é',
  data: Uint8Array.of(1),
  tags: ['a', 'c'],
  one: { kind: 'yes', body: { x: true } },
} as const

/** What bytes (hex) are refused with; the value's own hex when they aren't. */
function verdict<T>(codec: Codec<T>, hex: string, max = 1000): string {
  try {
    return toHex(encode(codec, decode(codec, fromHex(hex)!, 'a sample', max)))
  } catch (error) {
    if (error instanceof CofferError) return `${error.code}/${error.reason ?? ''}`
    throw error
  }
}

const raw = (one: unknown): string => toHex(cborEncode(one))
const map = (...pairs: readonly (readonly [unknown, unknown])[]): Map<unknown, unknown> =>
  new Map(pairs)

test('the bytes are those of RFC 8949 section 4.2', () => {
  const hex = 'a500070162c3a902410103820002048201a100f5'
  assert.is(toHex(encode(sample, value)), hex)
  assert.equal(decode(sample, fromHex(hex)!, 'a sample', 100), value)
  const numbers: [number, string][] = [
    [23, '17'],
    [24, '1818'],
    [255, '18ff'],
    [256, '190100'],
    [65536, '1a00010000'],
    [2 ** 32, '1b0000000100000000'],
    [Number.MAX_SAFE_INTEGER, '1b001fffffffffffff'],
  ]
  for (const [number, hex] of numbers) {
    assert.is(toHex(encode(uint(), number)), hex)
    assert.is(verdict(uint(), hex), hex)
  }
})

test('a number has one form', () => {
  for (const hex of [
    '1807',
    '190007',
    '1a00000007',
    '1b0000000000000007',
    'f94700',
    'fb401c000000000000',
  ]) {
    assert.match(verdict(uint(), hex), /^format\//, hex)
  }
  for (const hex of [
    '20',
    '1b0020000000000000',
    '1bffffffffffffffff',
    'f6',
    'f7',
    'f5',
    'c24107',
    'f97e00',
  ]) {
    assert.is(verdict(uint(), hex), 'format/malformed', hex)
  }
})

test('what is no unsigned integer is not encoded', () => {
  for (const bad of [1.5, -1, NaN, 2 ** 53]) assert.throws(() => encode(uint(), bad), TypeError)
})

test('lengths have one form, and nothing is indefinite or tagged', () => {
  for (const hex of ['5801aa', '590001aa', '5f41aaff'])
    assert.match(verdict(bytes(9), hex), /^format\//)
  for (const hex of ['780161', '7f6161ff', 'c06161', 'd9d9f76161'])
    assert.match(verdict(text(9), hex), /^format\//)
  const numbers = list(uint(), 9)
  for (const hex of ['980101', '9f01ff']) assert.match(verdict(numbers, hex), /^format\//)
  assert.is(verdict(numbers, '8101'), '8101')
  const one = struct({ a: req(0, uint()) })
  for (const hex of ['b8010001', 'bf0001ff']) assert.match(verdict(one, hex), /^format\//)
})

test('maps are ordered, without doubles, unknown or missing keys', () => {
  const two = struct({ a: req(0, uint()), b: opt(1, uint()) })
  assert.is(verdict(two, 'a200010102'), 'a200010102')
  assert.is(verdict(two, 'a201020001'), 'format/non-canonical')
  assert.is(verdict(two, 'a200010001'), 'format/malformed')
  assert.is(verdict(two, 'a3000101020203'), 'format/malformed')
  assert.is(verdict(two, 'a10102'), 'format/malformed')
  assert.is(verdict(two, 'a26130010102'), 'format/malformed')
  assert.is(verdict(two, 'a2000101f6'), 'format/malformed')
  // The key 0 as a float, beside itself.
  assert.match(verdict(two, 'a20001f9000002'), /^format\//)
})

test('what is cut off, goes on, or is too long is refused', () => {
  const whole = toHex(encode(sample, value))
  for (let i = 0; i < whole.length; i += 2) {
    assert.is(verdict(sample, whole.slice(0, i)), 'format/malformed')
  }
  assert.is(verdict(sample, `${whole}00`), 'format/malformed')
  assert.is(verdict(sample, whole, 5), 'limit/oversize')
})

test('values outside their bounds are refused', () => {
  const like = (change: Partial<Record<number, unknown>>): string =>
    verdict(
      sample,
      raw(
        map(
          ...[7, 'n', Uint8Array.of(1), [0], [2, 0]].map(
            (one, key) => [key, key in change ? change[key] : one] as const,
          ),
        ),
      ),
    )
  assert.not.match(like({}), /\//)
  const wrong: Partial<Record<number, unknown>>[] = [
    { 0: 1001 },
    { 0: -1 },
    { 0: '7' },
    { 1: 'ééééé' },
    { 1: utf8('n') },
    { 2: new Uint8Array(5) },
    { 2: new Uint8Array(0) },
    { 2: 'x' },
    { 3: [0, 0, 0, 0] },
    { 3: [3] },
    { 3: map([0, 0]) },
    { 4: [3, 0] },
    { 4: [2] },
    { 4: [2, 0, 0] },
    { 4: ['2', 0] },
    { 4: [1, map([0, 1])] },
    { 4: map([2, 0]) },
  ]
  for (const change of wrong) assert.is(like(change), 'format/malformed', JSON.stringify(change))
})

test('text is well-formed UTF-8', () => {
  for (const hex of ['61ff', '62c080', '63eda080', '64f4908080', '62e282']) {
    assert.match(verdict(text(9), hex), /^format\//, hex)
  }
})

test('depth and claimed sizes cost nothing', () => {
  const bombs = [
    '81'.repeat(1 << 19),
    'a100'.repeat(1 << 18),
    '9affffffff',
    'bb001fffffffffffff',
    '5b001fffffffffffff',
    '7affffffff',
  ]
  for (const hex of bombs) {
    assert.is(verdict(list(uint(), 10), hex, 1 << 20), 'format/malformed', hex.slice(0, 20))
    assert.is(verdict(sample, hex, 1 << 20), 'format/malformed')
  }
})

test('ids are hex in memory and raw on the wire', () => {
  const user = id<UserId>(4)
  assert.is(decode(user, fromHex('44deadbeef')!, 'an id', 9), 'deadbeef')
  assert.is(toHex(encode(user, 'deadbeef' as UserId)), '44deadbeef')
  assert.is(verdict(user, '43deadbe'), 'format/malformed')
  assert.is(verdict(fixed(4), '45deadbeef00'), 'format/malformed')
})

test('what is encoded or decoded is a plain array with bytes of its own', () => {
  const hex = toHex(encode(sample, value))
  const input = fromHex(hex)!
  const { data } = decode(sample, input, 'a sample', 100)
  input.fill(0)
  assert.equal(data, Uint8Array.of(1))
  for (const length of [1, 300, 5000]) {
    const one = encode(bytes(9000), new Uint8Array(length))
    assert.is(one.constructor, Uint8Array)
    assert.is(decode(bytes(9000), one, 'bytes', 9000).constructor, Uint8Array)
  }
})

test('any bytes at all give the canonical form of a value, or a coded error', () => {
  const cbor: fc.Arbitrary<Bytes> = fc
    .letrec<{ any: unknown }>((tie) => ({
      any: fc.oneof(
        { maxDepth: 4 },
        fc.integer({ min: -2, max: 1100 }),
        fc.uint8Array({ maxLength: 6 }),
        fc.string({ maxLength: 4 }),
        fc.boolean(),
        fc.constant(null),
        fc.double(),
        fc.array(tie('any'), { maxLength: 4 }),
        fc
          .uniqueArray(fc.integer({ min: 0, max: 6 }), { maxLength: 6 })
          .chain((keys) => fc.tuple(...keys.map((key) => fc.tuple(fc.constant(key), tie('any')))))
          .map((pairs) => new Map(pairs)),
      ),
    }))
    .any.map((one) => cborEncode(one))
  fc.assert(
    fc.property(fc.oneof(cbor, fc.uint8Array({ maxLength: 40 })), (bytes) => {
      const hex = toHex(bytes)
      const found = verdict(sample, hex)
      assert.ok(found === hex || found.startsWith('format/'), found)
    }),
    { numRuns: 3000 },
  )
})

test.run()
