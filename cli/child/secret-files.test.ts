import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { refusedWith } from '../../shared/testing/refusal.js'
import { SecretFiles } from './secret-files.js'

// /dev/shm is in memory on every Linux that the tests run on.
const memory = mkdtempSync('/dev/shm/coffer-test-')
const disk = mkdtempSync(join(tmpdir(), 'coffer-test-'))
test.after(() => {
  for (const folder of [memory, disk]) rmSync(folder, { recursive: true, force: true })
})
const env = { XDG_RUNTIME_DIR: memory }

test('files are in memory, closed to others, and gone afterwards', () => {
  const files = new SecretFiles({ env })
  assert.is(files.folder.startsWith(`${memory}/coffer-files-`), true)
  assert.is(statSync(files.folder).mode & 0o777, 0o700)
  const path = files.add('A', Buffer.from('hunter2\0'))
  assert.is(statSync(path).mode & 0o777, 0o600)
  assert.is(readFileSync(path, 'latin1'), 'hunter2\0')
  files.remove()
  files.remove()
  assert.equal(readdirSync(memory), [])
})

test('a second file of one name is refused, and the first stays', async () => {
  const files = new SecretFiles({ env })
  const path = files.add('A', Buffer.from('one'))
  assert.equal(await refusedWith(async () => files.add('A', Buffer.from('two'))), [
    'storage',
    'secret-file',
  ])
  assert.is(readFileSync(path, 'utf8'), 'one')
  files.remove()
})

test('a folder on disk only when that is allowed', async () => {
  const places = [disk]
  assert.equal(await refusedWith(async () => new SecretFiles({ env, places })), [
    'storage',
    'no-tmpfs',
  ])
  const files = new SecretFiles({ env, places, allowDisk: true })
  assert.is(statSync(files.folder).mode & 0o777, 0o700)
  files.remove()
  assert.is(existsSync(files.folder), false)
})

test('what a killed process left is taken away by the next; what a living one has stays', () => {
  const program = `
    const { SecretFiles } = await import(${JSON.stringify(import.meta.resolve('./secret-files.js'))})
    const files = new SecretFiles({ env: process.env })
    files.add('A', Buffer.from('left'))
    console.log(files.folder)
    process.kill(process.pid, 'SIGKILL')
  `
  const ours = new SecretFiles({ env })
  const { stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', program], {
    env: { ...process.env, ...env },
    encoding: 'utf8',
  })
  const left = stdout.trim()
  assert.is(existsSync(join(left, 'A')), true)
  const next = new SecretFiles({ env })
  assert.equal([existsSync(left), existsSync(ours.folder)], [false, true])
  ours.remove()
  next.remove()
})

test("what was left and can't be taken away is no reason to fail", () => {
  const place = mkdtempSync('/dev/shm/coffer-test-')
  const space = /\d+/.exec(readlinkSync('/proc/self/ns/pid'))?.[0]
  // No process has this number.
  const left = join(place, `coffer-files-${space}-4194305-1-abcdef`)
  mkdirSync(join(left, 'shut/in'), { recursive: true })
  const root = process.geteuid?.() === 0
  if (root) for (const path of [place, left, join(left, 'shut')]) chownSync(path, 65534, 65534)
  chmodSync(join(left, 'shut'), 0)
  try {
    // Root could take it away.
    if (root) process.seteuid?.(65534)
    new SecretFiles({ env, places: [place] }).remove()
    assert.is(existsSync(left), true)
  } finally {
    if (root) process.seteuid?.(0)
    chmodSync(join(left, 'shut'), 0o700)
    rmSync(place, { recursive: true, force: true })
  }
})

test.run()
