import fc from 'fast-check'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import {
  concat,
  equal,
  fromBase32,
  fromHex,
  fromUtf8,
  readU32be,
  toBase32,
  toHex,
  u32be,
  u64be,
  utf8,
} from './bytes.js'

test('hex and base32 give the same bytes back, whatever they are', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
      assert.equal(fromHex(toHex(bytes)), bytes)
      assert.equal(fromBase32(toBase32(bytes)), bytes)
    }),
  )
  assert.is(toHex(Uint8Array.of(0, 1, 15, 16, 255)), '00010f10ff')
})

test('a text has at most one meaning: what decodes encodes to the same text', () => {
  const text = fc.string({
    unit: fc.constantFrom(...Array.from('abz237018AZ=- \n')),
    maxLength: 24,
  })
  fc.assert(
    fc.property(text, (text) => {
      const hex = fromHex(text)
      if (hex !== undefined) assert.is(toHex(hex), text)
      const base32 = fromBase32(text)
      if (base32 !== undefined) assert.is(toBase32(base32), text)
    }),
  )
})

test('base32 is that of RFC 4648, lower case and unpadded', () => {
  const vectors = [
    '',
    '',
    'f',
    'my',
    'fo',
    'mzxq',
    'foo',
    'mzxw6',
    'foob',
    'mzxw6yq',
    'fooba',
    'mzxw6ytb',
  ]
  for (let i = 0; i < vectors.length; i += 2) {
    assert.is(toBase32(utf8(vectors[i]!)), vectors[i + 1])
    assert.equal(fromBase32(vectors[i + 1]!), utf8(vectors[i]!))
  }
})

test('hex and base32 refuse all but their one form', () => {
  for (const text of ['0', 'AB', 'g0', ' 00', '00 ', '0x00']) assert.is(fromHex(text), undefined)
  // Upper case, padding, digits that aren't in it, a length that no bytes have, spare bits that aren't zero.
  for (const text of ['MY', 'my======', 'm0', 'm1', 'a', 'aaa', 'mz', 'mzxx', 'm y']) {
    assert.is(fromBase32(text), undefined, text)
  }
})

test('UTF-8 is strict, and a byte order mark stays', () => {
  for (const hex of ['ff', 'c080', 'eda080', 'f4908080', 'e282', '80']) {
    assert.is(fromUtf8(fromHex(hex)!), undefined, hex)
  }
  assert.is(fromUtf8(fromHex('efbbbf61')!), '\ufeffa')
})

test('numbers are big-endian, wherever their bytes stand', () => {
  assert.is(toHex(u32be(0x01020304)), '01020304')
  assert.is(toHex(u64be(Number.MAX_SAFE_INTEGER)), '001fffffffffffff')
  assert.is(readU32be(concat(utf8('x'), u32be(0xffffffff)), 1), 0xffffffff)
  assert.is(readU32be(concat(utf8('x'), u32be(7)).subarray(1)), 7)
  assert.ok(equal(u32be(1), Uint8Array.of(0, 0, 0, 1)))
  assert.not(equal(u32be(1), u64be(1)))
  assert.not(equal(u32be(1), u32be(2)))
})

test.run()
