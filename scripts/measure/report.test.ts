import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { judge, table, type Figure } from './report.js'

const figure: Figure = {
  name: 'get',
  what: 'coffer get NAME',
  unit: 'ms',
  value: 130,
  floor: 100,
  floorIs: 'node -e 0',
}

test('a promise is kept up to its border', () => {
  assert.is(judge(figure).verdict, '')
  assert.is(judge({ ...figure, target: { timesFloor: 1.3 } }).verdict, 'ok')
  assert.is(judge({ ...figure, target: { timesFloor: 1.29 } }).verdict, 'over')
  assert.is(judge({ ...figure, target: { atMost: 130 } }).verdict, 'ok')
  assert.is(judge({ ...figure, target: { atMost: 129 } }).verdict, 'over')
  assert.is(judge({ ...figure, value: Number.NaN, target: { atMost: 1 } }).verdict, 'over')
})

test('the table stands in columns', () => {
  const text = table([
    judge({ ...figure, target: { timesFloor: 1.35 } }),
    judge({ ...figure, name: 'relay.idle', unit: 'B', value: 12_345, floor: 6000 }),
  ])
  const [head = '', first = '', second = ''] = text.split('\n')
  assert.is(first.indexOf('coffer get NAME'), head.indexOf('what'))
  assert.is(second.indexOf('coffer get NAME'), head.indexOf('what'))
  assert.match(first, /get +130 ms +100 ms +1\.30 x +≤ 1\.35 x +ok/)
  assert.match(second, /12345 B +6000 B +2\.06 x/)
})

test.run()
