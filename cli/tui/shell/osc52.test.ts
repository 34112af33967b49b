import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { osc52 } from './osc52.js'

const TEXT = 'QUJD'

test('a terminal gets the sequence as it is', () => {
  assert.is(osc52(TEXT, {}), '\x1b]52;c;QUJD\x07')
  assert.is(osc52(TEXT, { TMUX: '', STY: '' }), '\x1b]52;c;QUJD\x07')
  assert.is(osc52('', {}), '\x1b]52;c;\x07')
})

test('tmux gets it to pass on, with escapes doubled', () => {
  assert.is(osc52(TEXT, { TMUX: '/t,1,0', STY: '1.t' }), '\x1bPtmux;\x1b\x1b]52;c;QUJD\x07\x1b\\')
})

test('screen gets it in pieces that it passes on, and that are the whole', () => {
  const pieces = osc52(TEXT.repeat(1000), { STY: '1.t' }).split('\x1b\\')
  assert.is(pieces.pop(), '')
  assert.ok(pieces.every((piece) => piece.startsWith('\x1bP') && piece.length < 768))
  const whole = pieces.map((piece) => piece.slice(2)).join('')
  assert.is(whole, `\x1b]52;c;${TEXT.repeat(1000)}\x07`)
})

test.run()
