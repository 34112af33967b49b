import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { Alarms } from './alarms.js'

const HOUR = 3600_000

function restarted(alarms: Alarms): Alarms {
  const again = new Alarms()
  for (const { value } of alarms.unsaved) if (value !== undefined) again.restore(value)
  return again
}

test('no flood of one alarm pushes another out', () => {
  const alarms = new Alarms()
  const told = (reason: string, detail: string, now = 5): boolean =>
    alarms.note({ reason, detail }, now)
  assert.ok(told('two-logs', 'first', 1))
  for (let i = 0; i < 10_000; i++) assert.ok(told('generation-raised', `to ${i}`, 2))
  assert.not(told('two-logs', 'first'), 'the same again')
  assert.ok(told('two-logs', 'second'))
  assert.equal(
    alarms.unread.map(({ reason, detail }) => `${reason} ${detail}`),
    ['two-logs first', 'two-logs second', 'generation-raised to 0', 'generation-raised to 9999'],
  )
  assert.is(alarms.unsaved.length, 2, 'a record for each reason')
})

test('what was read stays listed, and what is raised anew is news, at once or after a rest', () => {
  const alarms = new Alarms()
  alarms.note({ reason: 'fork', detail: 'x' }, 10)
  assert.is(alarms.acknowledge(20), 1)
  assert.is(alarms.acknowledge(21), 0)
  assert.equal(alarms.unread, [])
  assert.equal(alarms.all, [{ reason: 'fork', first: { detail: 'x', at: 10 }, read: 20 }])
  assert.not(alarms.note({ reason: 'fork', detail: 'x' }, 20 + HOUR), 'it goes on')
  assert.ok(alarms.note({ reason: 'fork', detail: 'x' }, 21 + HOUR), 'it came again')
  alarms.acknowledge(22 + HOUR)
  assert.ok(alarms.note({ reason: 'fork', detail: 'y' }, 23 + HOUR))
  assert.equal(restarted(alarms).all, [
    { reason: 'fork', first: { detail: 'x', at: 10 }, newest: { detail: 'y', at: 23 + HOUR } },
  ])
})

test('what changed while it was written is written again', () => {
  const alarms = new Alarms()
  alarms.note({ reason: 'fork', detail: 'x' }, 1)
  const batch = alarms.unsaved
  alarms.note({ reason: 'fork', detail: 'y' }, 2)
  alarms.saved(batch)
  assert.is(alarms.unsaved.length, 1)
  alarms.saved(alarms.unsaved)
  assert.is(alarms.unsaved.length, 0)
})

test('an overlong detail is cut', () => {
  const alarms = new Alarms()
  alarms.note({ reason: 'fork', detail: 'ü'.repeat(5000) }, 1)
  assert.is(restarted(alarms).unread[0]?.detail.length, 1024)
})

test.run()
