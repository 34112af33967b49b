import fc from 'fast-check'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { keyOf, keysOf } from './testing/world.js'
import { EMPTY_FIELD, fieldOf, insert, parted, typeInto, type TextField } from './text-field.js'

const typedIn = (field: TextField, ...keys: string[]): TextField =>
  keys.reduce((before, key) => typeInto(before, keyOf(key)) ?? before, field)

test('letters go in at the cursor, and keys move and take away as in a shell', () => {
  const field = keysOf('one two').reduce((f, key) => typeInto(f, key) ?? f, EMPTY_FIELD)
  assert.equal(field, { text: 'one two', cursor: 7 })
  assert.equal(typedIn(field, 'home', 'X'), { text: 'Xone two', cursor: 1 })
  assert.is(typedIn(field, 'ctrl-w').text, 'one ')
  assert.is(typedIn(field, 'alt-b').cursor, 4)
  assert.is(typedIn(field, 'home', 'alt-f').cursor, 3)
  assert.is(typedIn(field, 'left', 'left', 'left', 'ctrl-k').text, 'one ')
  assert.is(typedIn(field, 'left', 'left', 'left', 'ctrl-u').text, 'two')
  assert.is(typedIn(field, 'backspace').text, 'one tw')
  assert.is(typedIn(field, 'home', 'delete').text, 'ne two')
  assert.is(typeInto(field, keyOf('page-up')), undefined)
})

test('a character of two units is one', () => {
  const field = fieldOf('a\u{1f600}b')
  assert.is(field.cursor, 3)
  assert.is(typedIn(field, 'left', 'backspace').text, 'ab')
  assert.equal(parted(typedIn(field, 'home', 'right', 'right')), ['a\u{1f600}', 'b'])
})

test('what is pasted stays on its line', () => {
  assert.equal(insert(fieldOf('a'), 'b\r\nc\nd'), { text: 'ab c d', cursor: 6 })
})

test('whatever is typed, the cursor stays within the text, and the parts are the text', () => {
  const keys = 'left right home end backspace delete ctrl-w ctrl-k ctrl-u alt-b alt-f'.split(' ')
  const key = fc.oneof(fc.constantFrom(...keys), fc.constantFrom('a', ' ', '漢', '\u{1f600}'))
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), fc.array(key), (text, pressed) => {
      let field = fieldOf(text)
      for (const one of pressed) {
        field = typedIn(field, one)
        assert.ok(field.cursor >= 0 && field.cursor <= Array.from(field.text).length)
        assert.is(parted(field).join(''), field.text)
      }
    }),
  )
})

test.run()
