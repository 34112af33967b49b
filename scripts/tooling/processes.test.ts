import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import * as path from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { alive, cleanEnvironment, reap, run } from './processes.js'

const node = process.execPath

test('gives output and exit code', async () => {
  const script = 'console.log("out"); console.error("err"); process.exitCode = 5'
  const done = await run(node, ['-e', script], { timeout: 20_000 })
  assert.is(done.code, 5)
  assert.match(done.output, /out/)
  assert.match(done.output, /err/)
  assert.not(done.timedOut)
})

test('a command that does not exist gives 127', async () => {
  const done = await run('/does/not/exist', [], { timeout: 20_000 })
  assert.is(done.code, 127)
})

test('the deadline kills the whole group', async () => {
  const done = await run('sh', ['-c', 'sleep 1000 & echo $!; wait'], { timeout: 300 })
  assert.ok(done.timedOut)
  const pid = Number(done.output.trim())
  assert.ok(pid > 0)
  while (alive(pid)) await new Promise((resolve) => setImmediate(resolve))
})

test('a grandchild that holds the pipes does not hold the runner', async () => {
  const script = 'setsid sleep 1000 & echo $!'
  const done = await run('sh', ['-c', script], { timeout: 20_000 })
  process.kill(Number(done.output.trim()), 'SIGKILL')
  assert.is(done.code, 0)
  assert.ok(done.ms < 10_000)
})

test('reap ends what has the folder open, in its environment or in its arguments, and nothing else', async () => {
  const folder = mkdtempSync('/tmp/cf-reap-')
  writeFileSync(path.join(folder, 'f'), '')
  const start = (script: string, env: NodeJS.ProcessEnv = {}) => {
    const child = spawn(node, ['-e', `${script}; console.log(1); setInterval(() => {}, 1000)`], {
      env: { ...cleanEnvironment(), ...env },
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    return { child, ready: once(child.stdout, 'data'), ended: once(child, 'exit') }
  }
  const open = start(`require('fs').openSync('${folder}/f')`)
  const environment = start('', { HOME_OF_TEST: folder })
  const other = start('')
  await Promise.all([open.ready, environment.ready, other.ready])
  const killed = reap(folder)
  assert.equal(
    killed.toSorted((a, b) => a - b),
    [open.child.pid, environment.child.pid].toSorted((a, b) => Number(a) - Number(b)),
  )
  await Promise.all([open.ended, environment.ended])
  assert.is(other.child.exitCode, null)
  other.child.kill('SIGKILL')
  await other.ended
  rmSync(folder, { recursive: true })
})

test('the environment is cleaned of what changes Node and coffer', () => {
  const env = cleanEnvironment({
    PATH: '/bin',
    NODE_OPTIONS: 'x',
    NODE_EXTRA_CA_CERTS: 'x',
    XDG_RUNTIME_DIR: 'x',
    COFFER_HOME: 'x',
    EARTHLY_ORG: 'x',
  })
  assert.equal(Object.keys(env).toSorted(), ['LC_ALL', 'NO_COLOR', 'PATH', 'TZ'])
})

test.run()
