import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { displayLines, displayText, hasHidden } from './display.js'

test('what a terminal obeys is shown by its code', () => {
  assert.is(displayText('a\x1b[2Jb'), 'a\\u{1b}[2Jb')
  assert.is(displayText('line\r\nline\t'), 'line\\u{d}\\u{a}line\\u{9}')
  assert.is(displayText('\u202eexe.txt'), '\\u{202e}exe.txt')
  assert.is(displayText('a\u200bb\u00a0c\u3164\u2800'), 'a\\u{200b}b\\u{a0}c\\u{3164}\\u{2800}')
  assert.is(displayText('\u009b31m'), '\\u{9b}31m')
  assert.is(displayText('\ud800'), '\\u{d800}')
})

test('what is seen stays', () => {
  for (const text of ['plain text', 'naïve Größe', 'тест', '日本語', '🔑 key', 'back\\slash']) {
    assert.is(displayText(text), text)
    assert.not(hasHidden(text))
  }
  assert.is(displayLines('a\n\tb\x07'), 'a\n\tb\\u{7}')
})

test.run()
