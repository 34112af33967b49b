import { Buffer } from 'node:buffer'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { test } from 'uvu'
import * as assert from 'uvu/assert'

// What only a real process shows: which stdin counts as a value, and what becomes of an output nobody can take. The
// shell makes the descriptors; the scripted daemon runs in a thread, so that this one may wait.

const PROGRAM = join(import.meta.dirname, 'main.js')
const folder = mkdtempSync(join(tmpdir(), 'coffer-process-'))

const worker = new Worker(new URL('testing/daemon-worker.js', import.meta.url))
const home = await new Promise<string>((resolve) => {
  worker.once('message', (message: unknown) => {
    resolve(String(message))
  })
})

function shell(script: string): { code: number | null; stdout: string; stderr: string } {
  const done = spawnSync('/bin/bash', ['--norc', '-c', script], {
    cwd: folder,
    env: { PATH: process.env['PATH'], COFFER_HOME: home, NODE: process.execPath, C: PROGRAM },
    input: '',
    timeout: 60_000,
  })
  return { code: done.status, stdout: done.stdout.toString(), stderr: done.stderr.toString() }
}

test('a pipe and a file are values; /dev/null, a closed stdin and an empty pipe are none', () => {
  writeFileSync(join(folder, 'value'), 'from a file')
  const table: readonly (readonly [string, number, string])[] = [
    ['printf piped | $NODE $C set --json A', 0, 'piped'],
    ['$NODE $C set --json A < value', 0, 'from a file'],
    ['$NODE $C set --json A < /dev/null', 2, 'no value'],
    ['$NODE $C set --json A <&-', 2, 'no value'],
    ['printf "" | $NODE $C set --json A', 2, 'empty'],
  ]
  for (const [script, code, said] of table) {
    const { code: status, stdout, stderr } = shell(script)
    assert.is(status, code, `${script}: ${stderr}`)
    const stored = Buffer.from(said).toString('base64')
    assert.match(code === 0 ? stdout : stderr, code === 0 ? stored : said)
  }
})

test('a full disk is said, a reader that has gone is not', () => {
  assert.is(shell('$NODE $C get A > /dev/full').code, 31)
  const head = shell('$NODE $C get BIG | head -c 5; echo " ${PIPESTATUS[0]}"')
  assert.is(head.stdout, 'xxxxx 0\n')
  assert.is(head.stderr, '')
})

test('a pipe that somebody made non-blocking gets every byte', () => {
  const nonBlocking = 'import os,sys;os.set_blocking(1,False);os.execvp(sys.argv[1],sys.argv[1:])'
  // Reads only when the pipe is full, so that a write has met EAGAIN.
  const late = [
    'import fcntl,sys,termios,struct',
    'full=lambda:struct.unpack("i",fcntl.ioctl(0,termios.FIONREAD,b"0000"))[0]>=65536',
    'while not full(): pass',
    'print(len(sys.stdin.buffer.read()))',
  ]
  writeFileSync(join(folder, 'late.py'), late.join('\n'))
  const { stdout } = shell(
    `python3 -c '${nonBlocking}' $NODE $C get -n BIG | timeout 30 python3 late.py`,
  )
  assert.is(stdout.trim(), String(512 * 1024))
})

test('a working folder that is gone is a usage error', () => {
  const { code, stderr } = shell('mkdir gone; cd gone; rmdir ../gone; $NODE $C get A')
  assert.is(code, 2)
  assert.match(stderr, 'the working folder is gone')
})

test('a large answer comes whole', () => {
  const { stdout } = shell('$NODE $C get -n BIG')
  assert.is(stdout, 'x'.repeat(512 * 1024))
})

test.after(async () => {
  const ended = new Promise((resolve) => {
    worker.once('exit', resolve)
  })
  worker.postMessage('stop')
  await ended
  rmSync(folder, { recursive: true })
})

test.run()
