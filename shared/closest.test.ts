import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { closest } from './closest.js'

test('slips are found, strangers are not', () => {
  const names = ['DATABASE_URL', 'API_TOKEN', 'get', 'set', 'ls']
  assert.is(closest('DATABSE_URL', names), 'DATABASE_URL')
  assert.is(closest('DATBAASE_URL', names), 'DATABASE_URL')
  assert.is(closest('database_url', names), 'DATABASE_URL')
  assert.is(closest('gte', names), 'get')
  assert.is(closest('sl', names), 'ls')
  assert.is(closest('PASSWORD', names), undefined)
  assert.is(closest('', []), undefined)
})

test.run()
