import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { systemCode, systemWords } from './system-error.js'

const failed = (code: unknown): Error => Object.assign(new Error('open failed'), { code })

test('an error is told by its code', () => {
  assert.is(systemCode(failed('ENOENT')), 'ENOENT')
  for (const none of [undefined, null, 'ENOENT', new Error('ENOENT'), failed(7)]) {
    assert.is(systemCode(none), undefined)
  }
})

test('a person reads words, or the code of what is rare', () => {
  assert.is(systemWords(failed('ENOSPC')), 'the disk is full')
  assert.is(systemWords(failed('EXDEV')), 'EXDEV')
  assert.is(systemWords(failed('toString')), 'toString')
  assert.is(systemWords(new Error('boom')), 'it failed')
})

test.run()
