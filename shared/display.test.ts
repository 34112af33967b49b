import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { displayLines, displayText, hasHidden, jsonText } from './display.js'

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

test('JSON holds the same value with every hidden character written out', () => {
  const value = { name: 'a\u009b31m\u202e\u{e0041}\u00a0é😀\n', list: [1, null] }
  const json = jsonText(value)
  assert.equal(JSON.parse(json), value)
  assert.not(hasHidden(json))
  assert.ok(json.includes('é😀') && json.includes('\\u009b') && json.includes('\\udb40\\udc41'))
})

test.run()
