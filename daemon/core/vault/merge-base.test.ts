import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { ChangeId, DeviceId } from '../../../shared/ids.js'
import { changeOf, type Change } from './change.js'
import { mergeBase } from './merge-base.js'
import { Names } from './names.js'

// Hand-made histories: a version is named by a letter, and written over those whose letters follow it.

type Made = { readonly wall?: number; readonly kind?: 'put' | 'delete' }

function version(spelled: string, at: number, { wall = at, kind = 'put' }: Made = {}): Change {
  const [id = '', ...parents] = Array.from(spelled) as ChangeId[]
  const meta = { space: 'secret', name: 'x', kind, wall, counter: 0, parents, size: 0 } as const
  const device = 'd' as DeviceId
  return changeOf(meta, { id: id as ChangeId, device, place: undefined, ahead: false })
}

/** The base of what is in conflict, as the fold of names sees it. */
function baseOf(spelled: readonly string[], made: { readonly [id: string]: Made } = {}) {
  const names = new Names()
  spelled.forEach((one, i) => names.add(version(one, i, made[one[0] ?? ''])))
  const current = names.current('secret', 'x')
  assert.ok(current?.conflict, 'there is a conflict')
  return mergeBase(names.history('secret', 'x'), current?.siblings ?? [])
}

test('two siblings: the version that both were written over', () => {
  assert.is(baseOf(['a', 'ba', 'ca'])?.id, 'a')
  assert.is(baseOf(['a', 'ba', 'cb', 'db'])?.id, 'b')
})

test('one that went on by itself: what the other one knew, however far back', () => {
  assert.is(baseOf(['a', 'ba', 'cb', 'dc', 'ea'])?.id, 'a')
})

test('three siblings: what all three build on, not what two of them do', () => {
  assert.is(baseOf(['a', 'ba', 'ca', 'da'])?.id, 'a')
  assert.is(baseOf(['a', 'ba', 'cb', 'db', 'ea'])?.id, 'a')
})

test('a sibling that ended an earlier conflict has both of its sides behind it', () => {
  assert.is(baseOf(['a', 'ba', 'ca', 'dbc', 'ec'])?.id, 'c')
})

test('none: the name was made apart, or what they build on is not here', () => {
  assert.is(baseOf(['a', 'b']), undefined)
  assert.is(baseOf(['a', 'ba', 'c']), undefined)
  assert.is(baseOf(['bz', 'cz']), undefined)
  assert.is(mergeBase([], []), undefined)
})

test('a delete may be the base', () => {
  const base = baseOf(['a', 'ba', 'cb', 'db'], { b: { kind: 'delete' } })
  assert.equal([base?.id, base?.kind], ['b', 'delete'])
})

test('the newest by parents, whatever the clocks say; of two of one rank the later', () => {
  assert.is(baseOf(['a', 'ba', 'cb', 'db'], { a: { wall: 99 } })?.id, 'b')
  const crossed = ['a', 'ba', 'ca', 'dbc', 'ebc']
  assert.is(baseOf(crossed)?.id, 'c')
  assert.is(baseOf(crossed, { b: { wall: 99 } })?.id, 'b')
})

test.run()
