// What anybody of this user may send to the daemon's socket: an answer with a code, and the daemon lives on.
import { readdirSync } from 'node:fs'
import { type Socket } from 'node:net'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { concat, u32be, utf8 } from '../../shared/bytes.js'
import { ERROR_CODES } from '../../shared/errors.js'
import { LIMITS } from '../../shared/limits.js'
import { parseIncoming } from '../../shared/protocol/local-wire.js'
import { METHODS } from '../../shared/protocol/local.js'
import { decodePlainAnswer, PLAIN_MAGIC } from '../../shared/protocol/plain.js'
import { type Home } from './harness/home.js'
import { until } from './harness/until.js'
import { inWorld } from './harness/world.js'
import { dial, socketPathOf, untilClosed } from './support/local.js'
import { Seeded, seedsOf } from './support/seeded.js'

/** A home with one secret; afterwards it is the same daemon and the same secret, with one version. */
async function attacked(body: (socket: string, home: Home) => Promise<void>): Promise<void> {
  await inWorld(async (world) => {
    const home = world.home('a')
    await home.init()
    await home.ok(['set', '/user/x', 'here'])
    const before = home.daemons()
    await body(socketPathOf(home), home)
    assert.is(await home.ok(['get', '/user/x']), 'here\n')
    assert.equal(home.daemons(), before, 'the same daemon')
    assert.is((await home.ok(['history', '/user/x'])).trim().split('\n').length, 1)
    assert.is((await home.ok(['ls', '/user/'])).trim(), 'x')
    await home.stopDaemon()
  })
}

/** Sends all of it, ends this side, and gives what came until the other side ended its own. */
async function say(socket: string, bytes: string | Uint8Array): Promise<Buffer> {
  const connection = await dial(socket)
  const answer = untilClosed(connection)
  connection.end(bytes)
  return answer
}

/** The code that a line of JSON-RPC carries, in word and number. */
function lineCode(answer: Buffer): string {
  const [line = '', ...more] = answer.toString().split('\n')
  assert.equal(more, [''], `one line: ${answer.toString().slice(0, 200)}`)
  const message = parseIncoming(line)
  if (message.kind !== 'error') throw new Error(`no error: ${line.slice(0, 200)}`)
  const { code } = message.error
  assert.ok(line.includes(`"code":${-32_000 - ERROR_CODES[code]},`), line)
  return code
}

const request = (method: string, params: unknown = {}): string =>
  `${JSON.stringify({ jsonrpc: '2.0', id: 7, method, params })}\n`

test('lines that are no requests', async () => {
  await attacked(async (socket) => {
    for (const line of [
      '{\n',
      '{}\n',
      '{"jsonrpc":"2.0"}\n',
      '{"jsonrpc":"1.0","id":1,"method":"status","params":{}}\n',
      '{"jsonrpc":"2.0","id":-1,"method":"status"}\n',
      '{"jsonrpc":"2.0","id":1.5,"method":"status"}\n',
      '{"jsonrpc":"2.0","id":1e400,"method":"status"}\n',
      '{"jsonrpc":"2.0","id":"1","method":"status"}\n',
      '{"jsonrpc":"2.0","id":null,"method":"status"}\n',
      '{"jsonrpc":"2.0","id":1,"method":["status"]}\n',
      `{"jsonrpc":"2.0","id":1,"method":"${'m'.repeat(100)}"}\n`,
      '{"jsonrpc":"2.0","id":1,"method":"daemonStop","params":{},"extra":1}\n',
      `{"jsonrpc":"2.0","id":1,"method":"status","params":${'['.repeat(100_000)}\n`,
      Buffer.from('{"jsonrpc":"2.0","id":1,"method":"\xff\xfe"}\n', 'latin1'),
      Buffer.concat([Buffer.from('{'), Buffer.alloc(5000), Buffer.from('\n')]),
    ]) {
      assert.is(lineCode(await say(socket, line)), 'format', String(line).slice(0, 60))
    }
    // A batch begins with another byte than a request: it is taken for a plain block, and for none.
    assert.is(decodePlainAnswer(await say(socket, '[{"jsonrpc":"2.0"}]\n')).status, 32)
    const oversize = Buffer.alloc(LIMITS.localLine + 1, 0x20)
    oversize[0] = 0x7b
    assert.is(lineCode(await say(socket, oversize)), 'limit')
    // Half a line, and gone.
    for (const half of ['{', '{"jsonrpc":"2.0","id":1,"meth', request('status').trimEnd()]) {
      assert.is((await say(socket, half)).length, 0)
    }
  })
})

