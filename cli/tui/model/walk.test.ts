import fc from 'fast-check'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { hasHidden } from '../../../shared/display.js'
import { isUnread } from './attention.js'
import { topOf, type State } from './state.js'
import { NAMES, VALUE, Walk, type Move } from './testing/walk.js'
import { b64 } from './testing/conflicts.js'
import { alarmLine, footerLine, headerLine, noteLines, viewSize } from './views/frame.js'
import { widthOf, type Line } from './views/line.js'
import { overlayBox } from './views/overlays.js'
import { viewOf } from './views/table.js'
import { bodyHeight, overlaySize } from './world.js'

// Whatever somebody types, and whatever comes back in whatever order: nothing throws, and all fits the window. A failure
// prints the seed and the shortest walk to it.

const KEYS = [
  'enter esc up down left right page-up page-down home end tab shift-tab backspace delete none'.split(
    ' ',
  ),
  'ctrl-c ctrl-p ctrl-s ctrl-f ctrl-z ctrl-e ctrl-g ctrl-r ctrl-t ctrl-w alt-b'.split(' '),
  Array.from('abcdefghijklmnopqrstuvwxyzACDGLRSTVX/?:!12345679 漢'),
].flat()
const SIZES = [
  [40, 10],
  [80, 24],
  [200, 60],
] as const

/** Mostly what leads somewhere. */
const key = fc.oneof(
  fc.constantFrom(...KEYS),
  fc.constantFrom('enter', 'down', 'r', 'm', 'y', 'e', 'd'),
)
const which = fc.nat(5)
const move: fc.Arbitrary<Move> = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({ kind: fc.constant('key'), name: key }),
  },
  { weight: 8, arbitrary: fc.record({ kind: fc.constant('answer'), which }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('fail'), which }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constantFrom('paste', 'edited'),
      text: fc.constantFrom(...NAMES.slice(3), 'a\nb'),
    }),
  },
  {
    weight: 1,
    arbitrary: fc
      .constantFrom(...SIZES, [1, 1], [20, 5], [300, 12])
      .map(([columns, rows]): Move => ({ kind: 'resized', columns, rows })),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constantFrom('tick', 'hidden', 'changed', 'gone', 'connected', 'sync'),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('state'),
      state: fc.constantFrom('locked', 'unlocked', 'unlocked'),
    }),
  },
)
const answer: Move = { kind: 'answer', which: 0 }

/** Begins with the first answers, and mostly on a screen of its own: so it gets further. */
const walk = fc
  .tuple(
    fc.constantFrom(':go to acme/web', ':go to user', '2', '2', '3', '4', ''),
    fc.array(move, { maxLength: 80, size: 'max' }),
  )
  .map(([way, moves]): Move[] => [
    ...Array.from({ length: 12 }, () => answer),
    ...Array.from(way, (name): Move => ({ kind: 'key', name })),
    ...(way.startsWith(':') ? [{ kind: 'key', name: 'enter' } as const] : []),
    ...Array.from({ length: 6 }, () => answer),
    ...moves,
  ])
const textOf = ({ spans }: Line): string => spans.map(({ text }) => text).join('')

function checkLines(what: string, lines: readonly Line[], width: number, height: number): void {
  assert.ok(lines.length <= height, `${what}: ${lines.length} of ${height} lines`)
  for (const one of lines) {
    const text = textOf(one)
    assert.ok(widthOf(text) <= width, `${what}: ${widthOf(text)} of ${width} columns: ${text}`)
    assert.not(hasHidden(text), `${what}: a control character`)
  }
}

function checkView(state: State): void {
  const { world, overlay } = state
  const { columns, rows } = world
  const { screen } = topOf(state)
  const alarm = alarmLine(state)
  checkLines('header', [headerLine(state)], columns, 1)
  const notes = noteLines(state)
  const around = [footerLine(state), ...(alarm ? [alarm] : [])]
  checkLines('around', around, columns, 2)
  const size = viewSize(state)
  const view = viewOf(screen, world, size)
  checkLines(`${screen.name} ${columns}×${rows}`, view, columns, size.height)
  checkLines('note', notes, columns, bodyHeight(world) + 1 - view.length)
  if (overlay === undefined) return
  const room = overlaySize(world)
  const { title, lines, keys } = overlayBox(state, overlay, room)
  checkLines(`${overlay.kind} on ${screen.name} ${columns}×${rows}`, lines, room.width, room.height)
  assert.ok(widthOf(title) <= room.width)
  const unread = overlay.kind === 'dialog' && isUnread(world, overlay)
  assert.is(textOf(keys) === '…', unread, 'keys are shown when they are taken')
}

function checkLists({ stack, world }: State): void {
  for (const { screen } of stack) {
    if (screen.name === 'places')
      assert.ok(screen.list.at >= 0 && screen.list.at <= Math.max(0, world.places.length - 1))
    if (screen.name === 'conflicts') {
      const count = screen.conflicts?.length ?? 0
      assert.ok(screen.list.at >= 0 && screen.list.at <= Math.max(0, count - 1))
    }
  }
}

test('no walk throws, leaves a list, or needs more room than there is', () => {
  fc.assert(
    fc.property(walk, (moves) => {
      const walked = new Walk()
      for (const one of moves) {
        walked.go(one)
        checkLists(walked.state)
      }
      for (const [columns, rows] of SIZES) {
        checkView(walked.go({ kind: 'resized', columns, rows }).state)
      }
    }),
    { numRuns: 150 },
  )
})

test('after a lock nothing of any walk is left: no value, no name', () => {
  fc.assert(
    fc.property(walk, (moves) => {
      const walked = new Walk()
      for (const one of moves) walked.go(one)
      walked.go({ kind: 'state', state: 'locked' }).drain()
      const left = JSON.stringify(walked.state)
      assert.is(topOf(walked.state).screen.name, 'unlock')
      for (const gone of [VALUE, b64(VALUE).slice(0, 20), 'db/PASSWORD']) {
        assert.not(left.includes(gone), gone)
      }
    }),
    { numRuns: 60 },
  )
})

test.run()
