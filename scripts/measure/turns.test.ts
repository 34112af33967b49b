import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { inTurn, median } from './turns.js'

test('the median is the middle, whatever the order', () => {
  assert.is(median([9, 1, 5]), 5)
  assert.is(median([4, 1, 3, 2]), 2.5)
  assert.is(median([10, 9, 2]), 9)
  assert.ok(Number.isNaN(median([])))
})

test('measures in turn and forgets the first round', async () => {
  const order: string[] = []
  const [floors, values] = [
    [1000, 1, 3, 2],
    [2000, 10, 30, 20],
  ]
  const medians = await inTurn(
    3,
    () => (order.push('floor'), floors.shift() ?? 0),
    async () => (order.push('subject'), values.shift() ?? 0),
  )
  assert.equal(medians, { floor: 2, value: 20 })
  assert.is(order.join(' '), Array(4).fill('floor subject').join(' '))
})

test.run()
