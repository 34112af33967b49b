import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { isoTime } from './iso-time.js'

test('it says the day of the calendar and the second of the day', () => {
  const times: readonly [ms: number, said: string][] = [
    [0, '1970-01-01T00:00:00Z'],
    [68_169_599_999, '1972-02-28T23:59:59Z'],
    [951_782_400_000, '2000-02-29T00:00:00Z'],
    [951_868_799_999, '2000-02-29T23:59:59Z'],
    [951_868_800_000, '2000-03-01T00:00:00Z'],
    [1_700_000_000_000, '2023-11-14T22:13:20Z'],
    [1_735_689_599_000, '2024-12-31T23:59:59Z'],
    [4_107_456_000_000, '2100-02-28T00:00:00Z'],
    [4_107_542_400_000, '2100-03-01T00:00:00Z'],
    [253_402_300_799_999, '9999-12-31T23:59:59Z'],
  ]
  for (const [ms, said] of times) assert.is(isoTime(ms), said)
})

test('what has no four digits for its year is the last moment that has, or the first', () => {
  assert.is(isoTime(Number.MAX_SAFE_INTEGER), '9999-12-31T23:59:59Z')
  assert.is(isoTime(-1), '1970-01-01T00:00:00Z')
})

test.run()
