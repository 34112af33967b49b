import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { toBase64 } from '../../../../shared/base64.js'
import { utf8 } from '../../../../shared/bytes.js'
import { shownValue, textOf } from './value.js'

test('a tab in a value is seen as one sign, and stays a tab where the value is used', () => {
  const value = toBase64(utf8('a:\n\tb\tc'))
  assert.is(shownValue(value), 'a:\n⇥b⇥c')
  assert.is(textOf(value), 'a:\n\tb\tc')
})

test.run()
