import * as fc from 'fast-check'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { concat, fromUtf8, utf8 } from '../bytes.js'
import { CofferError } from '../errors.js'
import { LineReader } from './lines.js'

test('lines come out whole however the stream is cut', () => {
  fc.assert(
    fc.property(
      fc.array(fc.string({ maxLength: 20 }).map((line) => line.replace(/\n/g, ''))),
      fc.array(fc.nat(300)),
      (lines, cuts) => {
        const stream = utf8(lines.map((line) => `${line}\n`).join(''))
        const at = [...new Set(cuts.map((cut) => Math.min(cut, stream.length)))].toSorted(
          (a, b) => a - b,
        )
        const reader = new LineReader(1000)
        const got = [...at, stream.length].flatMap((end, i) =>
          reader.push(stream.subarray(at[i - 1] ?? 0, end)),
        )
        assert.equal(
          got.map((line) => fromUtf8(line)),
          lines,
        )
        assert.is(reader.held, 0)
      },
    ),
  )
})

test('an unfinished line is held and counted', () => {
  const reader = new LineReader(10)
  assert.equal(reader.push(utf8('abc')), [])
  assert.is(reader.held, 3)
  assert.equal(
    reader.push(utf8('d\ne')).map((line) => fromUtf8(line)),
    ['abcd'],
  )
  assert.is(reader.held, 1)
})

test('a line over the cap is refused, at the cap it passes', () => {
  assert.is(new LineReader(4).push(utf8('abcd\n'))[0]?.length, 4)
  for (const chunks of [['abcde\n'], ['abcd', 'e']]) {
    const reader = new LineReader(4)
    try {
      for (const chunk of chunks) reader.push(concat(utf8(chunk)))
      assert.unreachable()
    } catch (error) {
      assert.instance(error, CofferError)
      assert.is((error as CofferError).reason, 'line-too-long')
    }
  }
})

test.run()
