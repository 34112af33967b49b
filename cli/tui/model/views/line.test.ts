import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { fieldOf } from '../text-field.js'
import { clipped, typedSpans, widthOf } from './line.js'

// Values as large as they may be, in the characters that cost most.

const WIDE = '漢'.repeat(174_000)
const PAIRS = '\u{1f4bb}'.repeat(100_000)

test('the width of half a megabyte is known at once, and parts no character', () => {
  // Measured in one piece it took minutes.
  assert.is(widthOf(WIDE), 348_000)
  assert.is(widthOf(PAIRS), 200_000)
  assert.is(widthOf(`x${PAIRS}`), 200_001)
})

test('what is too long is cut, however little of it takes a column', () => {
  assert.is(clipped(WIDE, 9), '漢漢漢漢…')
  assert.is(clipped('ab', 2), 'ab')
  const marks = `a${'\u0301'.repeat(10_000)}b`
  assert.ok(clipped(marks, 5).endsWith('…'), 'that something follows is seen')
  assert.ok(clipped(marks, 5).length < 1000)
})

test('a long line that is typed is shown around the cursor', () => {
  for (const cursor of [0, 50_000, 174_000]) {
    const shown = typedSpans({ text: WIDE, cursor }, false, 20).map(({ text }) => text)
    assert.ok(widthOf(shown.join('')) <= 20)
    assert.is(shown.join('').startsWith('…'), cursor > 0)
  }
  const typed = typedSpans(fieldOf('abc'), false, 20).map(({ text }) => text)
  assert.equal(typed, ['abc', ' ', ''])
})

test.run()
