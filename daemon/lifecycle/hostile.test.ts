import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { jsonLog } from './log.js'

test('attack 45: an error whose message looks like a stack takes no secret into the log', () => {
  const lines: string[] = []
  const log = jsonLog((line) => lines.push(line), Date.now)
  for (const message of ['x\n    at SECRET', 'SECRET', '', '    at SECRET\n']) {
    log.failure('failed', new Error(message))
    log.failure('failed', Object.assign(new Error(message), { code: 'ECODE' }))
  }
  assert.is(lines.length, 8)
  assert.not(lines.join('').includes('SECRET'), lines.join(''))
  assert.ok(
    lines.every((line) => line.includes('hostile.test')),
    'frames are there',
  )
})

test.run()
