import * as fc from 'fast-check'
import stringWidth from 'string-width'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { width } from './width.js'

const any = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 20 }),
  fc.string({
    unit: fc.constantFrom(
      'a',
      '•',
      '…',
      '─',
      '❯',
      '●',
      '↑',
      '█',
      '日',
      'é',
      '👩‍🚀',
      '\x1b[1m',
      '\x1b[22m',
    ),
  }),
)

test('every width is the package’s', () => {
  fc.assert(
    fc.property(any, (text) => {
      assert.is(width(text), stringWidth(text))
      // Again, from what was kept.
      assert.is(width(text), stringWidth(text))
    }),
    { numRuns: 3000 },
  )
})

test.run()
