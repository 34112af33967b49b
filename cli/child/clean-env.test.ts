import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { cleanEnvironment } from './clean-env.js'

const own = {
  PATH: '/bin',
  HOME: '/root',
  LC_ALL: 'C',
  AWS_SECRET_ACCESS_KEY: 'x',
  API_KEY: 'old',
  LD_PRELOAD: '/evil.so',
  COFFER_TOKEN_FILE: '/t',
  COFFER_TOKEN: 'token',
}

test('only what programs need to run is kept, and what is named', () => {
  assert.equal(cleanEnvironment(own), { PATH: '/bin', HOME: '/root', LC_ALL: 'C' })
  assert.equal(cleanEnvironment(own, ['API_KEY', 'NOT_SET'])['API_KEY'], 'old')
  assert.is('NOT_SET' in cleanEnvironment(own, ['NOT_SET']), false)
})

test("coffer's own variables go to nobody, named or not", () => {
  const kept = cleanEnvironment(own, ['COFFER_TOKEN', 'COFFER_TOKEN_FILE'])
  assert.equal(Object.keys(kept), ['PATH', 'HOME', 'LC_ALL'])
})

test.run()
