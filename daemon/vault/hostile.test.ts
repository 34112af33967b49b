import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { Alarm } from '../core/vault/alarm.js'
import { keepAlarm } from './vault-event.js'

test('no flood of one alarm pushes another out', () => {
  const alarms: Alarm[] = []
  const told = (reason: string, detail: string): boolean => keepAlarm(alarms, { reason, detail })
  assert.ok(told('two-logs', 'first'))
  for (let i = 0; i < 10_000; i++) assert.ok(told('generation-raised', `to ${i}`))
  assert.not(told('two-logs', 'first'), 'the same again')
  assert.ok(told('two-logs', 'second'))
  assert.equal(
    alarms.map(({ reason, detail }) => `${reason} ${detail}`),
    ['two-logs first', 'generation-raised to 0', 'generation-raised to 9999', 'two-logs second'],
  )
})

test.run()
