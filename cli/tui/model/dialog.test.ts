import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { field, form, pressed, text, type Dialog } from './dialog.js'
import { keyOf } from './testing/world.js'
import { dialogBox } from './views/overlays.js'

const NARROW = { width: 10, height: 3 }

function after(dialog: Dialog, ...keys: readonly string[]): Dialog {
  return keys.reduce((before, key) => {
    const outcome = pressed(before, keyOf(key), NARROW)
    return outcome.kind === 'stays' ? outcome.dialog : before
  }, dialog)
}

function seen(dialog: Dialog): string {
  const { lines } = dialogBox(dialog, NARROW)
  assert.ok(lines.length <= NARROW.height)
  return lines.map(({ spans }) => spans.map(({ text: shown }) => shown).join('')).join('|')
}

test('a text can be read to its end, however its lines are broken', () => {
  const dialog = text('t', 'title', ['one two three four five six', 'end'])
  assert.is(seen(dialog), 'one two|three four|five six')
  assert.is(seen(after(dialog, 'down')), 'three four|five six|end')
  assert.is(seen(after(dialog, 'G')), 'three four|five six|end')
  assert.is(seen(after(dialog, 'G', 'up')), 'one two|three four|five six')
})

test('a broken line goes on as far in as it began, and an empty one takes its room', () => {
  assert.is(seen(text('t', 'title', ['  one two', ''])), '  one two|')
  assert.is(seen(text('t', 'title', ['  one two three'])), '  one two|  three')
  assert.equal(dialogBox(text('t', 'title', ['']), NARROW).lines, [{ spans: [] }])
})

test('of more fields than there are lines the one at work is seen', () => {
  const fields = ['a', 'b', 'c', 'd', 'e'].map((name) => field(name, name, { hint: `${name}!` }))
  const dialog = form('f', 'title', fields, 'save')
  assert.match(seen(dialog), /❯ a.*a!/)
  assert.match(seen(after(dialog, 'tab', 'tab')), /❯ c.*c!/)
  assert.match(seen(after(dialog, 'up')), /❯ e.*e!/)
  const typedIn = after(dialog, 'ctrl-s')
  assert.match(seen(typedIn), /❯ a.*! a is\|missing/)
})

test.run()
