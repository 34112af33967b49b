import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { text } from '../dialog.js'
import type { Status, World } from '../world.js'
import { aState, aStatus } from '../testing/world.js'
import { footerLine, headerLine, noteLines, viewSize } from './frame.js'
import { widthOf, type Line } from './line.js'

const seen = ({ spans }: Line): string => spans.map(({ text }) => text).join('')
const header = (world: Partial<World>): string => seen(headerLine(aState(world)))

const VAULT = { vaultId: 'u', kind: 'user' } as const
const vault: Status['vaults'][number] = {
  vault: VAULT,
  role: 'owner',
  state: 'ready',
  secrets: 3,
  queued: 2,
  conflicts: 1,
  pos: 1,
  epoch: 1,
  syncedAt: null,
  confirmedAt: null,
  age: null,
  checkpoint: null,
  warnings: [],
}

test('what is queued and in conflict is said from the start, and as it changes', () => {
  const status = aStatus({ vaults: [vault] })
  assert.match(header({ status }), /○ no relay · 2 queued · 1 conflict$/)
  const sync = { relay: null, otherRelays: [], queued: 0, conflicts: 2 }
  assert.match(header({ status, sync }), /○ no relay · 2 conflicts$/)
})

test('of several relays the header tells the one in the worst state', () => {
  const relay = {
    url: 'wss://r',
    key: 'k',
    state: 'connected',
    since: 0,
    problem: null,
  } as const
  const otherRelays = [{ ...relay, state: 'offline' } as const]
  assert.match(header({ status: aStatus({ otherRelays }) }), /○ offline$/)
  assert.match(header({ status: aStatus({ relay, otherRelays }) }), /○ offline$/)
  assert.match(header({ status: aStatus({ relay }) }), /● synced not yet$/)
})

test('a narrow header keeps some of its title, and never wraps', () => {
  const sync = { relay: null, otherRelays: [], queued: 12_345, conflicts: 300 }
  for (const columns of [1, 10, 40, 80]) assert.ok(widthOf(header({ sync, columns })) <= columns)
  assert.match(header({ sync, columns: 40 }), /^coffer coffer .*…$/)
})

test('a note has a sign, and the footer names help whatever is cut', () => {
  const state = aState({ columns: 40 })
  const note = { tone: 'bad', text: 'x'.repeat(100), until: 0 } as const
  assert.match(
    noteLines({ ...state, note })
      .map(seen)
      .join(''),
    /^! ?x{100}$/,
  )
  assert.match(seen(footerLine(state)), /\? help$/)
})

test('a long note takes lines of the screen, and no more than half of them', () => {
  const long = (tone: 'plain' | 'bad') => ({ tone, text: 'word '.repeat(200).trim(), until: 0 })
  for (const [columns, rows, most] of [
    [40, 10, 4],
    [80, 24, 5],
    [200, 60, 5],
  ] as const) {
    const state = { ...aState({ columns, rows }), note: long('bad') }
    const lines = noteLines(state).map(seen)
    assert.is(lines.length, most)
    assert.match(lines.at(-1) ?? '', /…$/)
    assert.is(viewSize(state).height, rows - 3 - most)
  }
  const state = { ...aState({ columns: 40, rows: 10 }), note: long('plain') }
  const dialog = text('t', 'title', ['line'])
  assert.is(noteLines({ ...state, overlay: { kind: 'dialog', owner: 0, dialog } }).length, 1)
  assert.is(viewSize({ ...state, note: undefined }).height, 6)
})

test.run()
