import { execFile } from 'node:child_process'
import { createConnection } from 'node:net'
import { promisify } from 'node:util'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { utf8 } from '../../shared/bytes.js'
import {
  decodePlainAnswer,
  encodePlainRequest,
  type PlainAnswer,
} from '../../shared/protocol/plain.js'
import { inServer, raw } from './testing/server.js'

test('a plain block is answered and the connection closed', () =>
  inServer({}, async ({ path }) => {
    const ask = async (argv: string[]): Promise<PlainAnswer> =>
      decodePlainAnswer(await raw(path, encodePlainRequest({ argv, cwd: '/', variables: {} })))
    const answered = await ask(['get', 'A'])
    assert.is(answered.status, 7)
    assert.equal([...answered.stdout], [...utf8('get|A')])
    assert.equal([...answered.stderr], [0xff])
    assert.is(answered.exec, undefined)
    const refused = await ask(['refuse'])
    assert.is(refused.status, 21)
    assert.is(Buffer.from(refused.stderr).toString(), 'coffer: locked: locked; run coffer unlock\n')
    const wrong = decodePlainAnswer(await raw(path, utf8('GET / HTTP/1.1\r\n\r\n')))
    assert.is(wrong.status, 32)
    assert.equal(wrong.stdout, new Uint8Array(0))
  }))

test('a plain block may come byte by byte', () =>
  inServer({}, async ({ path }) => {
    const bytes = encodePlainRequest({ argv: ['get', 'A'], cwd: '/', variables: {} })
    const chunks: Buffer[] = []
    await new Promise<void>((resolve) => {
      const socket = createConnection(path, () => {
        const step = (i: number): void => {
          if (i < bytes.length)
            socket.write(bytes.subarray(i, i + 1), () => setImmediate(step, i + 1))
        }
        step(0)
      })
      socket.on('data', (chunk: Buffer) => chunks.push(chunk))
      socket.on('close', () => {
        resolve()
      })
    })
    assert.is(decodePlainAnswer(new Uint8Array(Buffer.concat(chunks))).status, 7)
  }))

// All that a launcher needs, in another language and with nothing of ours.
const LAUNCHER = `
import os, socket, struct, sys
def ask(path, *argv):
    fields = [str(len(argv)), *argv, os.getcwd()]
    fields += [f'{n}={os.environ[n]}' for n in ('COFFER_ORG', 'COFFER_PROJECT') if n in os.environ]
    body = b''.join(os.fsencode(field) + b'\\0' for field in fields)
    with socket.socket(socket.AF_UNIX) as s:
        s.connect(path)
        s.sendall(b'coffer1' + struct.pack('>I', len(body)) + body)
        back = s.makefile('rb')
        status = back.read(1)[0]
        return status, *(back.read(struct.unpack('>I', back.read(4))[0]) for _ in range(3))
status, out, err, block = ask(*sys.argv[1:])
if block:
    policy, argc, *rest = block[:-1].split(b'\\0')
    env = dict(pair.split(b'=', 1) for pair in rest[int(argc):])
    os.execvpe(rest[0], rest[:int(argc)], {**os.environb, **env})
sys.stdout.buffer.write(out)
sys.exit(status)
`

test('a launcher of twenty lines of Python reads a value and runs a command', () =>
  inServer({}, async ({ path }) => {
    const run = promisify(execFile)
    const got = await run('python3', ['-c', LAUNCHER, path, 'get', 'NAME']).catch(
      (error: { code: number; stdout: string }) => error,
    )
    assert.is('code' in got && got.code, 7)
    assert.is(got.stdout, 'get|NAME')
    const printed = await run('python3', [
      '-c',
      LAUNCHER,
      path,
      'run',
      '--',
      'sh',
      '-c',
      'printf "%s" "$PASSWORD${EMPTY-unset}"',
    ])
    assert.is(printed.stdout, 'pä$$\n')
    assert.ok(LAUNCHER.trim().split('\n').length <= 22)
  }))

test.run()