test('requests that no method takes', async () => {
  await attacked(async (socket) => {
    for (const name of ['', 'nothing', '__proto__', 'constructor', 'toString', 'secretSet ']) {
      assert.match(lineCode(await say(socket, request(name))), /^(usage|format)$/, name)
    }
    for (const name of Object.keys(METHODS)) {
      for (const params of [{ unknown: 1 }, [], 'text', 7, { context: [] }, { __proto__x: {} }]) {
        const code = lineCode(await say(socket, request(name, params)))
        assert.is(code, 'format', `${name} ${JSON.stringify(params)}`)
      }
    }
  })
})

test('secrets of the wrong kind', async () => {
  await attacked(async (socket) => {
    const context = { cwd: '/', env: {} }
    const good = { context, name: '/user/y', value: 'AAAA' }
    const refused: [unknown, RegExp][] = [
      [{ ...good, value: 'AAA' }, /^format$/],
      [{ ...good, value: 'AAB=' }, /^format$/],
      [{ ...good, value: 7 }, /^format$/],
      [{ ...good, value: 'A'.repeat(4 * LIMITS.value) }, /^limit$/],
      [{ ...good, name: '' }, /^(usage|format|limit)$/],
      [{ ...good, name: `/user/${'n'.repeat(256)}` }, /^(limit|format|usage)$/],
      [{ ...good, name: '/user/a\u001b[31m' }, /^(usage|format)$/],
      [{ ...good, name: '/user/a\u0000b' }, /^(usage|format)$/],
      [{ ...good, name: '/user/\ud800' }, /^format$/],
      [{ ...good, name: '/user/../x' }, /^(usage|format)$/],
      [{ ...good, name: '/user/a=b' }, /^(usage|format)$/],
      [{ ...good, note: 'n'.repeat(5000) }, /^(format|limit)$/],
      [{ ...good, context: { ...context, cwd: 'relative' } }, /^format$/],
      [{ ...good, context: { ...context, cwd: '/a\0b' } }, /^format$/],
      [{ ...good, context: { ...context, env: { PATH: '/bin' } } }, /^format$/],
      [{ ...good, extra: true }, /^format$/],
    ]
    for (const [params, wanted] of refused) {
      const code = lineCode(await say(socket, request('secretSet', params)))
      assert.match(code, wanted, JSON.stringify(params).slice(0, 100))
    }
    const items = Array.from({ length: 1001 }, (_, n) => ({ name: `/user/n${n}`, value: 'AAAA' }))
    const many = { context, items, dryRun: false }
    assert.match(lineCode(await say(socket, request('secretSetMany', many))), /^(format|limit)$/)
    const half = { ...many, items: [items[0], { name: '/user/a=b', value: 'AAAA' }] }
    assert.match(lineCode(await say(socket, request('secretSetMany', half))), /^(usage|format)$/)
  })
})

const block = (...fields: string[]): Uint8Array => {
  const body = utf8(fields.map((one) => `${one}\0`).join(''))
  return concat(PLAIN_MAGIC, u32be(body.length), body)
}

