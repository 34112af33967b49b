import fc from 'fast-check'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { isoTime } from './iso-time.js'

test('it says what a Date says, to the second, for every time that has four digits for its year', () => {
  const LAST = 253_402_300_799_999
  const said = (ms: number): string => new Date(ms).toISOString().replace(/\.[0-9]+Z$/, 'Z')
  for (const ms of [0, 951_782_400_000, 951_868_799_999, 4_107_542_400_000, LAST]) {
    assert.is(isoTime(ms), said(ms))
  }
  fc.assert(fc.property(fc.integer({ min: 0, max: LAST }), (ms) => isoTime(ms) === said(ms)))
})

test('what no Date can be is the last moment, or the first', () => {
  assert.is(isoTime(Number.MAX_SAFE_INTEGER), '9999-12-31T23:59:59Z')
  assert.is(isoTime(-1), '1970-01-01T00:00:00Z')
})

test.run()
