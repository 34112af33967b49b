import { test } from 'uvu'
import * as assert from 'uvu/assert'
import {
  onlyFit,
  openPick,
  pickHeight,
  updatePick,
  type PickOutcome,
  type PickState,
} from './pick.js'
import { keyOf, keysOf } from './testing/world.js'
import type { Key } from './key.js'
import { pickView } from './views/pick.js'
import { widthOf } from './views/line.js'

const NAMES = ['API_TOKEN', 'db/PASSWORD', 'db/USER', 'deploy/KEY']
const SIZE = { columns: 40, rows: 10 }

/** A picker in use: the state after some keys, and what came of the last one. */
function after(
  start: PickState,
  ...keys: readonly Key[]
): { readonly state: PickState; readonly outcome: PickOutcome | undefined } {
  let state = start
  let outcome: PickOutcome | undefined
  for (const key of keys) {
    const turn = updatePick(state, { kind: 'key', key })
    state = turn.state
    outcome = turn.outcome
  }
  return { state, outcome }
}

const opened = (query = ''): PickState => openPick(NAMES, query, SIZE)
const seen = (state: PickState): string[] =>
  pickView(state).map(({ spans }) =>
    spans
      .map(({ text }) => text)
      .join('')
      .trimEnd(),
  )

test('all names are offered until something is typed; enter takes the best fit', () => {
  assert.equal(seen(opened()), [
    '>    4',
    '❯ API_TOKEN',
    ...NAMES.slice(1).map((name) => `  ${name}`),
    'enter chooses · ↑ ↓ move · esc cancels',
  ])
  const typed = after(opened(), ...keysOf('dbu'))
  assert.equal(typed.state.found.names, ['db/USER'])
  const { outcome } = after(typed.state, keyOf('enter'))
  assert.equal(outcome, { kind: 'chosen', name: 'db/USER' })
})

test('what is given is as if typed, and can be taken back', () => {
  const given = opened('db')
  assert.equal([...given.found.names].toSorted(), ['db/PASSWORD', 'db/USER'])
  assert.is(given.query.cursor, 2)
  assert.equal(after(given, keyOf('ctrl-u')).state.found.names, NAMES)
  assert.equal(after(given, keyOf('backspace'), keyOf('ctrl-w')).state.found.names, NAMES)
})

test('the one name that fits is known, others are not guessed', () => {
  assert.is(onlyFit(opened('dbu')), 'db/USER')
  assert.is(onlyFit(opened('db')), undefined)
  assert.is(onlyFit(opened('zzz')), undefined)
  assert.is(onlyFit(openPick(['A'], '', SIZE)), 'A')
})

test('keys move the choice, within the list', () => {
  const at = (...names: readonly string[]): number =>
    after(opened(), ...names.map(keyOf)).state.list.at
  for (const down of ['down', 'ctrl-n', 'ctrl-j']) assert.is(at(down, down), 2, down)
  for (const up of ['up', 'ctrl-p', 'ctrl-k']) assert.is(at('down', 'down', up), 1, up)
  assert.is(at('up'), 0)
  assert.is(at('page-down'), 3)
  assert.is(at('page-down', 'page-up'), 0)
  // Letters that move elsewhere are text here.
  assert.is(after(opened(), ...keysOf('jkgGq')).state.query.text, 'jkgGq')
  // Another filter begins at its best fit.
  assert.is(after(opened(), keyOf('down'), ...keysOf('d')).state.list.at, 0)
  // The cursor alone changes nothing.
  const moved = after(opened('d'), keyOf('down'), keyOf('ctrl-a')).state
  assert.equal([moved.list.at, moved.query.cursor], [1, 0])
})

test('cancelling is no choice; enter on nothing is neither', () => {
  for (const key of ['esc', 'ctrl-c', 'ctrl-g']) {
    assert.equal(after(opened(), keyOf(key)).outcome, { kind: 'cancelled' }, key)
  }
  assert.is(after(opened('zzz'), keyOf('enter')).outcome, undefined)
})

test('what is pasted is typed, on one line', () => {
  const { state } = updatePick(opened(), { kind: 'paste', text: 'db\nus' })
  assert.is(state.query.text, 'db us')
  assert.equal(state.found.names, ['db/USER'])
})

test('every size is filled and never exceeded, the choice in sight, nothing obeyed', () => {
  const names = Array.from(
    { length: 300 },
    (_, i) => `team/\x1b[2J${'long'.repeat(i % 70)}/KEY_${i}`,
  )
  for (const [columns, rows] of [
    [40, 10],
    [80, 24],
    [200, 60],
    [12, 3],
    [5, 2],
  ] as const) {
    let state = openPick(names, '', { columns, rows })
    state = after(state, keyOf('page-down'), keyOf('page-down'), keyOf('down')).state
    state = updatePick(state, { kind: 'resized', columns, rows }).state
    const lines = pickView(state)
    assert.ok(lines.length <= Math.max(3, rows), `${columns}×${rows}: ${lines.length}`)
    assert.is(lines.filter(({ chosen }) => chosen === true).length, 1)
    for (const line of lines) {
      const text = line.spans.map((span) => span.text).join('')
      assert.not(text.includes('\x1b'))
      if (columns >= 12) assert.ok(widthOf(text) <= columns, `${columns}×${rows}: ${text}`)
    }
  }
  assert.is(pickHeight({ rows: 10 }), 8)
})

test.run()
