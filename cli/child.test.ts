import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { childEnvironment } from './child.js'

test('attack 45: a child gets what it was given, and never the token of its starter', () => {
  const own = { COFFER_TOKEN: 'token-of-ci', HOME: '/home/me', A: 'own' }
  const environment = { A: 'given', B: 'given' }
  const env = (policy: 'override' | 'preserve', more = {}): NodeJS.ProcessEnv =>
    childEnvironment({ policy, argv: ['x'], environment: { ...environment, ...more } }, own)
  assert.equal(env('override'), { HOME: '/home/me', A: 'given', B: 'given' })
  assert.equal(env('preserve'), { HOME: '/home/me', A: 'own', B: 'given' })
  assert.is(env('override', { COFFER_TOKEN: 'of a secret' })['COFFER_TOKEN'], undefined)
})

test.run()
