import fc from 'fast-check'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { fit, move, TOP, windowed } from './list.js'

test('keys move by one, by a page, and to the ends', () => {
  assert.equal(move(TOP, 'j', 10, 4), { at: 1, top: 0 })
  assert.equal(move(TOP, 'page-down', 10, 4), { at: 3, top: 0 })
  assert.equal(move({ at: 3, top: 0 }, 'down', 10, 4), { at: 4, top: 1 })
  assert.equal(move(TOP, 'G', 10, 4), { at: 9, top: 6 })
  assert.equal(move({ at: 9, top: 6 }, 'home', 10, 4), TOP)
  assert.is(move(TOP, 'x', 10, 4), undefined)
  assert.is(move(TOP, 'constructor', 10, 4), undefined)
})

const keys = fc.array(
  fc.constantFrom('up', 'down', 'j', 'k', 'page-up', 'page-down', 'home', 'end', 'g', 'G'),
)

test('the choice stays in the list and in its window, however both grow and shrink', () => {
  const step = fc.record({ keys, count: fc.nat(40), height: fc.integer({ min: -1, max: 20 }) })
  fc.assert(
    fc.property(fc.array(step, { minLength: 1 }), (steps) => {
      let list = TOP
      for (const { keys: pressed, count, height } of steps) {
        list = fit(list, count, height)
        for (const key of pressed) list = move(list, key, count, height) ?? list
        assert.ok(list.at >= 0 && list.at <= Math.max(0, count - 1))
        const all = Array.from({ length: count }, (_, i) => i)
        const shown = windowed(list, all, height)
        assert.ok(shown.length <= Math.max(1, height))
        assert.is(shown.length, Math.min(count, Math.max(1, height)))
        assert.ok(count === 0 || shown.some(({ index }) => index === list.at))
        for (const { item, index } of shown) assert.is(item, index)
      }
    }),
  )
})

test.run()