test('plain blocks that are none', async () => {
  await attacked(async (socket) => {
    const good = block('2', 'get', '/user/x', '/')
    assert.is(String(Buffer.from(decodePlainAnswer(await say(socket, good)).stdout)), 'here\n')
    const refused: [string, string | Uint8Array][] = [
      ['another magic', 'coffer2\0\0\0\0'],
      ['HTTP', 'GET / HTTP/1.1\r\n\r\n'],
      ['TLS', Uint8Array.of(22, 3, 1, 2, 0, 1, 0, 1, 252, 3, 3)],
      ['oversize', concat(PLAIN_MAGIC, u32be(LIMITS.plainRequest + 1))],
      ['4 GiB', concat(PLAIN_MAGIC, u32be(0xffff_ffff))],
      ['empty', concat(PLAIN_MAGIC, u32be(0))],
      ['more than it says', concat(good, utf8('x'))],
      ['a field not ended', concat(PLAIN_MAGIC, u32be(3), utf8('0\0/'))],
      ['no cwd', block('0')],
      ['a relative cwd', block('0', 'tmp')],
      ['too few arguments', block('3', 'get', '/')],
      ['a huge count', block('999999', '/')],
      ['a count that overflows', block('99999999999999999999', '/')],
      ['a negative count', block('-1', '/')],
      ['an unknown variable', block('2', 'get', '/user/x', '/', 'PATH=/bin')],
      ['a variable twice', block('2', 'get', '/user/x', '/', 'COFFER_ORG=a', 'COFFER_ORG=b')],
      ['not UTF-8', concat(PLAIN_MAGIC, u32be(4), Uint8Array.of(0x30, 0, 0xff, 0))],
      ['another verb', block('2', 'set', '/user/x', '/')],
      ['no arguments', block('0', '/')],
      ['half an option', block('2', 'get', '--version', '/')],
    ]
    for (const [what, bytes] of refused) {
      const { status, stdout, stderr, exec } = decodePlainAnswer(await say(socket, bytes))
      assert.ok([2, 32].includes(status), `${what}: ${status}`)
      assert.match(String(Buffer.from(stderr)), /^coffer: (usage|format|limit): .+\n$/, what)
      assert.is(stdout.length, 0)
      assert.is(exec, undefined)
    }
    for (let length = 1; length < good.length; length += 5) {
      assert.is((await say(socket, good.subarray(0, length))).length, 0, `${length} bytes`)
    }
  })
})

test('garbage of any kind', async () => {
  const [seed = 0] = seedsOf(1)
  console.log(`again with TEST_SEED=${seed}`)
  const random = new Seeded(seed)
  await attacked(async (socket) => {
    for (let n = 0; n < 100; n++) {
      const start = random.pick(['', '{', '{"jsonrpc":"2.0",', 'coffer1', 'coffer1\0\0\0\u0004'])
      await say(socket, concat(utf8(start), random.bytes(random.below(2000))))
    }
  })
})

test('600 connections leave room for the 601st', async () => {
  await attacked(async (socket, home) => {
    const [pid = 0] = home.daemons()
    const descriptors = (): number => readdirSync(`/proc/${pid}/fd`).length
    const before = descriptors()
    const many: Socket[] = []
    for (let n = 0; n < 600; n++) {
      const connection = await dial(socket)
      many.push(connection)
      // Some say nothing, some half a line, some half a block.
      if (n % 3 > 0) connection.write(n % 3 === 1 ? '{"jsonrpc"' : 'coffer1')
    }
    assert.is(await home.ok(['get', '/user/x']), 'here\n')
    await home.ok(['set', '/user/y', 'meanwhile'])
    await home.ok(['rm', '/user/y'])
    assert.ok(descriptors() - before <= LIMITS.localConnections + 8, `${descriptors()} open`)
    for (const connection of many) connection.destroy()
    await until(
      () => `descriptors are given back: ${descriptors()}, ${before} before`,
      () => descriptors() <= before + 2,
    )
  })
})

test.run()
