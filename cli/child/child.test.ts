import { spawnSync } from 'node:child_process'
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

test('a child that a signal ended ends its starter by it, though that hears it', () => {
  for (const signal of ['SIGUSR1', 'SIGTERM']) {
    const script = `
      process.on('${signal}', () => undefined)
      const { endLike } = await import('${new URL('child.js', import.meta.url).href}')
      endLike({ kind: 'signal', signal: '${signal}' })
      setInterval(() => undefined, 1000)`
    const args = ['--input-type=module', '-e', script]
    assert.is(spawnSync(process.execPath, args, { timeout: 60_000 }).signal, signal)
  }
})

test.run()
