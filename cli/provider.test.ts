import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { PlainLine } from '../shared/protocol/plain-argv.js'
import { isForeign } from './provider.js'

/** A program that may take 50 ms and does this. */
function limited(body: string): { readonly status: number | null; readonly said: string } {
  const program = `
    import { limitTime } from ${JSON.stringify(join(import.meta.dirname, 'provider.js'))}
    limitTime(50)
    ${body}`
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ['--input-type=module', '-e', program],
    { encoding: 'utf8' },
  )
  return { status, said: `${stdout}${stderr}` }
}

test('whatever a provider waits for ends, and one that is done does not wait', () => {
  const timedOut = {
    status: 29,
    said: 'coffer: timed-out: no answer within 0.05 s; see coffer status\n',
  }
  assert.equal(limited('setInterval(() => undefined, 1000)'), timedOut)
  assert.equal(limited('await new Promise((resolve) => setTimeout(resolve, 60_000))'), timedOut)
  const server = `import { createServer } from 'node:net'; createServer().listen(0)`
  assert.equal(limited(server), timedOut)
  assert.equal(limited('process.stdout.write("value")'), { status: 0, said: 'value' })
})

test("AWS's own names are Earthly's to find", () => {
  const line = (verb: PlainLine['verb'], name: string): PlainLine => ({
    verb,
    names: [name],
    switches: new Set(),
    values: new Map(),
    command: [],
  })
  assert.ok(isForeign(line('provider', 'aws:secret')))
  assert.not(isForeign(line('provider', 'aws/secret')))
  assert.not(isForeign(line('get', 'aws:secret')))
})

test.run()
