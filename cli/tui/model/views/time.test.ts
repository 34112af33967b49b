import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { ago, agoWords } from './time.js'

const NOW = 1_764_244_800_000

test('an age is told in its largest unit, and none for less than a second or for what lies ahead', () => {
  const ages = [0, 999, 1000, 59_999, 60_000, 3_599_999, 86_400_000, 366 * 86_400_000, -5000]
  assert.equal(
    ages.map((age) => ago(NOW, NOW - age)),
    ['now', 'now', '1s', '59s', '1m', '59m', '1d', '1y', 'now'],
  )
  assert.is(agoWords(NOW, NOW), 'just now')
  assert.is(agoWords(NOW, NOW - 12_000), '12s ago')
})

test.run()
