import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { areaOf, EMPTY_AREA, insertInto, shown, textIn, typeIntoArea } from './text-area.js'
import type { TextArea } from './text-area.js'
import { keyOf, keysOf } from './testing/world.js'

function press(area: TextArea, ...names: readonly string[]): TextArea {
  return names.reduce((next, name) => typeIntoArea(next, keyOf(name), 4) ?? next, area)
}

const where = ({ row, column }: TextArea): readonly number[] => [row, column]

test('a text comes back as it was, whatever ends its lines', () => {
  for (const text of ['', '\n', 'a', 'a\n', '\na\r\n\r\n', 'a\u{1b}[31m\tb\u2028c']) {
    assert.is(textIn(areaOf(text)), text)
  }
})

test('letters, blanks and newlines are typed at the cursor', () => {
  const area = keysOf('ab c').reduce((next, key) => typeIntoArea(next, key, 4) ?? next, EMPTY_AREA)
  const next = press(area, 'left', 'enter', 'tab', 'x')
  assert.is(textIn(next), 'ab \n\txc')
  assert.equal(where(next), [1, 2])
  assert.is(typeIntoArea(next, { name: 'ctrl-y', text: '' }, 4), undefined)
})

test('pasted lines are lines, and the cursor stands behind them', () => {
  const area = press(areaOf('head tail'), 'alt-f')
  const one = insertInto(area, '1\n\n23')
  assert.is(textIn(one), 'head1\n\n23 tail')
  assert.equal(where(one), [2, 2])
  assert.is(textIn(insertInto(area, '!')), 'head! tail')
})

test('the cursor crosses line ends, and keeps its column over shorter lines', () => {
  const area = areaOf('long line\nx\nlonger line')
  const end = press(area, 'end')
  assert.equal(where(press(end, 'right')), [1, 0])
  assert.equal(where(press(end, 'right', 'left')), [0, 9])
  assert.equal(where(press(end, 'down')), [1, 1])
  assert.equal(where(press(end, 'down', 'down')), [2, 9])
  assert.equal(where(press(end, 'down', 'left', 'down')), [2, 0])
  assert.equal(where(press(end, 'up')), [0, 0])
  assert.equal(where(press(area, 'down', 'down', 'down')), [2, 11])
  assert.equal(where(press(area, 'left')), [0, 0])
  assert.equal(where(press(area, 'alt->')), [2, 11])
  assert.equal(where(press(area, 'alt->', 'right')), [2, 11])
  assert.equal(where(press(area, 'alt->', 'alt-<')), [0, 0])
})

test('deleting over a line end joins lines', () => {
  const area = areaOf('one\ntwo words\n\nend')
  assert.is(textIn(press(area, 'down', 'backspace')), 'onetwo words\n\nend')
  assert.equal(where(press(area, 'down', 'backspace')), [0, 3])
  assert.is(textIn(press(area, 'end', 'delete')), 'onetwo words\n\nend')
  assert.is(textIn(press(area, 'end', 'ctrl-d')), 'onetwo words\n\nend')
  assert.is(textIn(press(area, 'ctrl-k')), '\ntwo words\n\nend')
  assert.is(textIn(press(area, 'ctrl-k', 'ctrl-k')), 'two words\n\nend')
  assert.is(textIn(press(area, 'down', 'end', 'ctrl-w')), 'one\ntwo \n\nend')
  assert.is(textIn(press(area, 'down', 'ctrl-w')), 'onetwo words\n\nend')
  assert.is(textIn(press(area, 'down', 'end', 'ctrl-u')), 'one\n\n\nend')
  assert.is(textIn(press(area, 'backspace')), textIn(area))
  assert.is(textIn(press(area, 'alt->', 'delete')), textIn(area))
})

test('characters are counted as people see them, not as units', () => {
  const area = press(areaOf('a🔑漢b'), 'end', 'left', 'backspace')
  assert.is(textIn(area), 'a🔑b')
  assert.equal(where(area), [0, 2])
  assert.is(textIn(press(area, 'backspace')), 'ab')
})

test('the window follows the cursor', () => {
  const area = areaOf(Array.from({ length: 20 }, (_, i) => String(i)).join('\n'))
  const down = press(area, 'page-down', 'page-down')
  assert.is(down.row, 6)
  assert.is(down.top, 3)
  assert.is(press(down, 'up', 'up').top, 3)
  assert.is(press(down, 'page-up', 'page-up').top, 0)
  assert.is(press(area, 'alt->').top, 16)
  assert.is(shown(down, 2).top, 5)
})

test.run()
